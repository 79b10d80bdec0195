using Torc.Base;
using Torc.Core.Membership;

namespace Torc.Tests.Core.Membership;

public sealed class SlowDisksTests
{
    private readonly SlowDisks _disks = new();
    private long _micros = 1;

    [Fact]
    public void A_disk_is_slow_when_it_stays_much_slower_than_the_others_and_fast_again_when_it_stays_fast()
    {
        Others(1_000, 2_000);
        Judge(200_000, SlowDisks.SlowAfterMicros - 1_000_000).ShouldBeFalse("it may be a hiccup");
        Judge(1_000, 1_000_000).ShouldBeFalse();
        Judge(200_000, SlowDisks.SlowAfterMicros + 1_000_000).ShouldBeTrue();
        Judge(SlowDisks.SlowFromMicros - 1, 2 * SlowDisks.FastAfterMicros).ShouldBeTrue("not half as fast as it takes to be slow");
        Judge(1_000, SlowDisks.FastAfterMicros - 1_000_000).ShouldBeTrue();
        Judge(1_000, SlowDisks.FastAfterMicros + 1_000_000).ShouldBeFalse();
    }

    [Fact]
    public void Nobody_is_slow_where_all_are_alike()
    {
        Others(150_000, 200_000);
        Judge(200_000, 60_000_000).ShouldBeFalse();
        Others(1_000, 200_000);
        Judge(200_000, 60_000_000).ShouldBeFalse("half of the disks are slow");
        Others(1_000, 1_000);
        Judge(SlowDisks.SlowFromMicros, 60_000_000).ShouldBeFalse("slower than others, but fast");
    }

    [Fact]
    public void A_node_alone_is_never_slow_and_others_are_what_they_say()
    {
        Judge(200_000, 60_000_000).ShouldBeFalse();
        _disks.Hear(1, 200_000, isSlow: true);
        _disks.Hear(2, 200_000, isSlow: false);
        (_disks.IsSlow(1), _disks.IsSlow(2), _disks.IsSlow(3)).ShouldBe((true, false, false));
        _disks.Forget(1);
        _disks.IsSlow(1).ShouldBeFalse();
    }

    private void Others(long first, long second)
    {
        _disks.Hear(1, first, isSlow: false);
        _disks.Hear(2, second, isSlow: false);
    }

    private bool Judge(long ownMicros, long forMicros)
    {
        for (long end = _micros + forMicros; _micros < end; _micros += 500_000)
            _disks.Judge(ownMicros, new Instant(_micros, 0));
        return _disks.IsOwnSlow;
    }
}
