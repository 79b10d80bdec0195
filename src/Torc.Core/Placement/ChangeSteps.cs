// A change of a running cluster, map by map.
//
//   First ──Begin──► some moves pending ──Complete──► ... ──► no moves left ──Finish──► no change under way
//     └───────────────────────┴──Cancel──► what has moved stays moved, nodes that were to leave stay
//
// Each map is decided by the voters of the one before (Core/Consensus) and can be made from it alone: a driver keeps no state, and any
// node can be the driver, or two at once, since only one map of an epoch is decided. What it does, over and over, with the map that it holds:
//
//   there are pending moves      Complete those that are ready; when none is, wait
//   else there are planned ones  Begin some: as many as may be copied at a time (ChangeOrder says which go together)
//   else                         Finish
//
// Before each step something must hold, or acknowledged writes can be lost. To judge it the driver needs of every node what it reports in
// its heartbeats: the epoch of the map that it acts on (durable, and in use by all its shards: it refuses requests for partitions of
// an older epoch), and by that same map the partitions of which its copy is incomplete. With "report of a partition" being a report whose map
// epoch is at least ClusterMap.EpochOf(partition):
//
//   Begin                nothing. It adds conditions to requests and takes none away.
//   Complete             per partition: reports of it from so many of the present set in each data centre that the others are no quorum (a request that
//                        counts by the present set alone no longer finds one), and from ALL of the new set that were not in the present one,
//                        each saying that its copy is complete; and a majority of the new set in each data centre with complete copies, which those
//                        that stay have brought up to date where the set shrinks (StayerRule).
//                        StepRules has these rules.
//   Finish               per partition: reports of it from so many of its set in each data centre that the others are no quorum. And nodes that are leaving report that
//                        they hold no hints for others.
//   Cancel               nothing: what is pending met the quorum of the present set all along.
//
// A newcomer that dies keeps its partitions pending: both sets go on serving, with the old one's copies all there. Wait for it, or Cancel.
// A report counts as long as the same run of the node is thought to be up: one that lost its copy says so in the next.

namespace Torc.Core.Placement;

/// <summary>Makes the maps of a change after its first, which <see cref="ChangePlanner"/> makes.</summary>
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

    /// <summary>
    /// Ends pending moves: the new sets alone hold these partitions. Only once each newcomer holds all that the old set had acknowledged. With the last of
    /// them the vote goes to those who stay: what is decided by nodes that it removes might reach nobody else.
    /// </summary>
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
        if (draft.Moves.All(move => move is null))
            draft.Voters = VoterChoice.Choose([.. Staying(draft.Nodes)], draft.Voters);
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

    /// <summary>Epochs that a recovery of the voters leaps over: more maps than voters that nobody hears any more could have decided unseen.</summary>
    public const ulong RecoveryEpochs = 1_000_000;

    /// <summary>
    /// The map after the voters' majority was lost for ever: without them, so that the others can decide again. It is decided by nobody, on the
    /// operator's word alone: what the lost voters may have decided unseen is overruled.
    /// </summary>
    public static ClusterMap RecoverVoters(ClusterMap map, IReadOnlyList<ushort> lost)
    {
        ClusterMapDraft draft = ClusterMapDraft.After(map);
        draft.Epoch = map.Epoch + RecoveryEpochs;
        draft.Voters = VoterChoice.Choose([.. map.Nodes.Where(node => !lost.Contains(node.Id))], map.Voters);
        return draft.ToMap();
    }

    /// <summary>
    /// A member came back with another data directory: the map names its new birth, so that it may vote again. It has to tell itself that its copies
    /// are incomplete.
    /// </summary>
    public static ClusterMap Readmit(ClusterMap map, ushort node, ulong birth)
    {
        ClusterMapDraft draft = ClusterMapDraft.After(map);
        int index = Array.FindIndex(draft.Nodes, member => member.Id == node);
        draft.Nodes[index] = draft.Nodes[index] with { Birth = birth };
        return draft.ToMap();
    }

    /// <summary>From this map on the cluster uses what came with a higher level. Only once every member knows it: others cannot read the map.</summary>
    public static ClusterMap RaiseLevel(ClusterMap map, byte level)
    {
        Check.That(level > map.Level);
        ClusterMapDraft draft = ClusterMapDraft.After(map);
        draft.Level = level;
        return draft.ToMap();
    }

    private static IEnumerable<NodeInfo> Staying(NodeInfo[] nodes) =>
        nodes.Where(node => !node.IsGoing).Select(node => node with { State = NodeState.Normal });

    internal static ClusterMap Finished(ClusterMapDraft draft)
    {
        Check.That(draft.Moves.All(move => move is null));
        NodeInfo[] leaving = [.. draft.Nodes.Where(node => node.IsGoing)];
        draft.Removed = [.. draft.Removed.Concat(leaving.Select(node => new RemovedNode(node.Id, node.Birth))).OrderBy(node => node.Id)];
        draft.Nodes = [.. Staying(draft.Nodes)];
        draft.Voters = VoterChoice.Choose(draft.Nodes, draft.Voters);
        return draft.ToMap();
    }
}
