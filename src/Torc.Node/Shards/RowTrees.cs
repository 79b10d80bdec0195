using Torc.Core.Cells;
using Torc.Core.Placement;
using Torc.Core.Repair;
using Torc.Storage;

namespace Torc.Node.Shards;

/// <summary>
/// The Merkle trees of a shard's rows, one per (keyspace, partition) with rows. <see cref="LocalRows"/>, the only door to the rows, tells each
/// change in the step that makes it; <see cref="TreeBuilder"/> makes those that are missing.
/// </summary>
/// <remarks>
/// A missing tree and no records: an empty tree. A missing tree and records: there is none until it is built, and whoever compares lists rows instead.
/// Whatever makes a row's old hash unknown or changes many rows' hashes at once, a damaged record or a floor, drops the tree.
/// Off, and free, where nobody compares: in memory stores, and when a key has one replica.
/// </remarks>
internal sealed class RowTrees(ShardStore store, Floors floors, int partitions)
{
    /// <summary>A copy whose trees damage has dropped so often is caught up by listing, without waiting for them.</summary>
    private const int DropsMax = 2;

    private readonly PartitionTree?[]?[] _trees = new PartitionTree?[Keyspaces][];
    private readonly byte[] _drops = new byte[partitions];

    /// <summary>Keyspaces whose rows are replicated: the users' and the system's.</summary>
    public const int Keyspaces = KeyspaceSettings.UserKeyspacesMax + 1;

    public static byte KeyspaceAt(int index) => index == KeyspaceSettings.UserKeyspacesMax ? KeyspaceSettings.SystemId : (byte)index;

    public bool IsOn { get; private set; }

    public void Switch(bool isOn)
    {
        if (IsOn == isOn)
            return;
        IsOn = isOn;
        Array.Clear(_trees);
    }

    /// <summary>What the row of a key adds to its tree before and after a change; 0 while off.</summary>
    public (ulong Before, ulong After) HashesOf(in RecordKey key, in RowView before, in RowView after)
    {
        if (!IsCompared(key.Keyspace))
            return default;
        Version floor = floors.Of(key.Keyspace, key.Partition).Version;
        return (RowHash.Of(key.Hash, before, floor), RowHash.Of(key.Hash, after, floor));
    }

    /// <summary>Begins to bring what <see cref="Changed"/> will touch towards the processor: a leaf is nearly always somewhere else.</summary>
    public void Prefetch(in RecordKey key)
    {
        if (IsCompared(key.Keyspace))
            Find(key.Keyspace, key.Partition)?.Prefetch(key.Hash);
    }

    /// <summary>The record of a key was stored.</summary>
    public void Changed(in RecordKey key, ulong before, ulong after)
    {
        if (!IsCompared(key.Keyspace))
            return;
        if (Find(key.Keyspace, key.Partition) is { } tree)
            tree.Change(key.Hash, before, after);
        else
            FirstChange(key, after);
    }

    /// <summary>The record of a key is gone; <paramref name="before"/> is what it added.</summary>
    public void Removed(in RecordKey key, ulong before)
    {
        if (IsCompared(key.Keyspace))
            Find(key.Keyspace, key.Partition)?.Change(key.Hash, before, 0);
    }

    public PartitionTree? Find(byte keyspace, ushort partition) => _trees[IndexOf(keyspace)]?[partition];

    /// <summary>False: there are rows, and no tree of them now. A null tree: there are no rows.</summary>
    public bool TryGetTree(byte keyspace, ushort partition, out MerkleTree? tree)
    {
        PartitionTree? entry = Find(keyspace, partition);
        tree = entry?.Tree;
        return tree is not null || (entry is null && store.Counts(keyspace, partition).Records == 0);
    }

    /// <summary>Every keyspace of the partition can be compared by tree, or there is no use in waiting for that.</summary>
    public bool IsReady(ushort partition)
    {
        if (!IsOn || _drops[partition] > DropsMax)
            return true;
        for (int index = 0; index < _trees.Length; index++)
        {
            if (!TryGetTree(KeyspaceAt(index), partition, out _))
                return false;
        }
        return true;
    }

    /// <summary>Whether a scan has to make a tree, or a deeper one.</summary>
    public bool NeedsBuild(byte keyspace, ushort partition)
    {
        long rows = store.Counts(keyspace, partition).Records;
        return rows > 0 && (Find(keyspace, partition)?.IsShallow(rows) ?? true);
    }

    public PartitionTree BeginBuild(byte keyspace, ushort partition)
    {
        PartitionTree tree = Find(keyspace, partition) ?? Add(keyspace, partition, isEmpty: false);
        tree.BeginBuild(store.Counts(keyspace, partition).Records);
        return tree;
    }

    /// <summary>The floor rose, so that rows look different, or are gone, without having changed.</summary>
    public void OnFloorRaised(byte keyspace, ushort partition) => Drop(keyspace, partition);

    /// <summary>The rows are gone from this node.</summary>
    public void OnDropped(byte keyspace, ushort partition) => Drop(keyspace, partition);

    /// <summary>A record cannot be read: what it added is not known.</summary>
    public void OnDamaged(byte keyspace, ushort partition)
    {
        if (!IsCompared(keyspace))
            return;
        if (Find(keyspace, partition) is not null && _drops[partition] < byte.MaxValue)
            _drops[partition]++;
        Drop(keyspace, partition);
    }

    /// <summary>A record that could not be read was read after all: whether the tree has it is not known.</summary>
    public void OnReadable(byte keyspace, ushort partition) => Drop(keyspace, partition);

    public void OnDamaged(ushort partition)
    {
        for (int index = 0; index < _trees.Length; index++)
            OnDamaged(KeyspaceAt(index), partition);
    }

    public void OnCaughtUp(ushort partition) => _drops[partition] = 0;

    /// <summary>Hints are this node's own: no other has the same.</summary>
    private bool IsCompared(byte keyspace) => IsOn && keyspace != KeyspaceSettings.HintsId;

    private static int IndexOf(byte keyspace) => Math.Min((int)keyspace, KeyspaceSettings.UserKeyspacesMax);

    private void FirstChange(in RecordKey key, ulong after)
    {
        if (store.Counts(key.Keyspace, key.Partition).Records == 1)
            Add(key.Keyspace, key.Partition, isEmpty: true).Change(key.Hash, 0, after);
    }

    private PartitionTree Add(byte keyspace, ushort partition, bool isEmpty)
    {
        PartitionTree?[] trees = _trees[IndexOf(keyspace)] ??= new PartitionTree?[partitions];
        return trees[partition] = new PartitionTree(isEmpty);
    }

    private void Drop(byte keyspace, ushort partition)
    {
        if (_trees[IndexOf(keyspace)] is { } trees)
            trees[partition] = null;
    }
}
