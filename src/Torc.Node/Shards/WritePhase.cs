using Torc.Core.Replication;
using Torc.Node.Peers;

namespace Torc.Node.Shards;

/// <summary>What a <see cref="WritePhase"/> tells its operation.</summary>
internal interface IWritePhaseOwner
{
    void OnAcknowledged();

    /// <summary>Something above the write was there: stamp above <paramref name="winner"/> and send again.</summary>
    void OnSuperseded(Version winner);

    void OnWriteFailed(int acknowledged, int required);
}

/// <summary>
/// The quorum write of an operation: sends the delta to all replicas at once, counts with <see cref="QuorumWrite"/>. The local
/// replica has applied the delta before; its acknowledgement counts at once because the operation remembers how far the log has to be durable before its reply may leave.
/// </summary>
internal sealed class WritePhase(KeyOperation operation, IWritePhaseOwner owner)
{
    private readonly QuorumWrite _quorum = new();
    private bool _isActive;

    public void Reset() => _isActive = false;

    private Shard Shard => operation.Shard;

    public int Acknowledged => _isActive ? _quorum.Acknowledged : 0;

    public int Required => _quorum.Required;

    public void Begin(Version version, ReadOnlySpan<byte> delta, Version localWinner, in QuorumRule rule)
    {
        ReadOnlySpan<ushort> replicas = operation.Replicas;
        _isActive = true;
        operation.RememberObserved();
        if (replicas.Length > 1)
            operation.Register();
        _quorum.Begin(replicas.Length, rule);
        for (int i = 0; i < replicas.Length; i++)
        {
            ushort node = replicas[i];
            if (node == Shard.View.Self)
                _quorum.Acknowledge(i, reflected: true, localWinner, Shard.IsComplete(operation.Request.Partition));
            else if (Shard.View.IsUp(node))
                WriteMessage.Write(
                    Shard.Outbox.Immediate(node), operation.Request.Partition, operation.Id, operation.Request.Keyspace,
                    operation.Request.Key, version, delta);
            else
                _quorum.Fail(i);
        }
        Decide();
    }

    public void OnReply(ushort from, in WriteReply reply)
    {
        int replica = operation.Replicas.IndexOf(from);
        if (!_isActive || replica < 0)
            return;
        if (reply.Status == WriteStatus.Refused)
            _quorum.Fail(replica);
        else
            _quorum.Acknowledge(replica, reply.Status == WriteStatus.Applied, reply.Winner, reply.Complete);
        Decide();
    }

    public void OnPeerDown(ushort node)
    {
        int replica = operation.Replicas.IndexOf(node);
        if (!_isActive || replica < 0)
            return;
        _quorum.Fail(replica);
        Decide();
    }

    private void Decide()
    {
        switch (_quorum.Decision)
        {
            case WriteDecision.Waiting:
                return;
            case WriteDecision.Acknowledged:
                _isActive = false;
                Shard.TraceLevelMet(operation.Request, _quorum.Counted, _quorum.Required);
                owner.OnAcknowledged();
                return;
            case WriteDecision.Superseded:
                _isActive = false;
                owner.OnSuperseded(_quorum.Winner);
                return;
            default:
                _isActive = false;
                owner.OnWriteFailed(_quorum.Acknowledged, _quorum.Required);
                return;
        }
    }
}
