using System.Buffers.Binary;
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
    // Bodies of ReadReply: operation (8), status (1), complete (1), has data (1), digest (8), version (8 + 8), row.
    private const int StatusOffset = sizeof(ulong);
    private const int HasDataOffset = StatusOffset + 2;
    private const int DigestOffset = HasDataOffset + 1;
    private const int StampOffset = DigestOffset + sizeof(ulong);
    private const int ActorOffset = StampOffset + sizeof(ulong);

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
        byte[] body = message.Body.ToArray();
        if (message.Kind == PeerMessageKind.ReadReply && body[StatusOffset] == (byte)ReadStatus.Answered && body[HasDataOffset] == 0)
        {
            ulong operation = BinaryPrimitives.ReadUInt64LittleEndian(body);
            if (_own.Remove((host.Node.ShardOf(message.Partition), operation), out (ulong Digest, Version Version) own))
            {
                BinaryPrimitives.WriteUInt64LittleEndian(body.AsSpan(DigestOffset), own.Digest);
                BinaryPrimitives.WriteUInt64LittleEndian(body.AsSpan(StampOffset), own.Version.Stamp);
                BinaryPrimitives.WriteUInt64LittleEndian(body.AsSpan(ActorOffset), own.Version.ActorValue);
            }
        }
        Write(to, message, body);
    }
}
