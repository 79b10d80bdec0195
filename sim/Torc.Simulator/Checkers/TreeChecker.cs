namespace Torc.Simulator.Checkers;

/// <summary>The root of one replica's Merkle tree, beside the one that its rows add up to, as far as they were all read.</summary>
public readonly record struct ReplicaTree(int Node, int Partition, byte Keyspace, bool IsBuilt, ulong Root, ulong OfRows, bool WereRead = true);

/// <summary>
/// Invariant 7: a tree is that of exactly the rows that are stored. Invariant 10: after healing the roots of all replicas are equal. A tree that is
/// still to be built says nothing yet.
/// </summary>
public static class TreeChecker
{
    public static IEnumerable<Violation> Check(IEnumerable<ReplicaTree> trees)
    {
        var first = new Dictionary<(int Partition, byte Keyspace), ReplicaTree>();
        foreach (ReplicaTree tree in trees.Where(tree => tree.IsBuilt))
        {
            string where = $"partition {tree.Partition} keyspace {tree.Keyspace}";
            if (tree.Root != tree.OfRows)
                yield return new Violation(7, $"the tree of {where} on node {tree.Node} is {tree.Root:x16}, its rows are {tree.OfRows:x16}");
            if (first.TryAdd((tree.Partition, tree.Keyspace), tree))
                continue;
            ReplicaTree other = first[(tree.Partition, tree.Keyspace)];
            if (other.Root != tree.Root)
                yield return new Violation(10, $"roots of {where} differ: node {other.Node} {other.Root:x16}, node {tree.Node} {tree.Root:x16}");
        }
    }
}
