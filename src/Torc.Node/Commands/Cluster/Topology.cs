using Torc.Core.Placement;
using Torc.Node.Control;
using Torc.Node.Sessions;

namespace Torc.Node.Commands.Cluster;

/// <summary>A range of slots with the nodes that hold it, the one that clients should ask first in front.</summary>
internal sealed record SlotRange(int FirstPartition, int First, int Last, IReadOnlyList<ushort> Nodes);

/// <summary>
/// The cluster as cluster-aware clients want to see it: each slot has a master and replicas. Any replica takes reads and writes here,
/// and any other node too, so "master" is only a hint where a command needs no extra hop: the first replica in preference order that is
/// up with a complete copy, which is also the one that runs read-modify-writes.
/// </summary>
internal static class Topology
{
    /// <summary>Neighbouring partitions with the same nodes in the same order are one range.</summary>
    public static List<SlotRange> RangesOf(Session session)
    {
        var ranges = new List<SlotRange>();
        if (session.View.Map is not { } map)
            return ranges;
        for (int partition = 0; partition < map.PartitionCount; partition++)
        {
            (int first, int last) = map.SlotsOf(partition);
            ushort[] nodes = Order(session, map, partition);
            if (ranges.Count > 0 && ranges[^1].Nodes.SequenceEqual(nodes))
                ranges[^1] = ranges[^1] with { Last = last };
            else
                ranges.Add(new SlotRange(partition, first, last, nodes));
        }
        return ranges;
    }

    private static ushort[] Order(Session session, ClusterMap map, int partition)
    {
        ushort[] nodes = map.ReplicasOf(partition).ToArray();
        ClusterView view = session.View;
        // A stable sort: preference order within each group.
        return [.. nodes.OrderBy(node => !view.IsUp(node) ? 2 : IsComplete(session, node, partition) ? 0 : 1)];
    }

    private static bool IsComplete(Session session, ushort node, int partition) => node == session.View.Self
        ? session.Node.IsCompleteHere(partition)
        : session.View.IsPeerComplete(node, partition);
}
