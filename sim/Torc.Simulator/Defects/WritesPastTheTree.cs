using Torc.Base;
using Torc.Core.Cells;
using Torc.Node.Peers;
using Torc.Simulator.Cluster;
using Torc.Storage;
using Version = Torc.Core.Clocks.Version;

namespace Torc.Simulator.Defects;

/// <summary>A replica stores a row and leaves its Merkle leaf: the row goes straight into the store, and the shard then finds nothing to change.</summary>
internal sealed class WritesPastTheTree(NodeHost host) : FrameTampering
{
    protected override void OnReceived(ushort from, in PeerMessage message, ByteWriter to)
    {
        if (message.Kind == PeerMessageKind.Write && WriteMessage.TryRead(message.Body, out WriteMessage write))
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
        MergeOutcome merge = RowMerge.Merge(current, write.Delta, combined, out Version max);
        if (merge == MergeOutcome.KeptLeft)
            return;
        RowView merged = write.Delta;
        if (merge == MergeOutcome.Combined)
            Check.That(RowView.TryDecode(max, combined.Written, out merged));
        RecordFlags flags = merged.IsDeleted || merged.LacksValue ? RecordFlags.Tombstone : RecordFlags.None;
        store.Put(key, merged.HasDeadline ? flags | RecordFlags.HasDeadline : flags, merged.MaxVersion.ToUInt128(), merged.Encoded);
    }
}
