namespace Torc.Core.Placement;

/// <summary>One place of the tree cluster, data centre, rack, node, with the replicas that it still has to hold.</summary>
internal sealed class FailureDomain
{
    private FailureDomain(int order, int nodeIndex, long weight, List<FailureDomain> children)
    {
        Order = order;
        NodeIndex = nodeIndex;
        Weight = nodeIndex >= 0 ? weight : children.Sum(child => child.Weight);
        NodeCount = nodeIndex >= 0 ? 1 : children.Sum(child => child.NodeCount);
        Children = children;
    }

    /// <summary>Index of the first node below: unique among siblings, the same on every machine.</summary>
    public int Order { get; }

    /// <summary>-1 for anything but a node.</summary>
    public int NodeIndex { get; }

    public long Weight { get; }

    public int NodeCount { get; }

    public List<FailureDomain> Children { get; }

    public int Left { get; set; }

    /// <summary>Replicas that are here now, once they were told.</summary>
    public long Present { get; private set; }

    public static FailureDomain TreeOf(NodeInfo[] nodes)
    {
        var indices = Enumerable.Range(0, nodes.Length);
        return Of(indices.GroupBy(index => nodes[index].DataCentre)
            .Select(centre => Of(centre.GroupBy(index => nodes[index].Rack)
                .Select(rack => Of(rack.Select(index => new FailureDomain(index, index, nodes[index].Weight, [])))))));
    }

    /// <summary>Takes given numbers of replicas per node.</summary>
    public void Assume(int[] replicasPerNode)
    {
        foreach (FailureDomain child in Children)
            child.Assume(replicasPerNode);
        Left = NodeIndex >= 0 ? replicasPerNode[NodeIndex] : Children.Sum(child => child.Left);
    }

    public void Remember(long[] presentPerNode)
    {
        foreach (FailureDomain child in Children)
            child.Remember(presentPerNode);
        Present = NodeIndex >= 0 ? presentPerNode[NodeIndex] : Children.Sum(child => child.Present);
    }

    /// <summary>The replicas still to hold, per node.</summary>
    public void Collect(int[] replicasPerNode)
    {
        foreach (FailureDomain child in Children)
            child.Collect(replicasPerNode);
        if (NodeIndex >= 0)
            replicasPerNode[NodeIndex] = Left;
    }

    /// <summary>No child at any level holds more replicas of one partition than it must.</summary>
    public bool KeepsApart(int partitions)
    {
        if (NodeIndex >= 0)
            return true;
        long[] caps = Caps(Left, partitions);
        return Children.Zip(caps).All(pair => pair.First.Left <= pair.Second && pair.First.KeepsApart(partitions));
    }

    /// <summary>Divides replicas among the children by weight, within the caps that keep copies apart.</summary>
    public void Share(int replicas, int partitions)
    {
        Left = replicas;
        if (NodeIndex >= 0)
            return;
        int[] shares = Apportionment.Divide(replicas, [.. Children.Select(child => child.Weight)], Caps(replicas, partitions),
            [.. Children.Select(child => child.Present)]);
        for (int index = 0; index < shares.Length; index++)
            Children[index].Share(shares[index], partitions);
    }

    /// <summary>The smallest number of copies of one partition per child that is enough, and no child above its nodes.</summary>
    private long[] Caps(int replicas, int partitions)
    {
        for (int copies = 1; ; copies++)
        {
            long[] caps = [.. Children.Select(child => (long)Math.Min(copies, child.NodeCount) * partitions)];
            if (caps.Sum() >= replicas)
                return caps;
            Check.That(copies <= NodeCount);
        }
    }

    private static FailureDomain Of(IEnumerable<FailureDomain> children)
    {
        List<FailureDomain> sorted = [.. children.OrderBy(child => child.Order)];
        return new FailureDomain(sorted[0].Order, -1, 0, sorted);
    }
}
