using Torc.Core.Repair;
using Torc.Node.Peers;
using Torc.Storage;

namespace Torc.Node.Shards;

/// <summary>One row that an exchange found different: asked of the peer, merged here.</summary>
internal sealed class FetchOperation(ExchangeOperation owner, PartitionExchange exchange, ReadOnlySpan<byte> key)
    : Operation(owner.Shard), IResumable
{
    private readonly byte[] _key = key.ToArray();
    private readonly byte _keyspace = exchange.Keyspace;
    private readonly ByteWriter _row = new();
    private Version _version;

    public void Begin()
    {
        long deadline = Shard.Now.MonotonicMicros + Shard.Options.ExchangeTimeoutMs * Instant.MicrosPerMs;
        Shard.Operations.Add(this, deadline);
        ReadMessage.Write(Shard.Outbox.Immediate(exchange.Peer), owner.Partition, Id, _keyspace, wantsData: true, _key);
    }

    public override void OnReadReply(ushort from, in ReadReply reply)
    {
        if (from != exchange.Peer)
            return;
        Leave();
        if (reply.Status != ReadStatus.Answered)
        {
            Finish(merged: false);
            return;
        }
        if (reply.Row.IsAbsent)
        {
            Finish(merged: true);
            return;
        }
        _version = Core.Cells.RowWriter.Copy(_row, reply.Row);
        Shard.Clock.Observe(_version);
        Resume(null);
    }

    public void Resume(ColdRead? finished)
    {
        if (!Core.Cells.RowView.TryDecode(_version, _row.Written, out Core.Cells.RowView row))
            throw new InvariantException("a fetched row does not decode");
        var key = new RecordKey(_keyspace, owner.Partition, _key);
        ApplyResult applied = Shard.Restore(key, row, owner.DoubtedBelow(exchange), finished);
        if (applied.Outcome is ApplyOutcome.Cold or ApplyOutcome.Stalled)
            Shard.Park(this, applied.Cold);
        else
            Finish(applied.Outcome == ApplyOutcome.Applied);
    }

    public override void OnPeerDown(ushort node)
    {
        if (node == exchange.Peer)
            OnTimeout();
    }

    public override void OnTimeout()
    {
        Leave();
        Finish(merged: false);
    }

    private void Finish(bool merged)
    {
        int rowBytes = _row.Length + _key.Length;
        _row.Dispose();
        if (merged)
            owner.OnRowMerged(exchange, rowBytes);
        else
            owner.OnRowFailed(exchange);
    }
}
