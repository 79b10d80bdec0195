using Torc.Base;
using Torc.Core.Clocks;
using Version = Torc.Core.Clocks.Version;

namespace Torc.Tests.Core.Clocks;

public sealed class HybridClockTests
{
    private static readonly Actor Me = Actor.Of(1, 5);

    [Fact]
    public void Follows_the_wall_clock_while_it_goes_forward()
    {
        var clock = new HybridClock(Me);
        Version stamp = clock.Stamp(At(1_000), Version.None);
        stamp.WallMs.ShouldBe(1_000);
        stamp.Actor.ShouldBe(Me);
        clock.Stamp(At(2_000), Version.None).WallMs.ShouldBe(2_000);
    }

    [Fact]
    public void Every_stamp_is_above_all_earlier_ones_all_seen_and_the_one_replaced()
    {
        for (ulong seed = 0; seed < 20; seed++)
        {
            var random = new SeededRandom(seed);
            var clock = new HybridClock(Me);
            Version highest = Version.None;
            long wall = 1_000_000;
            for (int step = 0; step < 500; step++)
            {
                wall += random.Between(-50, 60);
                var other = new Version((ulong)Math.Max(wall + random.Between(-100, 100), 0) << Version.CounterBits, random.Next());
                if (random.Chance(0.3))
                {
                    clock.Observe(other);
                    highest = Version.Max(highest, other);
                }
                Version above = random.Chance(0.5) ? other : Version.None;
                Version stamp = clock.Stamp(At(wall), above);
                (stamp > highest && stamp > above).ShouldBeTrue($"seed {seed} step {step}");
                stamp.WallMs.ShouldBeGreaterThanOrEqualTo(wall, $"seed {seed} step {step}");
                highest = stamp;
            }
        }
    }

    [Fact]
    public void A_full_counter_carries_into_the_milliseconds()
    {
        var clock = new HybridClock(Me);
        Version last = clock.Stamp(At(7), Version.None);
        for (int count = 0; count < 1 << Version.CounterBits; count++)
            last = clock.Stamp(At(7), Version.None);
        last.WallMs.ShouldBe(8);
    }

    [Fact]
    public void A_stamp_that_no_decoder_accepts_does_not_move_the_clock()
    {
        var clock = new HybridClock(Me);
        clock.Observe(new Version(ulong.MaxValue, 1));
        clock.Stamp(At(5), Version.None).WallMs.ShouldBe(5);
    }

    [Fact]
    public void A_clock_before_1970_still_issues_valid_versions() =>
        new HybridClock(Me).Stamp(At(-10), Version.None).IsValid.ShouldBeTrue();

    private static Instant At(long wallMs) => new(0, wallMs);
}
