namespace Torc.Core.Placement;

/// <summary>Places replicas. Pure and deterministic: every node that plans from the same nodes makes the same map.</summary>
public static class Planner
{
    /// <summary>The first map of a cluster, epoch 1.</summary>
    /// <param name="nodes">At least one, with distinct ids, in any order.</param>
    /// <param name="partitionCount">A power of two, at most <see cref="Slots.Count"/>.</param>
    /// <param name="copies">Wanted; there are never more than nodes, in all or in a data centre. One of the data centres named has a node (<see cref="CopiesWanted.FindUnknown"/>).</param>
    /// <param name="keyspaces">Distinct ids, in any order.</param>
    /// <param name="warnings">What was asked for and cannot be had, in words for the operator.</param>
    /// <param name="level">What all of the nodes know.</param>
    public static ClusterMap Create(IReadOnlyList<NodeInfo> nodes, int partitionCount, CopiesWanted copies,
        IReadOnlyList<KeyspaceSettings> keyspaces, out IReadOnlyList<string> warnings, byte level = ClusterLevel.Newest)
    {
        NodeInfo[] sorted = [.. nodes.OrderBy(node => node.Id)];
        List<PlacementPart> parts = PlacementPart.Of(sorted, copies);
        Check.That(PlacementPart.CopiesOf(parts) > 0);
        int[][] chosen = Choose(parts, partitionCount, out warnings);
        PreferenceOrder.Arrange(chosen, sorted.Length);
        var draft = new ClusterMapDraft
        {
            Level = level,
            ClusterId = 0,
            Epoch = FirstEpoch,
            Copies = copies,
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

    /// <summary>Per partition the indices of its nodes: what each part chooses, together.</summary>
    private static int[][] Choose(List<PlacementPart> parts, int partitionCount, out IReadOnlyList<string> warnings)
    {
        List<int>[] chosen = [.. Enumerable.Range(0, partitionCount).Select(_ => new List<int>())];
        var missing = new List<string>();
        foreach (PlacementPart part in parts)
        {
            var placement = new ReplicaPlacement(part, partitionCount);
            int[][] sets = placement.Choose();
            for (int partition = 0; partition < partitionCount; partition++)
                chosen[partition].AddRange(sets[partition].Select(index => part.Members[index]));
            missing.AddRange(placement.Warnings());
        }
        warnings = missing;
        return [.. chosen.Select(members => members.ToArray())];
    }
}
