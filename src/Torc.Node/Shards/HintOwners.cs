using Torc.Core.Placement;
using Torc.Core.Replication;

namespace Torc.Node.Shards;

/// <summary>
/// Who gets a hint, by the map of the moment it is delivered: its target; when that is no replica of the partition any more, a quorum of those
/// that are. While the partition moves, each node of the set that it moves to as well: what is copied to them may have been read before.
/// </summary>
internal static class HintOwners
{
    /// <summary>The nodes to send it to, and how many have to hold it before it is forgotten.</summary>
    public static (ushort[] Owners, int Required) Of(ClusterMap map, int partition, ushort target)
    {
        ReadOnlySpan<ushort> replicas = map.ReplicasOf(partition), pending = map.PendingOf(partition);
        bool isReplica = replicas.Contains(target);
        if (pending.IsEmpty)
            return isReplica ? ([target], 1) : (replicas.ToArray(), Levels.Required(ConsistencyLevel.Quorum, replicas.Length));
        List<ushort> owners = isReplica ? [target] : [.. replicas];
        foreach (ushort node in pending)
        {
            if (!owners.Contains(node))
                owners.Add(node);
        }
        return ([.. owners], owners.Count);
    }
}
