using Torc.Core.Replication;
using Torc.Node.Commands;
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
/// The quorum write of an operation: sends the delta to all replicas at once, those of other data centres through
/// one of each (<see cref="Relays"/>), counts with <see cref="QuorumWrite"/>. The local
/// replica has applied the delta before; its acknowledgement counts at once because the operation remembers how far the log has to be durable before its reply may leave.
/// </summary>
internal sealed class WritePhase(KeyOperation operation, IWritePhaseOwner owner)
{
    /// <summary>Of this object and the quorum, which was made right behind it.</summary>
    public const int ApproachedBytes = 192;

    private readonly QuorumWrite _quorum = new();
    private ushort[] _fallbacks = []; // by replica; made by the first write that meets a replica that is down
    private ByteWriter _delta = null!;
    private Version _version;
    private bool _isActive;
    private bool _hasHints;

    public void Reset() => _isActive = false;

    private Shard Shard => operation.Shard;

    /// <summary>The delta was sent and the level is not met.</summary>
    public bool IsActive => _isActive;

    public int Acknowledged => _isActive ? _quorum.Acknowledged : 0;

    public int Required => _quorum.Required;

    /// <summary>The greatest version that an answer reported.</summary>
    public Version Winner => _quorum.Winner;

    /// <param name="version">Of the delta.</param>
    /// <param name="delta">Stays as it is until the operation ends or begins again.</param>
    /// <param name="localWinner">The greatest version of the local row, which shows the delta.</param>
    /// <param name="rule">What the level asks for.</param>
    public void Begin(Version version, ByteWriter delta, Version localWinner, in QuorumRule rule)
    {
        ReadOnlySpan<ushort> replicas = operation.Replicas;
        bool relays = Shard.Relays.IsUsed(operation.Map);
        ReplicaSet across = ReplicaSet.Empty;
        _isActive = true;
        _hasHints = false;
        _version = version;
        _delta = delta;
        operation.RememberObserved();
        if (replicas.Length > 1)
            operation.Register();
        _quorum.Begin(replicas.Length, rule);
        for (int i = 0; i < replicas.Length; i++)
        {
            ushort node = replicas[i];
            if (node == Shard.View.Self)
                _quorum.Acknowledge(i, reflected: true, localWinner, operation.Counts(i, Shard.IsComplete(operation.Request.Partition)));
            else if (!Shard.View.IsUp(node))
                FailOver(i);
            else if (relays && Shard.IsRemote(operation.Map, node))
                across = across.With(i);
            else
                Send(node);
        }
        if (!across.IsEmpty)
            SendAcross(across);
        Decide();
    }

    private void SendAcross(ReplicaSet remote)
    {
        Shard.Relays.Send(operation, remote, _version, _delta.Written);
        foreach (int replica in remote)
            Shard.RemoteWrites.Sent(operation.Id, operation.Replicas[replica], operation.Request.Partition, Shard.Now.MonotonicMicros);
    }

    private void Send(ushort node)
    {
        WriteMessage.Write(
            Shard.Outbox.Immediate(node), operation.Request.Partition, operation.Id, operation.Request.Keyspace,
            operation.Request.Key, _version, _delta.Written);
        if (Shard.IsRemote(operation.Map, node))
            Shard.RemoteWrites.Sent(operation.Id, node, operation.Request.Partition, Shard.Now.MonotonicMicros);
    }

    public void OnReply(ushort from, in WriteReply reply)
    {
        int replica = operation.Replicas.IndexOf(from);
        if (!_isActive || replica < 0)
            return;
        // A floor that is above this one does what this one would have done.
        bool isReflected = reply.Status == WriteStatus.Applied || operation.Request.Kind == CommandKind.PartitionFlush;
        if (reply.Status == WriteStatus.Refused)
            _quorum.Fail(replica);
        else
            _quorum.Acknowledge(replica, isReflected, reply.Winner, operation.Counts(replica, reply.Complete));
        Decide();
    }

    public void OnHintReply(ushort from, in HintReply reply)
    {
        int replica = operation.Replicas.IndexOf(reply.Target);
        if (!_isActive || !_hasHints || replica < 0 || _fallbacks[replica] != from)
            return;
        if (reply.Status == WriteStatus.Refused)
            HintElsewhere(replica);
        else
            _quorum.AcknowledgeHint(replica, reply.Status == WriteStatus.Applied, reply.Winner);
        Decide();
    }

    public void OnPeerDown(ushort node)
    {
        if (!_isActive)
            return;
        int replica = operation.Replicas.IndexOf(node);
        int keptFor = _hasHints ? Array.IndexOf(_fallbacks, node) : -1;
        if (replica >= 0 && _quorum.Outstanding.Contains(replica))
            FailOver(replica);
        else if (keptFor >= 0 && !_quorum.Hinted.Contains(keptFor))
            HintElsewhere(keptFor);
        Decide();
    }

    /// <summary>A replica is down: a fallback keeps the write for it, if there is one. Whether that counts is the operation's to say.</summary>
    private void FailOver(int replica)
    {
        if (Shard.IsRemote(operation.Map, operation.Replicas[replica]))
            Shard.RemoteWrites.Missed(operation.Replicas[replica], Shard.Now.MonotonicMicros);
        SendHint(replica);
        _quorum.Fail(replica);
    }

    private void HintElsewhere(int replica)
    {
        if (!SendHint(replica))
            _quorum.FailHint(replica);
    }

    private bool SendHint(int replica)
    {
        if (!_hasHints)
        {
            if (_fallbacks.Length == 0)
                _fallbacks = new ushort[ReplicaSet.ReplicasMax];
            Array.Fill(_fallbacks, Fallbacks.NoNode);
            _hasHints = true;
        }
        ushort target = operation.Replicas[replica];
        ushort partition = operation.Request.Partition;
        int fallback = Shard.Fallbacks.Choose(operation.Map, partition, target, _fallbacks);
        _fallbacks[replica] = fallback == Fallbacks.None ? Fallbacks.NoNode : (ushort)fallback;
        if (fallback == Fallbacks.None)
            return false;
        bool counts = operation.HintsCount && Fallbacks.Counts(operation.Map, (ushort)fallback, target);
        HintMessage.Write(
            Shard.Outbox.Immediate((ushort)fallback), partition, counts ? operation.Id : HintMessage.NoOperation, target,
            operation.Request.Keyspace, operation.Request.Key, _version, _delta.Written);
        if (counts)
            _quorum.AwaitHint(replica);
        return true;
    }

    private void Decide()
    {
        switch (_quorum.Decision)
        {
            case WriteDecision.Waiting:
                return;
            case WriteDecision.Acknowledged:
                _isActive = false;
                Shard.TraceLevelMet(operation.Request, operation.Map, _version, _quorum.Counted, _quorum.Required, _quorum.Hinted.Except(_quorum.Counted));
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
