using System.Buffers.Binary;

namespace Torc.Core.Placement;

/// <summary>
/// Chooses the set of replicas of every partition, in two steps. First each node gets its number of replicas by
/// weight (<see cref="Apportionment"/>). Then the partitions are filled one after another down the tree of data centres, racks and
/// nodes: with L partitions to go, a domain that still has to hold T replicas takes floor(T/L) or ceil(T/L) of this
/// one. That keeps every domain as even as whole numbers allow, and a node at 0 or 1.
/// </summary>
/// <remarks>
/// Weights give way to failure domains: when shares by weight would put more replicas of one partition into a rack
/// or data centre than need be, the domains' shares are capped first. Losing a rack must not lose data because its
/// machines are bigger. Consistent hashing with random tokens was not taken: it is uneven, and racks are an
/// afterthought to it.
/// </remarks>
internal sealed class ReplicaPlacement
{
    private readonly PlacementPart _part;
    private readonly int _partitions;
    private readonly int _copies;
    private readonly FailureDomain? _root; // null: nothing is placed
    private readonly int[] _byWeight;
    private int[][] _chosen = [];

    public ReplicaPlacement(PlacementPart part, int partitions)
    {
        _part = part;
        _partitions = partitions;
        _copies = part.Copies;
        _root = part.Copies > 0 ? FailureDomain.TreeOf(part.Nodes) : null;
        long[] caps = [.. part.Nodes.Select(_ => (long)partitions)];
        _byWeight = Apportionment.Divide(partitions * _copies, [.. part.Nodes.Select(node => (long)node.Weight)], caps);
    }

    /// <summary>Per partition the indices of its nodes in the part, each once, in no particular order.</summary>
    public int[][] Choose()
    {
        if (_root is null)
            return _chosen = [.. Enumerable.Range(0, _partitions).Select(_ => Array.Empty<int>())];
        _root.Assume(_byWeight);
        if (!_root.KeepsApart(_partitions))
            _root.Share(_partitions * _copies, _partitions);
        _chosen = new int[_partitions][];
        for (int partition = 0; partition < _partitions; partition++)
        {
            var members = new List<int>(_copies);
            Fill(_root, _copies, partition, members);
            _chosen[partition] = [.. members];
        }
        return _chosen;
    }

    /// <summary>What the plan could not give, after <see cref="Choose"/>.</summary>
    public IReadOnlyList<string> Warnings() => _part.Warnings(_chosen, _byWeight, tolerance: 0, "racks and data centres come");

    private void Fill(FailureDomain domain, int copies, int partition, List<int> members)
    {
        if (copies == 0)
            return;
        int left = _partitions - partition;
        domain.Left -= copies;
        if (domain.NodeIndex >= 0)
        {
            members.Add(domain.NodeIndex);
            return;
        }
        int extra = copies - domain.Children.Sum(child => child.Left / left);
        HashSet<FailureDomain> lifted = [.. domain.Children
            .Where(child => child.Left % left > 0)
            .OrderByDescending(child => child.Left % left)
            .ThenBy(child => Scatter(partition, child))
            .ThenBy(child => child.Order)
            .Take(extra)];
        foreach (FailureDomain child in domain.Children)
            Fill(child, child.Left / left + (lifted.Contains(child) ? 1 : 0), partition, members);
    }

    /// <summary>Breaks ties differently for each partition, so that a node shares partitions with many others and not always the same few.</summary>
    private static ulong Scatter(int partition, FailureDomain domain)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, partition);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[4..], domain.Order);
        return StableHash.Hash64(bytes);
    }
}
