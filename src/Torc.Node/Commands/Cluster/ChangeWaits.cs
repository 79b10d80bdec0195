using Torc.Core.Placement;
using Torc.Node.Control;

namespace Torc.Node.Commands.Cluster;

/// <summary>Why a change of the cluster does not go on, in words for the operator, as far as this node sees it.</summary>
internal static class ChangeWaits
{
    public static IReadOnlyList<string> Of(ClusterView view)
    {
        ClusterMap map = view.Map!;
        if (view.Standing == Standing.Removed)
            return [Texts.Removed];
        var waits = new List<string>();
        if (!map.IsChanging)
            return waits;
        foreach (NodeInfo node in map.Nodes)
        {
            bool isUp = view.IsUp(node.Id);
            if (!isUp && TakesCopies(map, node.Id))
                waits.Add($"Node {node.Id} is to take copies and is down: start it, or cancel.");
            else if (!isUp && node.State != NodeState.Gone)
                waits.Add($"Node {node.Id} is down, and copies may wait for what it has: start it, or, if it is gone for ever, cancel and remove it.");
            if (isUp && node.State == NodeState.Leaving && view.PeerOf(node.Id) is { KeepsHints: true })
                waits.Add($"Node {node.Id} leaves and still keeps writes for a node that is down: start that one, or cancel.");
            if (isUp && view.PeerOf(node.Id) is { MapEpoch: > 0 } peer && peer.MapEpoch < map.Epoch)
                waits.Add($"Node {node.Id} goes by the map of epoch {peer.MapEpoch} still, and the newest is {map.Epoch}: if that stays so, look at its log. Is its disk full?");
        }
        int votersUp = map.Voters.Count(view.IsUp);
        if (votersUp <= map.Voters.Count / 2)
            waits.Add($"{votersUp} of {map.Voters.Count} voters are up (nodes {string.Join(", ", map.Voters)} vote): start the others.");
        return waits;
    }

    private static bool TakesCopies(ClusterMap map, ushort node)
    {
        for (int partition = 0; partition < map.PartitionCount; partition++)
        {
            if (map.IsNewcomer(partition, node))
                return true;
        }
        return false;
    }
}
