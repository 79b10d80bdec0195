using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Torc.Core.Repair;

/// <summary>
/// Which rows one replica holds of one (keyspace, partition), in a few bytes a leaf: leaf k is the XOR of the row hashes of all keys
/// whose hash begins with the bits k. A changed row is two XORs in one leaf, wherever the row came from.
/// <code>
///  level 0                root                     a node is the XOR of its leaves
///  level 1     n0      n1     …      n15           hash bits 63..60
///  level 2   n0 … n15                              hash bits 63..56
///  …         leaves: level Depth
/// </code>
/// </summary>
/// <remarks>
/// Inner nodes are not kept: a node is a contiguous run of leaves and is XORed together when a peer asks, which is rare beside writes. Because
/// a node is the XOR of its rows and not a hash of its children, trees of different depth agree on every level that both have; so each replica chooses
/// its depth by its own rows.
/// </remarks>
public sealed class MerkleTree
{
    public const int FanOut = 16;
    public const int DepthMin = 1;
    public const int DepthMax = 5;

    /// <summary>With more rows a leaf than this a deeper tree is built, so that listing one leaf stays small.</summary>
    public const int RowsPerLeafMax = 64;

    private const int BitsPerLevel = 4;
    private const int HashBits = 64;

    private readonly ulong[] _leaves;
    private readonly int _shift;
    private ulong _root;

    public MerkleTree(int depth)
    {
        Check.That(depth is >= DepthMin and <= DepthMax);
        Depth = depth;
        _shift = HashBits - depth * BitsPerLevel;
        _leaves = new ulong[NodesAt(depth)];
    }

    public int Depth { get; }

    /// <summary>0 for a tree without rows.</summary>
    public ulong Root => _root;

    /// <summary>A row of this key changed from one row hash to another: <paramref name="change"/> is the XOR of both.</summary>
    public void Change(ulong keyHash, ulong change)
    {
        _root ^= change;
        LeafOf(_leaves, _shift, keyHash) ^= change;
    }

    /// <summary>Where the leaves are, for whoever keeps it beside the tree: so that a leaf can be asked for without a look at the tree.</summary>
    internal LeafPlaces Places => new(_leaves, _shift);

    /// <summary>Begins to bring this object towards the processor, whose root changes with each leaf.</summary>
    internal unsafe void PrefetchRoot()
    {
        if (Sse.IsSupported)
            Sse.Prefetch0(Unsafe.AsPointer(ref _root));
    }

    /// <summary>The shift leaves as many bits as the leaves are numbered with. The array's own length is a line of its own, nearly always somewhere else: it is not looked at.</summary>
    private static ref ulong LeafOf(ulong[] leaves, int shift, ulong keyHash) =>
        ref Unsafe.Add(ref MemoryMarshal.GetArrayDataReference(leaves), (nuint)(keyHash >> shift));

    /// <summary>What <see cref="Places"/> gives.</summary>
    internal readonly struct LeafPlaces(ulong[] leaves, int shift)
    {
        /// <summary>Begins to bring the leaf of a key towards the processor.</summary>
        public unsafe void Prefetch(ulong keyHash)
        {
            if (Sse.IsSupported && leaves is { } there)
                Sse.Prefetch0(Unsafe.AsPointer(ref LeafOf(there, shift, keyHash))); // an array that moves meanwhile makes it useless, not wrong
        }
    }

    /// <summary>A node on a level no deeper than <see cref="Depth"/>.</summary>
    public ulong NodeAt(int level, int index)
    {
        Check.That(level >= 0 && level <= Depth && index >= 0 && index < NodesAt(level));
        int leaves = 1 << (Depth - level) * BitsPerLevel;
        ulong node = 0;
        foreach (ulong leaf in _leaves.AsSpan(index * leaves, leaves))
            node ^= leaf;
        return node;
    }

    public static int NodesAt(int level) => 1 << level * BitsPerLevel;

    /// <summary>The first hash of a node's run; that of the node after the last is 0, as in <see cref="HashRange"/>.</summary>
    public static ulong FirstHash(int level, int index) =>
        index >= NodesAt(level) || level == 0 ? 0 : (ulong)index << HashBits - level * BitsPerLevel;

    /// <summary>The depth at which so many rows leave no leaf crowded.</summary>
    public static int DepthFor(long rows)
    {
        int depth = DepthMin;
        while (depth < DepthMax && rows > (long)NodesAt(depth) * RowsPerLeafMax)
            depth++;
        return depth;
    }
}
