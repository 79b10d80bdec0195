using Torc.Node.Commands;
using Torc.Node.Peers;

namespace Torc.Node.Shards;

/// <summary>
/// A request that another node coordinates. It is offered elsewhere only after a refusal, or when it changes nothing: a write
/// whose coordinator vanished may have been applied, and sending it again could apply it twice.
/// </summary>
internal sealed class ForwardOperation(Shard shard, Request request) : Operation(shard)
{
    private ushort _node;
    private readonly List<ushort> _excluded = [];
    private int _forwards;

    public void Send(ushort node)
    {
        _node = node;
        _forwards++;
        ForwardMessage.Write(Shard.Outbox.Immediate(node), Id, request);
    }

    public override void OnForwardReply(ushort from, in ForwardReply reply)
    {
        if (from != _node)
            return;
        if (reply.Refused && TryElsewhere())
            return;
        PassOn(reply);
        Leave();
    }

    /// <summary>Another node answers for it, after its own log: nothing here is to be waited for.</summary>
    private void PassOn(in ForwardReply reply)
    {
        if (request.Session is null)
        {
            Shard.Reply(request, reply.Reply, reply.Refused);
            return;
        }
        ByteWriter bytes = Shard.Outbox.ReplyBytes;
        Shard.Outbox.ReadyReplies.Add(new SessionReply(request, bytes.Length, reply.Reply.Length));
        bytes.Write(reply.Reply);
    }

    public override void OnPeerDown(ushort node)
    {
        if (node != _node)
            return;
        if (ChangesNothing && TryElsewhere())
            return;
        Fail($"its coordinator {node} went down");
    }

    public override void OnTimeout() => Fail("its coordinator did not answer in time");

    private bool ChangesNothing => request.Kind is CommandKind.Read or CommandKind.PartitionCount or CommandKind.PartitionScan;

    private bool TryElsewhere()
    {
        _excluded.Add(_node);
        if (_forwards >= Shard.Options.ForwardsMax)
            return false;
        int next = Router.Coordinator(
            Shard.View, request.Kind, request.Partition, Shard.IsComplete(request.Partition), request.IsLocal,
            System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_excluded));
        if (next == Router.None)
            return false;
        Shard.Operations.Renew(this);
        if (next != Shard.View.Self)
        {
            Send((ushort)next);
            return true;
        }
        Leave();
        Shard.RunHere(request);
        return true;
    }

    private void Fail(string why)
    {
        Shard.Emit(new NodeEvent(NodeEventKind.TimedOut, request.Partition));
        Shard.ReplyError(request, $"TIMEOUT the outcome is not known: {why} (0 replicas are known to have acknowledged)", refused: ChangesNothing);
        Leave();
    }
}
