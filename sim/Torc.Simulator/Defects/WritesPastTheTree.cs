using Torc.Base;
using Torc.Core.Cells;
using Torc.Node.Peers;
using Torc.Simulator.Cluster;
using Torc.Storage;
using Version = Torc.Core.Clocks.Version;

namespace Torc.Simulator.Defects;

/// <summary>
/// A replica stores a row and leaves its Merkle leaf: a plain value that replaces what there was goes straight into the store, and the shard then finds nothing to
/// change. Other rows, which are merged and told apart in the store, take the ordinary way.
/// </summary>
internal sealed class WritesPastTheTree(NodeHost host) : FrameTampering
{
    protected override void OnReceived(ushort from, in PeerMessage message, ByteWriter to)
    {
        if (message.Kind == PeerMessageKind.Write && WriteMessage.TryRead(message.Body, out WriteMessage write) && write.Delta is { HasStringCell: true, HasDeadline: false })
            Store(message.Partition, write);
        Write(to, message, message.Body);
    }

    private void Store(ushort partition, in WriteMessage write)
    {
        ShardStore store = host.Shards[host.Node.ShardOf(partition)].Shard.Store;
        var key = new RecordKey(write.Keyspace, partition, write.Key);
        FindOutcome outcome = store.Find(key, null, out RecordView record, out _);
        if (outcome is FindOutcome.Cold or FindOutcome.Damaged
            || !RowView.TryDecode(Version.FromUInt128(record.Version), record.Row, out RowView current))
            return;
        using var combined = new ByteWriter();
        if (RowMerge.Merge(current, write.Delta, combined, out Version max) == MergeOutcome.TookRight)
            store.Put(key, RecordFlags.None, max.ToUInt128(), write.Delta.Encoded);
    }
}
