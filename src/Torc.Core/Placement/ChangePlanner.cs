namespace Torc.Core.Placement;

/// <summary>
/// Plans a change of a running cluster. Pure and deterministic: the same map and request give the same plan on every machine. What is not
/// possible is refused in words; what is possible only in part is planned with warnings.
/// </summary>
public static class ChangePlanner
{
    /// <summary>A replica more or less than the share by weight is not worth a warning.</summary>
    private const int WeightTolerance = 2;

    public static PlacementPlan Plan(ClusterMap map, ChangeRequest request)
    {
        if (map.IsChanging)
            return PlacementPlan.Refused("A change is under way: wait until it is done, or cancel it.");
        ClusterMapDraft draft = ClusterMapDraft.After(map);
        string? refusal = request switch
        {
            ChangeRequest.Join join => Join(map, draft, join.Nodes),
            ChangeRequest.Leave leave => Leave(draft, leave.Nodes),
            ChangeRequest.Replace replace => Leave(draft, [replace.Old]) ?? Join(map, draft, [replace.New]),
            ChangeRequest.Weight weight => ChangeWeight(draft, weight),
            ChangeRequest.ReplicationFactor factor => ChangeFactor(draft, factor.Copies),
            ChangeRequest.Keyspaces keyspaces => ChangeKeyspaces(draft, keyspaces.Settings),
            _ => throw new InvariantException("An unknown kind of request"),
        };
        if (refusal is null && draft.Nodes.All(node => node.State == NodeState.Leaving))
            refusal = "One node at least has to stay.";
        if (refusal is not null)
            return PlacementPlan.Refused(refusal);
        draft.Voters = VoterChoice.Choose(draft.Nodes, map.Voters);
        return request switch
        {
            ChangeRequest.Keyspaces => Plan(draft, PresentSets(draft), Shares(draft)),
            ChangeRequest.Replace replace => Plan(draft, Substituted(draft, replace.Old), Shares(draft)),
            ChangeRequest.Join => Balanced(draft, MoveScope.ToJoining),
            ChangeRequest.Leave => Balanced(draft, MoveScope.Displaced),
            _ => Balanced(draft, MoveScope.Any),
        };
    }

    private static string? Join(ClusterMap map, ClusterMapDraft draft, IReadOnlyList<NodeInfo> joining)
    {
        if (joining.Count == 0)
            return "No node was named.";
        int id = map.NextNodeId();
        if (draft.Nodes.Length + joining.Count > ClusterMap.NodesMax || id < 0 || id + joining.Count - 1 > ClusterMap.NodeIdMax)
            return $"A cluster has at most {ClusterMap.NodesMax} nodes, and gives {ClusterMap.NodeIdMax + 1} ids in its life.";
        foreach (NodeInfo node in joining)
        {
            if (draft.Nodes.FirstOrDefault(member => member.PeerAddress == node.PeerAddress && member.State != NodeState.Leaving) is { } same)
                return $"{node.PeerAddress} is the address of node {same.Id}.";
            if (draft.Nodes.Any(member => member.Birth == node.Birth) || draft.Removed.Any(member => member.Birth == node.Birth))
                return $"The data directory of {node.PeerAddress} belongs to a node that is or was a member. Start it with an empty one.";
            if (node.Weight < 1)
                return $"The weight of {node.PeerAddress} has to be 1 or more.";
            draft.Nodes = [.. draft.Nodes, node with { Id = (ushort)id++, State = NodeState.Joining }];
        }
        return null;
    }

    private static string? Leave(ClusterMapDraft draft, IReadOnlyList<ushort> leaving)
    {
        if (leaving.Count == 0)
            return "No node was named.";
        if (draft.Removed.Length + leaving.Count > ClusterMap.RemovedMax)
            return $"A cluster remembers at most {ClusterMap.RemovedMax} former nodes.";
        foreach (ushort id in leaving)
        {
            int index = Array.FindIndex(draft.Nodes, node => node.Id == id);
            if (index < 0)
                return $"Node {id} is no member.";
            draft.Nodes[index] = draft.Nodes[index] with { State = NodeState.Leaving };
        }
        return null;
    }

