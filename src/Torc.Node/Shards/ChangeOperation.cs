using Torc.Core.Cells;
using Torc.Core.Replication;
using Torc.Node.Commands;
using Torc.Node.Peers;
using Torc.Storage;

namespace Torc.Node.Shards;

/// <summary>
/// What a plain write and a read-modify-write share: stamp above the row that is replaced, let the command's handler write its
/// delta and reply, apply locally, send, count, and stamp again when something above it was found.
/// </summary>
internal abstract class ChangeOperation : KeyOperation, IWritePhaseOwner
{
    private readonly WritePhase _write;
    private readonly ByteWriter _delta = new();
    private readonly ByteWriter _reply = new();
    private ByteWriter? _earlierReply; // made by the first change that runs again
    private Version _stamp, _localWinner;
    private bool _wasRelative, _wasExpiry;
    private int _restamps;
    private bool _wasSent, _knowsNewest;

    protected ChangeOperation(Shard shard)
        : base(shard) => _write = new WritePhase(this, this);

    /// <summary>
    /// Makes a change that needs no other replica and nothing from disk, without an operation: what <see cref="Change(in RowView)"/> and the write
    /// phase do when this node holds the only copy. False: nothing happened, and it takes an operation, if only to refuse it.
    /// Nobody may be in front on the key.
    /// </summary>
    public static bool TryApply(Shard shard, Request request)
    {
        if (shard.View.Map!.ReplicasPerPartition > 1 || shard.View.Map!.IsPending(request.Partition) || !shard.IsComplete(request.Partition) || !shard.View.ClockIsTrusted)
            return false;
        var key = new RecordKey(request.Keyspace, request.Partition, request.KeyHash, request.Key);
        ByteWriter reply = shard.BeginReply(request);
        int replyStart = reply.Length;
        var context = new WriteContext(request, shard.Now, shard.RecordBytesMax, shard.Delta, reply);
        FindOutcome found = shard.Rows.Read(key, null, shard.Outbox, out context.Found, out RecordView record, out _);
        if (found is not (FindOutcome.Found or FindOutcome.NotFound) || context.Row.LacksValue)
            return false;
        Version stamp = shard.Clock.Stamp(shard.Now, context.Row.MaxVersion);
        shard.Delta.Clear();
        context.Judge(stamp);
        request.Spec.OnWrite!(ref context);
        if (context.Changed)
        {
            DecodeDelta(request, context.DeltaVersion, shard.Delta, out RowView delta);
            ApplyResult applied = shard.Rows.Apply(key, delta, context.Row, record.Place, shard.Outbox);
            if (applied.Outcome != ApplyOutcome.Applied || !applied.Reflected)
            {
                reply.Truncate(replyStart);
                return false;
            }
            shard.TraceStamped(request, stamp, context.DeltaVersion);
            shard.TraceLevelMet(request, shard.View.Map!, context.DeltaVersion, ReplicaSet.FirstOf(1), required: 1);
        }
        shard.EndReply(request);
        return true;
    }

    public override void Approach()
    {
        base.Approach();
        ProcessorCache.Prefetch(_write, WritePhase.ApproachedBytes);
    }

    protected override void Reset()
    {
        _write.Reset();
        _delta.ClearAndKeep(KeptBytesMax);
        _reply.ClearAndKeep(KeptBytesMax);
        _earlierReply?.ClearAndKeep(KeptBytesMax);
        _stamp = Above = Version.None;
        _restamps = 0;
        _wasRelative = _wasExpiry = _wasSent = _knowsNewest = false;
    }

    /// <summary>A version that the next stamp must be above, beyond the row's own.</summary>
    protected Version Above { get; private set; }

    /// <summary>Once peers may hold an attempt, no failure proves that nothing was applied.</summary>
    protected bool WasSent => _wasSent;

    /// <summary>A change that was sent is sent again, to all that are replicas now; it counts nobody twice.</summary>
    protected override void OnMoved()
    {
        if (!_write.IsActive)
            return;
        Shard.Operations.Renew(this);
        _write.Begin(_stamp, _delta, _localWinner, RuleOf(Request.WriteLevel));
    }

    protected override void OnMovedAway()
    {
        if (WasSent)
            AnswerTimeout("write", 0, RuleOf(Request.WriteLevel).Required);
        else
            HandOver();
    }

    public override void OnWriteReply(ushort from, in WriteReply reply) => _write.OnReply(from, reply);

    public override void OnHintReply(ushort from, in HintReply reply) => _write.OnHintReply(from, reply);

    public override void OnPeerDown(ushort node) => _write.OnPeerDown(node);

    public override void OnTimeout() => AnswerTimeout(
        "write", _write.Acknowledged, RuleOf(Request.WriteLevel).Required);

    /// <summary>
    /// A flush covers what was acknowledged before it began, whatever the clocks of those who stamped it: the first round may find rows that are newer than the stamp,
    /// and the second is above all that a quorum had. What is newer still was written meanwhile.
    /// </summary>
    public void OnAcknowledged()
    {
        bool mayMissRows = Request.Kind == CommandKind.PartitionFlush && !_knowsNewest;
        _knowsNewest = true;
        if (mayMissRows && _write.Winner > _stamp)
            OnSuperseded(_write.Winner);
        else
            Answer(_reply.Written);
    }

    public void OnSuperseded(Version winner)
    {
        Above = winner;
        Shard.Clock.Observe(winner);
        Shard.Operations.Renew(this);
        if (++_restamps > Shard.Options.RestampsMax)
        {
            AnswerTimeout("write outranked by others again and again", 0, _write.Required);
            return;
        }
        if (!Map.IsReplica(Request.Partition, Shard.View.Self))
        {
            // The partition moved away meanwhile, and what outranked the write is not known here.
            AnswerTimeout("write outranked by another", 0, _write.Required);
            return;
        }
        Shard.Emit(new NodeEvent(NodeEventKind.Restamped, Request.Partition, winner));
        OnStart();
    }

