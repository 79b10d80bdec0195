using Torc.Base;
using Torc.Core.Cells;
using Torc.Node.Peers;
using Torc.Simulator.Cluster;
using Torc.Storage;
using Version = Torc.Core.Clocks.Version;

namespace Torc.Simulator.Defects;

/// <summary>Digests that always match: whatever a replica answers to a read, the coordinator takes it for the digest of its own row.</summary>
internal sealed class EchoedDigests(NodeHost host) : FrameTampering
{
    private readonly Dictionary<(int Shard, ulong Operation), (ulong Digest, Version Version)> _own = [];

    protected override void OnSent(in PeerMessage message)
    {
        if (message.Kind != PeerMessageKind.Read || !ReadMessage.TryRead(message.Body, out ReadMessage read) || read.WantsData)
            return;
        int shard = host.Node.ShardOf(message.Partition);
        var key = new RecordKey(read.Keyspace, message.Partition, read.Key);
        FindOutcome outcome = host.Shards[shard].Shard.Store.Find(key, null, out RecordView record, out _);
        if (outcome == FindOutcome.NotFound)
            _own[(shard, read.Operation)] = default;
        else if (outcome == FindOutcome.Found && RowView.TryDecode(Version.FromUInt128(record.Version), record.Row, out RowView row))
            _own[(shard, read.Operation)] = (row.Digest, row.MaxVersion);
    }

    protected override void OnReceived(ushort from, in PeerMessage message, ByteWriter to)
    {
        if (message.Kind == PeerMessageKind.ReadReply && ReadReply.TryRead(message.Body, out ReadReply reply) && reply is { Status: ReadStatus.Answered, HasData: false }
            && _own.Remove((host.Node.ShardOf(message.Partition), reply.Operation), out (ulong Digest, Version Version) own))
            Write(to, message, ReadReplyBody.Encode(reply, reply.Status, reply.Complete, own.Digest, own.Version));
        else
            Write(to, message, message.Body);
    }
}
