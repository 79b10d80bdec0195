using Torc.Node.Commands;
using Torc.Node.Peers;
using Torc.Storage;

namespace Torc.Node.Shards;

/// <summary>
/// Brings what a shard's inputs will look at towards the processor before they run: what a store waits for is memory, and many waits take hardly
/// longer than one. Call it for the inputs that come next, then run those that it took. Nothing but time depends on it.
/// </summary>
public sealed class Approaches
{
    /// <summary>Inputs whose memory is asked for at once: about as many loads as the processor can have under way.</summary>
    private const int TogetherMax = 32;

    private readonly Shard _shard;
    private readonly RecordApproach[] _approaches = new RecordApproach[TogetherMax];

    internal Approaches(Shard shard) => _shard = shard;

    /// <summary>For the first of some requests; how many that are. A single one would wait as long here as when it runs.</summary>
    public int Bring(ReadOnlySpan<Request> next)
    {
        int count = Math.Min(next.Length, TogetherMax);
        if (count <= 1)
            return count;
        Span<RecordApproach> approaches = _approaches;
        for (int index = 0; index < count; index++)
        {
            Request request = next[index];
            var key = new RecordKey(request.Keyspace, request.Partition, request.KeyHash, request.Key);
            Begin(key, request.Spec.IsWrite ? RecordUse.Change : RecordUse.Read, ref approaches[index]);
        }
        _shard.Store.Arrive(approaches[..count]);
        return count;
    }

    /// <summary>For the messages of a peer that come next, those for other shards passed over, and for the operations that wait for its answers; how many messages that are.</summary>
    public int Bring(ref PeerMessageReader next)
    {
        Span<RecordApproach> approaches = _approaches;
        int count = 0;
        for (; count < TogetherMax && next.TryRead(out PeerMessage message); count++)
        {
            approaches[count].End();
            if (_shard.IsFor(message))
                Begin(message, ref approaches[count]);
        }
        _shard.Store.Arrive(approaches[..count]);
        _shard.Operations.Arrive();
        return count;
    }

    private void Begin(in PeerMessage message, ref RecordApproach approach)
    {
        if (ReplicaRequests.TryKeyOf(message, out RecordKey key, out RecordUse use))
            Begin(key, use, ref approach);
        else if (PeerReplies.TryOperationOf(message, out ulong operation))
            _shard.Operations.Approach(operation);
    }

    private void Begin(in RecordKey key, RecordUse use, ref RecordApproach approach)
    {
        if (use == RecordUse.Change)
            _shard.Trees.Prefetch(key);
        _shard.Store.Approach(key, use, ref approach);
    }
}
