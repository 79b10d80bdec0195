using Torc.Base;
using Torc.Core.Membership;

namespace Torc.Tests.Core.Membership;

public sealed class PeerHealthTests
{
    private readonly PeerHealth _health = new(0, new PeerHealthTunables { DownAfterMs = 1_000 });

    [Fact]
    public void A_peer_is_up_while_its_link_is_and_it_was_heard_of_lately()
    {
        _health.IsUp(1, At(0)).ShouldBeFalse("never heard of");
        _health.LinkUp(1, At(100));
        _health.IsUp(1, At(1_099)).ShouldBeTrue();
        _health.IsUp(1, At(1_100)).ShouldBeFalse();
        _health.Heard(1, At(1_050));
        _health.IsUp(1, At(1_100)).ShouldBeTrue();
        _health.LinkDown(1);
        _health.IsUp(1, At(1_100)).ShouldBeFalse();
        _health.Heard(1, At(1_200));
        _health.IsUp(1, At(1_200)).ShouldBeFalse("a late message does not bring a link back");
        _health.LinkUp(1, At(5_000));
        _health.IsUp(1, At(5_000)).ShouldBeTrue();
        _health.IsUp(0, At(9_000_000)).ShouldBeTrue("a node is up to itself");
    }

    [Fact]
    public void Clock_offsets_are_the_median_of_the_last_samples()
    {
        foreach (long offset in new long[] { 500, 510, 90_000, 505, 500 })
            _health.ObserveClock(1, 1_000 + offset, 0, At(0, 1_000));
        _health.ClockOffsetMs(1).ShouldBe(505);
        for (int sample = 0; sample < 9; sample++)
            _health.ObserveClock(1, 1_000, 0, At(0, 1_000));
        _health.ClockOffsetMs(1).ShouldBe(0, "old samples leave");
        _health.ClockOffsetMs(7).ShouldBe(0);
    }

    [Fact]
    public void Half_of_the_round_trip_is_taken_off_and_slow_ones_say_nothing()
    {
        _health.ObserveClock(1, 1_000, 200_000, At(0, 1_100));
        _health.ClockOffsetMs(1).ShouldBe(0);
        _health.ObserveClock(2, 99_000, 5_000_000, At(0, 1_100));
        _health.ClockOffsetMs(2).ShouldBe(0);
    }

    [Theory]
    [InlineData(new long[] { 10_000, 10_000 }, false)]
    [InlineData(new long[] { 10_000, 0 }, true)]
    [InlineData(new long[] { -10_000, -10_000, 1 }, true)]
    [InlineData(new long[] { -10_000, -10_000, -9_000, 0 }, false)]
    [InlineData(new long[] { 10_000 }, true)]
    [InlineData(new long[0], true)]
    public void A_clock_is_trusted_when_it_is_near_the_median_of_all(long[] offsets, bool trusted)
    {
        for (int peer = 0; peer < offsets.Length; peer++)
        {
            _health.LinkUp((ushort)(peer + 1), At(0));
            _health.ObserveClock((ushort)(peer + 1), 50_000 + offsets[peer], 0, At(0, 50_000));
        }
        _health.ClockIsTrusted(500, At(0)).ShouldBe(trusted);
        _health.ClockIsTrusted(500, At(10_000)).ShouldBeTrue("clocks of peers that are down do not count");
    }

    [Fact]
    public void Latency_follows_the_answers()
    {
        _health.LatencyMicros(1).ShouldBe(0, "unknown, to be tried");
        _health.ObserveLatency(1, 1_000);
        _health.LatencyMicros(1).ShouldBe(1_000);
        for (int answer = 0; answer < 50; answer++)
            _health.ObserveLatency(1, 9_000);
        _health.LatencyMicros(1).ShouldBeInRange(8_000, 9_000);
        _health.ObserveLatency(2, 0);
        _health.LatencyMicros(2).ShouldBe(1);
    }

    private static Instant At(long monotonicMs, long wallMs = 0) => new(monotonicMs * Instant.MicrosPerMs, wallMs);
}
