using Torc.Node.Commands;
using Torc.Node.Peers;

namespace Torc.Node.Shards;

/// <summary>Which node coordinates a request that reached this shard: this one, when it is a whole replica; else it is passed to one that is, or refused.</summary>
internal sealed class RequestRouting(Shard shard)
{
    /// <summary>Shards have a turn at each tick: one that had none for so long was paused with its process, or as good as that.</summary>
    private const int PauseMs = 1_000;

    /// <summary>Until then what waited in sockets meanwhile has been read.</summary>
    private const int StaleForwardsMs = 200;

    private const string BusyError = "BUSY this node has too many commands under way; try again later";

    private long _freshFromMicros;

    /// <summary>Requests of other nodes that are not answered yet.</summary>
    public int Forwarded { get; private set; }

    /// <summary>A turn begins. After a pause changes that were forwarded meanwhile may have been given up, and others acknowledged since, which they would undo: for a moment none is run.</summary>
    public void OnTurn(Instant previous, Instant now)
    {
        if (now.MonotonicMicros - previous.MonotonicMicros > PauseMs * Instant.MicrosPerMs && previous.MonotonicMicros > 0)
            _freshFromMicros = now.MonotonicMicros + StaleForwardsMs * Instant.MicrosPerMs;
    }

    /// <param name="request">Of a client, or forwarded.</param>
    /// <param name="maySendOn">Its forwarder knows less of the partition's replicas than this node: it may go further. Each hop knows more, so it ends.</param>
    public void Route(Request request, bool maySendOn)
    {
        if ((shard.View.Refusal ?? (shard.Operations.IsFull ? BusyError : null)) is { } refusal)
        {
            shard.ReplyError(request, refusal, refused: true);
            return;
        }
        bool forwarded = request.Session is null;
        int coordinator = Router.Coordinator(shard.View, request.Kind, request.Partition, shard.IsComplete(request.Partition), request.IsLocal);
        bool here = coordinator == shard.View.Self || (forwarded && CanRunForwarded(request));
        if (here)
            shard.RunHere(request);
        else if (forwarded && !(maySendOn && coordinator != Router.None))
            shard.ReplyError(request, "UNAVAILABLE this replica cannot coordinate the request now", refused: true);
        else if (coordinator == Router.None)
            shard.ReplyError(
                request,
                $"UNAVAILABLE no replica of this key{(request.IsLocal ? " in this data centre" : "")} is up and whole; wait for nodes to come back (torc status shows them)",
                refused: true);
        else
            Forward(request, (ushort)coordinator);
    }

    public void OnForward(ushort from, in PeerMessage message)
    {
        Request request = FreeList<Request>.Rent();
        bool runnable = shard.View.IsFormed && ForwardMessage.TryRead(message, shard.Commands, shard.View.Map!, request);
        if (!runnable)
        {
            shard.Emit(new NodeEvent(NodeEventKind.PeerRefused, message.Partition, Node: from, Detail: "malformed forward"));
            return;
        }
        request.OriginNode = from;
        Forwarded++;
        if (request.Spec.IsWrite && shard.Now.MonotonicMicros < _freshFromMicros)
            shard.ReplyError(request, "UNAVAILABLE this node was paused, and the request may be from before", refused: true);
        else
            Route(request, maySendOn: shard.Placement.IsStale(from, message));
    }

    /// <summary>Answers a forwarded request, which ends with this.</summary>
    public void AnswerForwarded(Request request, bool refused, ReadOnlySpan<byte> reply)
    {
        Forwarded--;
        ForwardReply.Write(shard.Outbox.Gated(request.OriginNode), request.Partition, request.OriginOperation, refused, reply);
        request.Reset();
        FreeList<Request>.Return(request);
    }

    private void Forward(Request request, ushort coordinator)
    {
        var operation = new ForwardOperation(shard, request);
        shard.Operations.Add(operation, shard.Deadline(shard.Options.ForwardTimeoutMs));
        operation.Send(coordinator);
    }

    /// <summary>A forwarder may see health differently from this node: a replica that is whole runs what it is sent.</summary>
    private bool CanRunForwarded(Request request) =>
        shard.View.Map!.IsReplica(request.Partition, shard.View.Self) && shard.IsComplete(request.Partition) && (shard.View.ClockIsTrusted || !request.Spec.IsWrite);
}
