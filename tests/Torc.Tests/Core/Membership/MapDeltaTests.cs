using Torc.Base;
using Torc.Core.Membership;
using Torc.Core.Placement;

namespace Torc.Tests.Core.Membership;

public sealed class MapDeltaTests
{
    [Fact]
    public void A_small_change_of_a_large_map_is_small()
    {
        ClusterMap map = GossipCluster.MakeMap(1_000), next = GossipCluster.Next(map);
        byte[] delta = Encode(map, next);
        delta.Length.ShouldBeLessThan(200);
        SameBytes(MapDelta.Apply(delta, map)!, next);
        byte[] whole = Encode(null, next);
        whole.Length.ShouldBeGreaterThan(50_000);
        SameBytes(MapDelta.Apply(whole, map)!, next);
    }

    [Fact]
    public void A_node_that_was_put_in_costs_about_its_own_entry()
    {
        ClusterMap older = GossipCluster.MakeMap(100), newer = WithNode(older);
        byte[] delta = Encode(older, newer);
        delta.Length.ShouldBeLessThan(300);
        SameBytes(MapDelta.Apply(delta, older)!, newer);
    }

    [Fact]
    public void What_does_not_fit_the_map_at_hand_is_refused()
    {
        ClusterMap first = GossipCluster.MakeMap(5), second = GossipCluster.Next(first), third = GossipCluster.Next(second);
        byte[] delta = Encode(second, third);
        MapDelta.Apply(delta, first).ShouldBeNull("another base");
        MapDelta.Apply(delta, third).ShouldBeNull("nothing new");
        MapDelta.Apply(Encode(null, first), second).ShouldBeNull("older");
        MapDelta.Apply(Encode(null, GossipCluster.Next(GossipCluster.MakeMap(6))), first).ShouldBeNull("another cluster");
        for (int at = 0; at < delta.Length; at++)
        {
            byte[] damaged = [.. delta];
            damaged[at] ^= 0x10;
            if (MapDelta.Apply(damaged, second) is { } sameInSpiteOfIt)
                SameBytes(sameInSpiteOfIt, third);
            MapDelta.Apply(delta.AsSpan(0, at), second).ShouldBeNull($"length {at}");
        }
    }

    private static ClusterMap WithNode(ClusterMap map)
    {
        var draft = ClusterMapDraft.After(map);
        draft.Nodes = [.. map.Nodes, map.Nodes[0] with { Id = 100, PeerAddress = "10.9.9.9:7379", Birth = 99 }];
        draft.Replicas[3][0] = 100;
        draft.PartitionEpochs[3] = draft.Epoch;
        return draft.ToMap();
    }

    private static byte[] Encode(ClusterMap? from, ClusterMap to)
    {
        using var bytes = new ByteWriter();
        MapDelta.Encode(from, to, bytes);
        return bytes.Written.ToArray();
    }

    private static void SameBytes(ClusterMap left, ClusterMap right)
    {
        using var leftBytes = new ByteWriter();
        using var rightBytes = new ByteWriter();
        left.Encode(leftBytes);
        right.Encode(rightBytes);
        leftBytes.Written.SequenceEqual(rightBytes.Written).ShouldBeTrue();
    }
}