    public void OnWriteFailed(int acknowledged, int required) => AnswerTimeout("write", acknowledged, required);

    /// <summary>Refuses when the level cannot be reached now or this node's clock is off; true when the change may be stamped.</summary>
    protected bool MayStamp()
    {
        if (WasSent)
            return true;
        QuorumRule rule = RuleOf(Request.WriteLevel);
        if (!rule.IsMetBy(WholeReplicas) && !CanBeHinted(rule))
        {
            Refuse($"UNAVAILABLE the write needs {Shortage(rule)}{HintShortage()}; wait for nodes to come back, or write at a lower level (TORC.CONSISTENCY)");
            return false;
        }
        if (!Shard.View.ClockIsTrusted)
        {
            Refuse("UNAVAILABLE this node's clock is too far from its peers' clocks to stamp writes; correct the clock of the machine");
            return false;
        }
        return true;
    }

    private bool CanBeHinted(in QuorumRule rule) =>
        HintsCount && rule.IsMetBy(WholeReplicas.Or(Shard.Fallbacks.Hintable(Map, Request.Partition)));

    private string HintShortage() =>
        HintsCount ? $", and other nodes can keep hints for {Shard.Fallbacks.Hintable(Map, Request.Partition).Count} of those that are down" : "";

    /// <summary>Runs the handler on a row that replicas agreed on, and replicates what it changes. The row's view ends with this call.</summary>
    protected void Change(in RowView row) => Change(row, isLocal: false, default);

    /// <summary>The same on the local row, just read from its place.</summary>
    protected void ChangeHere(in RowView row, in RecordPlace place) => Change(row, isLocal: true, place);

    private void Change(in RowView row, bool isLocal, in RecordPlace place)
    {
        if (_wasRelative && TryEndRelative(row))
            return;
        RememberAttempt();
        Version stamp = Shard.Clock.Stamp(Shard.Now, Version.Max(Above, row.MaxVersion));
        _delta.Clear();
        _reply.Clear();
        var context = new WriteContext(Request, Shard.Now, Shard.RecordBytesMax, _delta, _reply);
        context.Found = row;
        context.Judge(stamp);
        Request.Spec.OnWrite!(ref context);
        if (!context.Changed)
        {
            // Run again after it was outranked, a delete finds the key gone and SET NX finds it there: its earlier attempt took effect
            // before what outranked it. A deadline that was taken off did not when the key expired by it: nobody can tell that from a delete.
            if (_wasSent && _wasExpiry)
                AnswerTimeout("change of the deadline of a key that is gone", 0, RuleOf(Request.WriteLevel).Required);
            else
                Answer(_wasSent ? _earlierReply!.Written : _reply.Written);
            return;
        }
        DecodeDelta(Request, context.DeltaVersion, _delta, out RowView delta);
        ApplyResult applied = isLocal
            ? Shard.Rows.Apply(RecordKey, delta, row, place, Shard.Outbox)
            : Shard.Apply(RecordKey, delta, Finished);
        if (applied.Outcome != ApplyOutcome.Applied)
        {
            OnNotApplied(applied);
            return;
        }
        Shard.TraceStamped(Request, stamp, context.DeltaVersion);
        _wasSent = true;
        _stamp = context.DeltaVersion;
        _wasRelative = context.IsRelative;
        _wasExpiry = delta.BaseVersion != delta.MaxVersion && delta.ExpiryVersion == delta.MaxVersion;
        if (!applied.Reflected)
        {
            OnSuperseded(applied.Winner);
            return;
        }
        _localWinner = applied.Winner;
        _write.Begin(context.DeltaVersion, _delta, applied.Winner, RuleOf(Request.WriteLevel));
    }

    private static void DecodeDelta(Request request, Version version, ByteWriter delta, out RowView row)
    {
        if (!RowView.TryDecode(version, delta.Written, out row))
            throw new InvariantException($"the delta of {request.Spec.Name} does not decode");
    }

    /// <summary>
    /// A change relative to the old value (INCR, APPEND) that was outranked must not simply run again: what outranked it may have
    /// been built on it. Only when a later write replaced the value did it leave no trace (<see cref="RowView.MayBeBuiltOn"/>).
    /// </summary>
    private bool TryEndRelative(in RowView row)
    {
        if (!row.MayBeBuiltOn(_stamp))
            return false;
        if (row.StringVersion == _stamp)
            Answer(_reply.Written);
        else
            AnswerTimeout("change that met another node's change of this key", 0, RuleOf(Request.WriteLevel).Required);
        return true;
    }

    private void RememberAttempt()
    {
        if (!_wasSent)
            return;
        _earlierReply ??= new ByteWriter();
        _earlierReply.Clear();
        _earlierReply.Write(_reply.Written);
    }

    private void OnNotApplied(in ApplyResult applied)
    {
        if (applied.Outcome is ApplyOutcome.Cold or ApplyOutcome.Stalled)
        {
            Park(applied.Cold);
            return;
        }
        if (WasSent)
        {
            AnswerTimeout("write", 0, RuleOf(Request.WriteLevel).Required);
            return;
        }
        Refuse(applied.Outcome == ApplyOutcome.DiskFull
            ? "DISKFULL no space left on this node's disk: the write was not applied; free space or add nodes"
            : $"ERR the value is too large: a key with its value may take {Shard.RecordBytesMax} bytes here");
    }
}
