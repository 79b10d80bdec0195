namespace Torc.Core.Placement;

/// <summary>
/// How many replicas each node should hold: by weight, unless that would put more of one partition into a data centre or rack than need
/// be. What cannot be divided evenly stays with those that hold most now, so that nothing moves for a remainder.
/// </summary>
internal static class NodeShares
{
    /// <param name="nodes">All members; those that leave get 0.</param>
    /// <param name="partitions">Number of partitions.</param>
    /// <param name="copies">Replicas of each.</param>
    /// <param name="held">What each node holds now.</param>
    public static int[] Of(NodeInfo[] nodes, int partitions, int copies, int[] held)
    {
        int[] open = [.. Enumerable.Range(0, nodes.Length).Where(node => !nodes[node].IsGoing)];
        NodeInfo[] staying = [.. open.Select(node => nodes[node])];
        long[] present = [.. open.Select(node => (long)held[node])];
        int[] divided = Apportionment.Divide(partitions * copies, [.. staying.Select(node => (long)node.Weight)], [.. staying.Select(_ => (long)partitions)], present);
        FailureDomain? root = copies > 0 ? FailureDomain.TreeOf(staying) : null;
        root?.Assume(divided);
        if (root?.KeepsApart(partitions) == false)
        {
            root.Remember(present);
            root.Share(partitions * copies, partitions);
            root.Collect(divided);
        }
        var shares = new int[nodes.Length];
        for (int index = 0; index < open.Length; index++)
            shares[open[index]] = divided[index];
        return shares;
    }
}
