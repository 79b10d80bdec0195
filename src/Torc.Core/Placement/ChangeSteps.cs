namespace Torc.Core.Placement;

/// <summary>
/// The maps of a change, one after another: each is decided by the voters of the one before. Any node can make the next one from the
/// present one alone, so a change survives the node that began it.
/// <code>
///  First ──Begin──► some moves pending ──Complete──► ... ──► no moves left ──Finish──► no change under way
///    └───────────────────────┴──Cancel──► what has moved stays moved, nodes that were to leave stay
/// </code>
/// </summary>
public static class ChangeSteps
{
    /// <summary>Begins planned moves: from this map on requests for these partitions meet the quorum of both sets.</summary>
    public static ClusterMap Begin(ClusterMap map, IReadOnlyList<int> partitions)
    {
        ClusterMapDraft draft = ClusterMapDraft.After(map);
        foreach (int partition in partitions)
        {
            Check.That(map.MoveOf(partition) is { Stage: MoveStage.Planned });
            draft.Moves[partition] = new ReplicaMove(MoveStage.Pending, draft.Moves[partition]!.Replicas.ToArray());
            draft.PartitionEpochs[partition] = draft.Epoch;
        }
        return draft.ToMap();
    }

    /// <summary>Ends pending moves: the new sets alone hold these partitions. Only once each newcomer holds all that the old set had acknowledged.</summary>
    public static ClusterMap Complete(ClusterMap map, IReadOnlyList<int> partitions)
    {
        ClusterMapDraft draft = ClusterMapDraft.After(map);
        foreach (int partition in partitions)
        {
            Check.That(map.MoveOf(partition) is { Stage: MoveStage.Pending });
            draft.Replicas[partition] = draft.Moves[partition]!.Replicas.ToArray();
            draft.Moves[partition] = null;
            draft.PartitionEpochs[partition] = draft.Epoch;
        }
        return draft.ToMap();
    }

    /// <summary>The last map of a change, when no moves are left: who joined is a member like others, who left is fenced for ever.</summary>
    public static ClusterMap Finish(ClusterMap map)
    {
        Check.That(map.IsChanging);
        return Finished(ClusterMapDraft.After(map));
    }

    /// <summary>
    /// Ends a change early. What has moved stays; moves that were begun go back to the old set, which met every quorum meanwhile. Nodes that were to
    /// join stay members with what they have got, and nodes that were to leave stay members.
    /// </summary>
    public static ClusterMap Cancel(ClusterMap map)
    {
        Check.That(map.IsChanging);
        ClusterMapDraft draft = ClusterMapDraft.After(map);
        for (int partition = 0; partition < draft.Moves.Length; partition++)
        {
            if (draft.Moves[partition] is { Stage: MoveStage.Pending })
                draft.PartitionEpochs[partition] = draft.Epoch;
            draft.Moves[partition] = null;
        }
        draft.Nodes = [.. draft.Nodes.Select(node => node with { State = NodeState.Normal })];
        draft.Voters = VoterChoice.Choose(draft.Nodes, draft.Voters);
        return draft.ToMap();
    }

    internal static ClusterMap Finished(ClusterMapDraft draft)
    {
        Check.That(draft.Moves.All(move => move is null));
        NodeInfo[] leaving = [.. draft.Nodes.Where(node => node.State == NodeState.Leaving)];
        draft.Removed = [.. draft.Removed.Concat(leaving.Select(node => new RemovedNode(node.Id, node.Birth))).OrderBy(node => node.Id)];
        draft.Nodes = [.. draft.Nodes.Except(leaving).Select(node => node with { State = NodeState.Normal })];
        draft.Voters = VoterChoice.Choose(draft.Nodes, draft.Voters);
        return draft.ToMap();
    }
}
