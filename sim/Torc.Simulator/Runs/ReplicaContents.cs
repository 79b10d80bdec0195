using System.Text;
using Torc.Base;
using Torc.Core.Cells;
using Torc.Core.Placement;
using Torc.Core.Repair;
using Torc.Node;
using Torc.Node.Shards;
using Torc.Simulator.Checkers;
using Torc.Simulator.Disks;
using Torc.Storage;
using Version = Torc.Core.Clocks.Version;

namespace Torc.Simulator.Runs;

/// <summary>
/// Reads what a node holds, straight from its stores, to compare replicas after healing. Rows of deleted keys count too. What it holds of partitions of
/// which it is no replica it should have dropped: <paramref name="former"/> takes those.
/// </summary>
internal sealed class ReplicaContents(int node, List<ReplicaRow> into, List<ReplicaTree> trees, List<(int Node, int Partition)> former) : IScanVisitor
{
    private const int RecordsPerScan = 1024;
    private int _partition;
    private byte _keyspace;
    private ulong _root;
    private bool _wasRead;
    private Version _floor;
    private readonly ByteWriter _joined = new();

    public void Visit(in RecordView record)
    {
        bool decodes = RowView.TryDecode(Version.FromUInt128(record.Version), record.Row, out RowView row);
        string key = $"{_keyspace}:{Encoding.UTF8.GetString(record.Key)}";
        _wasRead &= decodes;
        if (decodes && row.MaxVersion <= _floor)
            return; // it is gone for everybody, and will be here
        JoinFloor(ref row);
        _root ^= decodes ? RowHash.Of(record.Hash, row, Version.None) : 0;
        into.Add(new ReplicaRow(node, _partition, key, decodes ? row.Digest : ulong.MaxValue));
    }

    /// <summary>Everything in one shard; reads what is not in memory from disk at once.</summary>
    public void Collect(Shard shard, CrashableDisk disk, TorcNode torc)
    {
        ClusterMap map = torc.View.Map!;
        for (_partition = 0; _partition < map.PartitionCount; _partition++)
        {
            bool isHere = torc.ShardOf(_partition) == shard.Index;
            bool owned = isHere && map.IsReplica(_partition, (ushort)node);
            if (isHere && !owned && HoldsRows(shard.Store))
                former.Add((node, _partition));
            for (_keyspace = 0; owned && _keyspace < KeyspaceSettings.UserKeyspacesMax; _keyspace++)
            {
                _root = 0;
                _wasRead = true;
                _floor = shard.FloorOf(_keyspace, _partition);
                CollectKeyspace(shard.Store, disk);
                bool isBuilt = shard.TryGetTreeRoot(_keyspace, _partition, out ulong root);
                trees.Add(new ReplicaTree(node, _partition, _keyspace, isBuilt, root, _root, _wasRead));
            }
        }
    }

    /// <summary>A row is what it is beside the flush that covers part of it.</summary>
    private void JoinFloor(ref RowView row)
    {
        if (_floor.IsNone || row.IsAbsent)
            return;
        _joined.Clear();
        if (RowMerge.Merge(row, RowView.Tombstone(_floor), _joined, out Version max) == MergeOutcome.Combined)
            Check.That(RowView.TryDecode(max, _joined.Written, out row));
    }

    private bool HoldsRows(ShardStore store)
    {
        for (byte keyspace = 0; keyspace < KeyspaceSettings.UserKeyspacesMax; keyspace++)
        {
            if (store.Counts(keyspace, (ushort)_partition).Records > 0)
                return true;
        }
        return false;
    }

    private void CollectKeyspace(ShardStore store, CrashableDisk disk)
    {
        if (store.Counts(_keyspace, (ushort)_partition).Records == 0)
            return;
        ulong from = 0;
        ColdRead? finished = null;
        do
        {
            ScanOutcome outcome = store.Scan(_keyspace, (ushort)_partition, from, RecordsPerScan, finished, this, out ulong end, out ColdRead? cold);
            finished = null;
            if (outcome == ScanOutcome.Cold)
            {
                ColdRead read = cold!;
                disk.ReadAside(() => read.Run(disk));
                finished = cold;
                continue;
            }
            _wasRead &= outcome != ScanOutcome.Damaged;
            from = end;
        } while (from != 0 || finished is not null);
    }
}
