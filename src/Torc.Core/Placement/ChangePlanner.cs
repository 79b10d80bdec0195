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
            ChangeRequest.Remove remove => Leave(draft, remove.Nodes, areGone: true),
            ChangeRequest.Replace replace => Leave(draft, [replace.Old], replace.IsGone) ?? Join(map, draft, [replace.New]) ?? FindUnlike(draft, replace),
            ChangeRequest.Weight weight => ChangeWeight(draft, weight),
            ChangeRequest.ReplicationFactor factor => ChangeFactor(draft, factor.Copies),
            ChangeRequest.Keyspaces keyspaces => ChangeKeyspaces(draft, keyspaces.Settings),
            _ => throw new InvariantException("An unknown kind of request"),
        };
        if (refusal is null && draft.Nodes.All(node => node.IsGoing))
            refusal = "One node at least has to stay.";
        if (refusal is null && PlacementPart.CopiesOf(PlacementPart.Of(draft.Nodes, draft.Copies)) == 0)
            refusal = $"No node would be left in a data centre that is to keep copies ({draft.Copies}): let others keep some first.";
        if (refusal is not null)
            return PlacementPlan.Refused(refusal);
        draft.Voters = VoterChoice.Choose(draft.Nodes, map.Voters);
        List<int>[] present = PresentSets(draft);
        return request switch
        {
            ChangeRequest.Keyspaces => Plan(draft, present, present),
            ChangeRequest.Replace replace => Plan(draft, present, Substituted(draft, present, replace.Old)),
            ChangeRequest.Join => Plan(draft, present, Balanced(draft, present, MoveScope.ToJoining)),
            ChangeRequest.Leave or ChangeRequest.Remove => Plan(draft, present, Balanced(draft, present, MoveScope.Displaced)),
            _ => Plan(draft, present, Balanced(draft, present, MoveScope.Any)),
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
            if (draft.Nodes.FirstOrDefault(member => member.PeerAddress == node.PeerAddress && !member.IsGoing) is { } same)
                return $"{node.PeerAddress} is the address of node {same.Id}.";
            if (draft.Nodes.Any(member => member.Birth == node.Birth) || draft.Removed.Any(member => member.Birth == node.Birth))
                return $"The data directory of {node.PeerAddress} belongs to a node that is or was a member. Start it with an empty one.";
            if (node.Weight < 1)
                return $"The weight of {node.PeerAddress} has to be 1 or more.";
            draft.Nodes = [.. draft.Nodes, node with { Id = (ushort)id++, State = NodeState.Joining }];
        }
        return null;
    }

    private static string? Leave(ClusterMapDraft draft, IReadOnlyList<ushort> leaving, bool areGone = false)
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
            draft.Nodes[index] = draft.Nodes[index] with { State = areGone && draft.Level >= ClusterLevel.GoneNodes ? NodeState.Gone : NodeState.Leaving };
        }
        return null;
    }

    private static string? ChangeWeight(ClusterMapDraft draft, ChangeRequest.Weight weight)
    {
        int index = Array.FindIndex(draft.Nodes, node => node.Id == weight.Node);
        if (index < 0)
            return $"Node {weight.Node} is no member.";
        if (weight.Value is < 1 or > NodeInfo.WeightMax)
            return $"A weight is a number from 1 to {NodeInfo.WeightMax}.";
        draft.Nodes[index] = draft.Nodes[index] with { Weight = weight.Value };
        return null;
    }

    private static string? ChangeFactor(ClusterMapDraft draft, CopiesWanted copies)
    {
        if (copies.IsByDataCentre && draft.Level < ClusterLevel.CopiesByDataCentre)
            return $"A number of copies for each data centre takes a cluster of level {ClusterLevel.CopiesByDataCentre}, and this one is at {draft.Level}: some member does not know it, or is told to keep to that.";
        draft.Copies = copies;
        return copies.FindUnknown(draft.Nodes);
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

    private static List<int>[] Balanced(ClusterMapDraft draft, List<int>[] present, MoveScope scope)
    {
        List<int>[] sets = [.. present.Select(_ => new List<int>())];
        foreach (PlacementPart part in PlacementPart.Of(draft.Nodes, draft.Copies))
        {
            List<int>[] balanced = new Rebalance(part.Nodes, part.Within(present), part.Copies, scope).Run();
            for (int partition = 0; partition < sets.Length; partition++)
                sets[partition].AddRange(balanced[partition].Select(index => part.Members[index]));
        }
        return sets;
    }

    private static List<int>[] PresentSets(ClusterMapDraft draft) =>
        [.. draft.Replicas.Select(replicas => replicas.Select(id => Array.FindIndex(draft.Nodes, node => node.Id == id)).ToList())];

    private static List<int>[] Substituted(ClusterMapDraft draft, List<int>[] present, ushort old)
    {
        int from = Array.FindIndex(draft.Nodes, node => node.Id == old), to = draft.Nodes.Length - 1;
        return [.. present.Select(set => set.Select(node => node == from ? to : node).ToList())];
    }

    /// <summary>With a number of copies for each data centre, a node of another one cannot take what the old one held.</summary>
    private static string? FindUnlike(ClusterMapDraft draft, ChangeRequest.Replace replace)
    {
        string from = Array.Find(draft.Nodes, node => node.Id == replace.Old)!.DataCentre, to = replace.New.DataCentre;
        return !draft.Copies.IsByDataCentre || from == to ? null
            : $"Node {replace.Old} is in data centre {from} and {replace.New.PeerAddress} in {to}: a number of copies belongs to each. Let the new node join, then the old one leave.";
    }

    private static List<string> Warnings(ClusterMapDraft draft, List<int>[] present, List<int>[] sets)
    {
        var warnings = new List<string>();
        foreach (PlacementPart part in PlacementPart.Of(draft.Nodes, draft.Copies))
        {
            var held = new int[part.Nodes.Length];
            foreach (int node in part.Within(present).SelectMany(set => set))
                held[node]++;
            int[] shares = NodeShares.Of(part.Nodes, sets.Length, part.Copies, held);
            warnings.AddRange(part.Warnings(part.Within(sets), shares, WeightTolerance, "moving no more than the change asks for, racks and data centres come"));
        }
        return warnings;
    }

    private static PlacementPlan Plan(ClusterMapDraft draft, List<int>[] present, List<int>[] sets)
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
        List<string> warnings = Warnings(draft, present, sets);
        ClusterMap first = changes.Count == 0 ? ChangeSteps.Finished(draft) : draft.ToMap();
        return new PlacementPlan(null, first, changes, ordered.Sum(set => set.Length), warnings);
    }
}