    private static string? ChangeWeight(ClusterMapDraft draft, ChangeRequest.Weight weight)
    {
        int index = Array.FindIndex(draft.Nodes, node => node.Id == weight.Node);
        if (index < 0)
            return $"Node {weight.Node} is no member.";
        if (weight.Value < 1)
            return "A weight has to be 1 or more.";
        draft.Nodes[index] = draft.Nodes[index] with { Weight = weight.Value };
        return null;
    }

    private static string? ChangeFactor(ClusterMapDraft draft, int copies)
    {
        if (copies is < 1 or > Replication.ReplicaSet.ReplicasMax)
            return $"The replication factor has to be 1 to {Replication.ReplicaSet.ReplicasMax}.";
        draft.ReplicationFactor = copies;
        return null;
    }

    private static string? ChangeKeyspaces(ClusterMapDraft draft, IReadOnlyList<KeyspaceSettings> settings)
    {
        foreach (KeyspaceSettings keyspace in settings)
        {
            int index = Array.FindIndex(draft.Keyspaces, known => known.Id == keyspace.Id);
            if (index < 0)
                return $"There is no keyspace {keyspace.Id}.";
            draft.Keyspaces[index] = keyspace;
        }
        return settings.Count == 0 ? "No keyspace was named." : null;
    }

    private static PlacementPlan Balanced(ClusterMapDraft draft, MoveScope scope)
    {
        var rebalance = new Rebalance(draft.Nodes, [.. PresentSets(draft).Select(set => set.ToArray())], CopiesOf(draft), scope);
        return Plan(draft, rebalance.Run(), rebalance.Shares);
    }

    private static int CopiesOf(ClusterMapDraft draft) =>
        Math.Min(draft.ReplicationFactor, draft.Nodes.Count(node => node.State != NodeState.Leaving));

    private static List<int>[] PresentSets(ClusterMapDraft draft) =>
        [.. draft.Replicas.Select(replicas => replicas.Select(id => Array.FindIndex(draft.Nodes, node => node.Id == id)).ToList())];

    private static List<int>[] Substituted(ClusterMapDraft draft, ushort old)
    {
        int from = Array.FindIndex(draft.Nodes, node => node.Id == old), to = draft.Nodes.Length - 1;
        return [.. PresentSets(draft).Select(set => set.Select(node => node == from ? to : node).ToList())];
    }

    private static int[] Shares(ClusterMapDraft draft)
    {
        var held = new int[draft.Nodes.Length];
        foreach (int node in PresentSets(draft).SelectMany(set => set))
            held[node]++;
        return NodeShares.Of(draft.Nodes, draft.Replicas.Length, CopiesOf(draft), held);
    }

    private static PlacementPlan Plan(ClusterMapDraft draft, List<int>[] sets, int[] shares)
    {
        var changes = new List<PartitionChange>();
        ushort[][] ordered = ChangeOrder.Arrange(draft, sets);
        for (int partition = 0; partition < ordered.Length; partition++)
        {
            ushort[] now = draft.Replicas[partition], then = ordered[partition];
            if (now.ToHashSet().SetEquals(then))
                continue;
            if (now.Union(then).Count() > Replication.ReplicaSet.ReplicasMax)
                return PlacementPlan.Refused($"A partition can move among at most {Replication.ReplicaSet.ReplicasMax} nodes at once: change fewer nodes at a time.");
            draft.Moves[partition] = new ReplicaMove(MoveStage.Planned, then);
            changes.Add(new PartitionChange(partition, [.. then.Except(now)], [.. now.Except(then)]));
        }
        List<string> warnings = PlacementWarnings.Of(draft.Nodes, sets, draft.ReplicationFactor, CopiesOf(draft), shares, WeightTolerance,
            "moving no more than the change asks for, racks and data centres come");
        ClusterMap first = changes.Count == 0 ? ChangeSteps.Finished(draft) : draft.ToMap();
        return new PlacementPlan(null, first, changes, ordered.Sum(set => set.Length), warnings);
    }
}
