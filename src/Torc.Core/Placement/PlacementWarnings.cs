namespace Torc.Core.Placement;

/// <summary>What a placement cannot give, in words for the operator.</summary>
internal static class PlacementWarnings
{
    /// <param name="nodes">Those that may hold replicas; others in the sets are no fault of the placement.</param>
    /// <param name="sets">Per partition indices of nodes.</param>
    /// <param name="copiesWanted">Replication factor.</param>
    /// <param name="copies">What there are nodes for.</param>
    /// <param name="byWeight">Per node the replicas that its weight asks for.</param>
    /// <param name="tolerance">Replicas by which a node may be off its weight without a word.</param>
    /// <param name="firstComes">Why a node may be off its weight, up to "before weights".</param>
    public static List<string> Of(NodeInfo[] nodes, IReadOnlyList<IReadOnlyCollection<int>> sets, int copiesWanted, int copies, int[] byWeight,
        int tolerance, string firstComes)
    {
        var warnings = new List<string>();
        if (copiesWanted > copies)
            warnings.Add($"Replication factor {copiesWanted} needs {copiesWanted} nodes; there are {copies}, so each key has {copies} copies.");
        WarnOfShared(warnings, nodes, sets, copies, "data centre", node => node.DataCentre);
        WarnOfShared(warnings, nodes, sets, copies, "rack", node => $"{node.DataCentre}/{node.Rack}");
        var held = new int[nodes.Length];
        foreach (int index in sets.SelectMany(members => members))
            held[index]++;
        for (int index = 0; index < held.Length; index++)
        {
            if (Math.Abs(held[index] - byWeight[index]) > tolerance)
                warnings.Add($"Node {nodes[index].Id} holds {held[index]} replicas, by weight it would be {byWeight[index]}: {firstComes} before weights.");
        }
        return warnings;
    }

    private static void WarnOfShared(List<string> warnings, NodeInfo[] nodes, IReadOnlyList<IReadOnlyCollection<int>> sets, int copies, string what,
        Func<NodeInfo, string> domainOf)
    {
        int domains = nodes.Where(node => !node.IsGoing).Select(domainOf).Distinct().Count();
        if (domains == 1)
            return;
        int shared = sets.Count(members => members.Select(index => domainOf(nodes[index])).Distinct().Count() < copies);
        if (shared > 0)
            warnings.Add($"{shared} of {sets.Count} partitions have two copies or more in one {what}: {copies} copies, {domains} of them.");
    }
}
