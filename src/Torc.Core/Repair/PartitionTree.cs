namespace Torc.Core.Repair;

/// <summary>
/// The Merkle tree of one (keyspace, partition) through its life: built by scanning the rows in order of hash, a range at a time, while
/// writes go on; then kept with each change; built again, deeper, when rows have become many.
/// </summary>
/// <remarks>
/// Invariant: <see cref="Tree"/>, when there is one, is the tree of exactly the rows that are stored now. A build under way covers exactly the rows
/// below the hash that its scan has reached: a change below counts at once, one above is met by the scan.
/// </remarks>
public sealed class PartitionTree
{
    private MerkleTree? _building;
    private ulong _reached;
    private MerkleTree.LeafPlaces _leaves; // of Tree

    /// <param name="isEmpty">No rows are stored, so the tree needs no scan.</param>
    public PartitionTree(bool isEmpty) => Tree = isEmpty ? new MerkleTree(MerkleTree.DepthMin) : null;

    /// <summary>Null until the first build ends.</summary>
    public MerkleTree? Tree
    {
        get;
        private set
        {
            field = value;
            _leaves = value?.Places ?? default;
        }
    }

    public bool IsBuilding => _building is not null;

    /// <summary>Where the next range of the scan begins.</summary>
    public ulong Reached => _reached;

    /// <summary>Whether a build is due for so many rows.</summary>
    public bool IsShallow(long rows) => Tree is null || MerkleTree.DepthFor(rows) > Tree.Depth;

    /// <summary>The row of a key changed, from one row hash to another; 0: no row.</summary>
    public void Change(ulong keyHash, ulong before, ulong after)
    {
        Tree?.Change(keyHash, before ^ after);
        if (_building is not null && keyHash < _reached)
            _building.Change(keyHash, before ^ after);
    }

    /// <summary>A change of this key is to come. Waits for this object only, not for the tree.</summary>
    public void Prefetch(ulong keyHash)
    {
        _leaves.Prefetch(keyHash);
        Tree?.PrefetchRoot();
    }

    public void BeginBuild(long rows)
    {
        _building = new MerkleTree(MerkleTree.DepthFor(rows));
        _reached = 0;
    }

    /// <summary>The tree that there is stays as it is.</summary>
    public void AbandonBuild() => _building = null;

    /// <summary>A row of the range that begins at <see cref="Reached"/>.</summary>
    public void Count(ulong keyHash, ulong rowHash) => _building!.Change(keyHash, rowHash);

    /// <summary>Every row below <paramref name="end"/> has been counted, in the same step as the first of the range; 0: all rows.</summary>
    public void RangeCounted(ulong end)
    {
        Check.That(HashRange.IsProper(_reached, end));
        _reached = end;
        if (end != 0)
            return;
        Tree = _building;
        _building = null;
    }
}
