using Torc.Core.Replication;

namespace Torc.Core.Placement;

/// <summary>Places replicas. Pure and deterministic: every node that plans from the same nodes makes the same map.</summary>
public static class Planner
{
    /// <summary>The first map of a cluster, epoch 1.</summary>
    /// <param name="nodes">At least one, with distinct ids, in any order.</param>
    /// <param name="partitionCount">A power of two, at most <see cref="Slots.Count"/>.</param>
    /// <param name="replicationFactor">Copies wanted; there are never more than nodes.</param>
    /// <param name="keyspaces">Distinct ids, in any order.</param>
    /// <param name="warnings">What was asked for and cannot be had, in words for the operator.</param>
    /// <param name="level">What all of the nodes know.</param>
    public static ClusterMap Create(IReadOnlyList<NodeInfo> nodes, int partitionCount, int replicationFactor,
        IReadOnlyList<KeyspaceSettings> keyspaces, out IReadOnlyList<string> warnings, byte level = ClusterLevel.Newest)
    {
        NodeInfo[] sorted = [.. nodes.OrderBy(node => node.Id)];
        Check.That(sorted.Length > 0 && replicationFactor is > 0 and <= ReplicaSet.ReplicasMax);
        var placement = new ReplicaPlacement(sorted, partitionCount, Math.Min(replicationFactor, sorted.Length));
        int[][] chosen = placement.Choose();
        PreferenceOrder.Arrange(chosen, sorted.Length);
        warnings = placement.Warnings(replicationFactor);
        var draft = new ClusterMapDraft
        {
            Level = level,
            ClusterId = 0,
            Epoch = FirstEpoch,
            ReplicationFactor = replicationFactor,
            Nodes = sorted,
            Removed = [],
            Voters = VoterChoice.Choose(sorted, []),
            Keyspaces = [.. keyspaces.OrderBy(keyspace => keyspace.Id)],
            Replicas = [.. chosen.Select(indices => indices.Select(index => sorted[index].Id).ToArray())],
            Moves = new ReplicaMove?[partitionCount],
            PartitionEpochs = [.. Enumerable.Repeat(FirstEpoch, partitionCount)],
        };
        draft.ClusterId = ClusterMapCodec.Digest(draft.ToMap());
        return draft.ToMap();
    }

    /// <summary>Of the map with which a cluster begins, empty.</summary>
    public const ulong FirstEpoch = 1;
}
