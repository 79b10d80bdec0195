using Torc.Core.Cells;
using Torc.Core.Replication;
using Torc.Node.Commands;
using Torc.Node.Peers;
using Torc.Storage;

namespace Torc.Node.Shards;

/// <summary>
/// A read of one key at its level: GET, TTL, EXISTS of one key. Reads of a key that begin in one turn and find the same row here
/// ask the other replicas once: nothing of the first one's question has left yet, so it is no older than theirs.
/// </summary>
internal sealed class ReadOperation : KeyOperation, IReadPhaseOwner
{
    private readonly ReadPhase _read;
    private readonly List<(ReadOperation Operation, ulong Id)> _followers = [];
    private ulong _rowDigest;
    private bool _isFollowing;

    public ReadOperation(Shard shard)
        : base(shard) => _read = new ReadPhase(this, this);

    protected override void Reset()
    {
        _read.Reset(KeptBytesMax);
        _followers.Clear();
        _isFollowing = false;
    }

    protected override void OnMoved()
    {
        if (!_read.IsActive && !_isFollowing)
            return;
        Reset();
        Shard.Operations.Renew(this);
        if (MayCoordinate)
            Run(null);
        else
            HandOver();
    }

    /// <summary>
    /// Answers a read that needs no other replica and nothing from disk, without an operation. False: it takes one.
    /// Nobody may be in front on the key.
    /// </summary>
    public static bool TryAnswer(Shard shard, Request request)
    {
        bool isEnough = Levels.Required(request.ReadLevel, shard.View.Map!.ReplicasPerPartition) == 1;
        if (!isEnough || shard.View.Map!.IsPending(request.Partition))
            return false;
        var key = new RecordKey(request.Keyspace, request.Partition, request.KeyHash, request.Key);
        var context = new ReadContext(request, shard.Now, shard.BeginReply(request));
        FindOutcome outcome = shard.Rows.Read(key, null, shard.Outbox, out context.Found, out _);
        if (outcome is not (FindOutcome.Found or FindOutcome.NotFound) || context.Row.LacksValue)
            return false;
        context.Judge();
        request.Spec.OnRead!(context);
        shard.EndReply(request);
        return true;
    }

    protected override void OnStart() => Run(null);

    protected override void OnResume(ColdRead? finished) => Run(finished);

    public override void OnReadReply(ushort from, in ReadReply reply) => _read.OnReply(from, reply);

    public override void OnWriteReply(ushort from, in WriteReply reply) => _read.OnRepairReply(from, reply);

    public override void OnPeerDown(ushort node) => _read.OnPeerDown(node);

    public override void OnTick() => _read.OnTick();

    public override void OnTimeout() => AnswerTimeout("read", _read.Answered, _read.Required);

    public void OnRow(in RowView row)
    {
        var context = new ReadContext(Request, Shard.Now, Shard.BeginReply(Request));
        context.Found = row;
        context.Judge();
        Request.Spec.OnRead!(context);
        Shard.EndReply(Request);
        foreach ((ReadOperation follower, ulong id) in _followers)
        {
            if (Shard.Operations.Find(id) != follower)
                continue;
            follower.OnRow(row);
            Shard.Pool.PutBack(follower);
        }
        End();
    }

    public void OnReadFailed(int required) => RefuseAll(
        $"UNAVAILABLE the read needs {Shortage(RuleOf(Request.ReadLevel))}; wait for nodes to come back, or read at a lower level (TORC.CONSISTENCY)");

    public void OnValueOutOfReach() => RefuseAll(ValueOutOfReachError);

    private void RefuseAll(string error)
    {
        foreach ((ReadOperation follower, ulong id) in _followers)
        {
            if (Shard.Operations.Find(id) != follower)
                continue;
            follower.RefuseAll(error);
            Shard.Pool.PutBack(follower);
        }
        Refuse(error);
    }

    private void Run(ColdRead? finished)
    {
        FindOutcome outcome = Shard.Rows.Read(RecordKey, finished, Shard.Outbox, out RowView row, out ColdRead? cold);
        if (outcome == FindOutcome.Cold)
        {
            Park(cold);
            return;
        }
        if (outcome == FindOutcome.Damaged)
        {
            Shard.OnDamagedRecord(Request.Partition);
            if (Replicas.Length == 1)
                Refuse(Shard.DamagedError);
            else
                HandOver();
            return;
        }
        QuorumRule rule = RuleOf(Request.ReadLevel);
        if (rule.Required == 1)
        {
            if (row.LacksValue)
                _read.BeginForValue(row);
            else
                OnRow(row);
            return;
        }
        _rowDigest = row.Digest;
        if (Shard.ReadsOfTurn.TryGetValue(GateKey, out ReadOperation? first) && first.TryAdd(this))
            return;
        Shard.ReadsOfTurn[GateKey] = this;
        _read.Begin(row, rule);
    }

    /// <summary>Lets another read of this turn share the answer.</summary>
    private bool TryAdd(ReadOperation follower)
    {
        bool shares = !IsEnded && Request.ReadLevel == follower.Request.ReadLevel && _rowDigest == follower._rowDigest
            && Request.Keyspace == follower.Request.Keyspace && Request.Key.SequenceEqual(follower.Request.Key);
        if (!shares)
            return false;
        follower._isFollowing = true;
        follower.Register();
        follower.RememberObserved();
        _followers.Add((follower, follower.Id));
        return true;
    }
}
