using Torc.Base;
using Torc.Core.Clocks;
using Version = Torc.Core.Clocks.Version;

namespace Torc.Tests.Core.Clocks;

public sealed class VersionTests
{
    [Fact]
    public void Orders_by_stamp_then_actor_and_as_a_128_bit_number_alike()
    {
        var random = new SeededRandom(3);
        for (int round = 0; round < 2_000; round++)
        {
            var left = new Version(random.Next() >> random.Below(64), random.Next() >> random.Below(64));
            var right = random.Chance(0.3) ? left with { ActorValue = random.Next() } : new Version(random.Next() >> random.Below(64), random.Next());
            int order = left.ToUInt128().CompareTo(right.ToUInt128());
            Math.Sign(left.CompareTo(right)).ShouldBe(Math.Sign(order));
            (left < right).ShouldBe(order < 0);
            (left > right).ShouldBe(order > 0);
            (left <= right).ShouldBe(order <= 0);
            (left >= right).ShouldBe(order >= 0);
            Version.Max(left, right).ShouldBe(order < 0 ? right : left);
            Version.FromUInt128(left.ToUInt128()).ShouldBe(left);
        }
    }

    [Fact]
    public void The_stamp_is_the_high_half() =>
        new Version(1, 2).ToUInt128().ShouldBe(((UInt128)1 << 64) | 2);

    [Fact]
    public void An_actor_is_a_node_and_an_incarnation()
    {
        Actor actor = Actor.Of(0xABCD, 0x0000_1234_5678_9ABC);
        actor.Value.ShouldBe(0xABCD_1234_5678_9ABCUL);
        actor.NodeId.ShouldBe((ushort)0xABCD);
        actor.Incarnation.ShouldBe(0x1234_5678_9ABCUL);
        Should.Throw<InvariantException>(() => Actor.Of(1, Actor.IncarnationMax + 1));
    }

    [Fact]
    public void None_is_below_everything_and_not_valid()
    {
        Version.None.IsValid.ShouldBeFalse();
        (Version.None < new Version(0, 1)).ShouldBeTrue();
        new Version(Version.StampMax, 0).IsValid.ShouldBeTrue();
        new Version(Version.StampMax + 1, 0).IsValid.ShouldBeFalse();
    }
}
