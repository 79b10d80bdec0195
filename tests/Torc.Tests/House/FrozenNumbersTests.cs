using Torc.Core.Clocks;
using Torc.Core.Placement;
using Torc.Core.Replication;
using Version = Torc.Core.Clocks.Version;

namespace Torc.Tests.House;

/// <summary>Numbers that are on disks and wires: changing one makes old data unreadable.</summary>
public sealed class FrozenNumbersTests
{
    [Fact]
    public void Versions_and_places_keep_their_shape()
    {
        Version.CounterBits.ShouldBe(16);
        Version.StampMax.ShouldBe(0x7FFF_FFFF_FFFF_FFFFUL);
        Actor.IncarnationBits.ShouldBe(48);
        Slots.Count.ShouldBe(16384);
        ReplicaSet.ReplicasMax.ShouldBe(16);
    }

    [Fact]
    public void Keyspaces_keep_their_ids()
    {
        KeyspaceSettings.UserKeyspacesMax.ShouldBe(16);
        KeyspaceSettings.SystemId.ShouldBe((byte)254);
        KeyspaceSettings.LocalId.ShouldBe((byte)255);
    }
}
