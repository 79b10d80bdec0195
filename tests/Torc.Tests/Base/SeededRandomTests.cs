using Torc.Base;

namespace Torc.Tests.Base;

/// <summary>A seed of the simulator must mean the same run for ever: the sequence is frozen.</summary>
public sealed class SeededRandomTests
{
    [Theory]
    [InlineData(0, 0x99EC5F36CB75F2B4, 0xBF6E1F784956452A, 0x1A5F849D4933E6E0, 0x6AA594F1262D2D2C)]
    [InlineData(42, 0x15780B2E0C2EC716, 0x6104D9866D113A7E, 0xAE17533239E499A1, 0xECB8AD4703B360A1)]
    public void Is_xoshiro256_starstar_seeded_by_splitmix64(ulong seed, ulong first, ulong second, ulong third, ulong fourth)
    {
        var random = new SeededRandom(seed);
        new[] { random.Next(), random.Next(), random.Next(), random.Next() }.ShouldBe([first, second, third, fourth]);
    }

    [Fact]
    public void A_fork_does_not_depend_on_earlier_draws()
    {
        var fresh = new SeededRandom(7);
        var used = new SeededRandom(7);
        used.Next();
        used.Fork("network").Next().ShouldBe(fresh.Fork("network").Next());
        used.Fork("disk").Next().ShouldNotBe(fresh.Fork("network").Next());
    }

    [Fact]
    public void Draws_stay_within_their_bounds_and_reach_them()
    {
        var random = new SeededRandom(1);
        var below = new HashSet<int>();
        var between = new HashSet<long>();
        for (int draw = 0; draw < 1_000; draw++)
        {
            below.Add(random.Below(5));
            between.Add(random.Between(-2, 2));
            random.Unit().ShouldBeInRange(0, 1 - double.Epsilon);
        }
        below.Order().ShouldBe([0, 1, 2, 3, 4]);
        between.Order().ShouldBe([-2, -1, 0, 1]);
        random.Chance(0).ShouldBeFalse();
        random.Chance(1).ShouldBeTrue();
    }

    [Fact]
    public void An_empty_range_is_a_bug()
    {
        Should.Throw<InvariantException>(() => new SeededRandom(1).Below(0));
        Should.Throw<InvariantException>(() => new SeededRandom(1).Between(3, 3));
    }
}
