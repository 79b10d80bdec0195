using Torc.Node.Commands;
using Torc.Node.Peers;
using Torc.Storage;

namespace Torc.Node.Shards;

/// <summary>
/// Brings what a shard's inputs will look at towards the processor before they run: what a store waits for is memory, and many waits take hardly
/// longer than one. Call <see cref="Begin(Request, ref RecordApproach)"/> for as many inputs as the processor can have loads under way, then
/// <see cref="Arrive"/>, and only then run them. Nothing but time depends on it.
/// </summary>
public sealed class Approaches
{
    private readonly Shard _shard;

    internal Approaches(Shard shard) => _shard = shard;

    public void Begin(Request request, ref RecordApproach approach) =>
        Begin(new RecordKey(request.Keyspace, request.Partition, request.KeyHash, request.Key), request.Spec.IsWrite ? RecordUse.Change : RecordUse.Read, ref approach);

    /// <summary>The same for what a peer asks of this replica, and for the operation that waits for a peer's answer.</summary>
    public void Begin(in PeerMessage message, ref RecordApproach approach)
    {
        if (ReplicaRequests.TryKeyOf(message, out RecordKey key, out RecordUse use))
        {
            Begin(key, use, ref approach);
            return;
        }
        approach.End();
        if (PeerReplies.TryOperationOf(message, out ulong operation))
            _shard.Operations.Approach(operation);
    }

    /// <summary>Goes on with all that was begun.</summary>
    public void Arrive(Span<RecordApproach> approaches)
    {
        _shard.Store.Arrive(approaches);
        _shard.Operations.Arrive();
    }

    private void Begin(in RecordKey key, RecordUse use, ref RecordApproach approach)
    {
        if (use == RecordUse.Change)
            _shard.Trees.Prefetch(key);
        _shard.Store.Approach(key, use, ref approach);
    }
}
