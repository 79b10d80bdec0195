namespace Torc.Core.Placement;

/// <summary>
/// Nodes among which a number of copies of each partition is placed without a look at other nodes: the whole cluster when the replication factor is one
/// number, a data centre each when it is a number for each. So a data centre is planned as a cluster of its own, and nothing ever moves between two.
/// </summary>
/// <param name="DataCentre">Null for the whole cluster.</param>
/// <param name="Members">Indices of the nodes, ascending.</param>
/// <param name="Nodes">The nodes themselves.</param>
/// <param name="Wanted">Copies asked for.</param>
/// <param name="Copies">Copies that there are nodes for.</param>
internal sealed record PlacementPart(string? DataCentre, int[] Members, NodeInfo[] Nodes, int Wanted, int Copies)
{
    /// <summary>Every node is in one part. Parts are in an order that hangs on the nodes' order only.</summary>
    public static List<PlacementPart> Of(NodeInfo[] nodes, CopiesWanted wanted)
    {
        int[] all = [.. Enumerable.Range(0, nodes.Length)];
        if (!wanted.IsByDataCentre)
            return [Make(null, all, nodes, wanted.Total)];
        List<PlacementPart> parts = [.. all.GroupBy(index => nodes[index].DataCentre).Select(centre => Make(centre.Key, [.. centre], nodes, wanted.In(centre.Key)))];
        IEnumerable<DataCentreCopies> empty = wanted.ByDataCentre.Where(centre => parts.TrueForAll(part => part.DataCentre != centre.DataCentre));
        parts.AddRange([.. empty.Select(centre => Make(centre.DataCentre, [], nodes, centre.Copies))]);
        return parts;
    }

    /// <summary>Copies of each key that all parts have nodes for.</summary>
    public static int CopiesOf(IEnumerable<PlacementPart> parts) => parts.Sum(part => part.Copies);

    /// <summary>Of sets of nodes of the cluster what is in this part, by index in it.</summary>
    public int[][] Within(IReadOnlyList<IReadOnlyList<int>> sets) =>
        [.. sets.Select(set => set.Select(node => Array.BinarySearch(Members, node)).Where(index => index >= 0).ToArray())];

    /// <summary>What the placement of this part cannot give.</summary>
    public List<string> Warnings(IReadOnlyList<IReadOnlyCollection<int>> sets, int[] byWeight, int tolerance, string firstComes)
    {
        if (DataCentre is null)
            return PlacementWarnings.Of(Nodes, sets, Wanted, Copies, byWeight, tolerance, firstComes);
        var warnings = new List<string>();
        if (Wanted == 0)
            warnings.Add($"Data centre {DataCentre} is given no copies: its nodes keep nothing, and local levels are refused there.");
        else if (Copies < Wanted)
            warnings.Add($"Data centre {DataCentre} is to have {Wanted} copies of each key and has {Nodes.Count(node => !node.IsGoing)} nodes, so each key has {Copies} there.");
        if (Copies > 0)
            warnings.AddRange(PlacementWarnings.Of(Nodes, sets, Copies, Copies, byWeight, tolerance, firstComes).Select(warning => $"Data centre {DataCentre}: {warning}"));
        return warnings;
    }

    private static PlacementPart Make(string? dataCentre, int[] members, NodeInfo[] nodes, int wanted)
    {
        NodeInfo[] own = [.. members.Select(member => nodes[member])];
        return new PlacementPart(dataCentre, members, own, wanted, Math.Min(wanted, own.Count(node => !node.IsGoing)));
    }
}
