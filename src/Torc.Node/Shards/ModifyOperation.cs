using Torc.Core.Cells;
using Torc.Core.Replication;
using Torc.Node.Commands;
using Torc.Node.Peers;
using Torc.Storage;

namespace Torc.Node.Shards;

/// <summary>
/// A read-modify-write: holds its key, reads at quorum, lets the handler change the row, writes. Atomic among the
/// read-modify-writes that the same coordinator runs; see the router for which one that is. Hints never count for it: the quorum that the
/// next one reads has to meet what this one wrote, and fallbacks are not read.
/// </summary>
internal sealed class ModifyOperation : ChangeOperation, IReadPhaseOwner
{
    private readonly ReadPhase _read;
    private bool _isReading;

    public ModifyOperation(Shard shard)
        : base(shard) => _read = new ReadPhase(this, this);

    /// <summary>What the change is based on is never less than a majority, of the data centre only when its write is local too.</summary>
    private ConsistencyLevel ReadLevel =>
        Levels.IsLocal(Request.WriteLevel) ? ConsistencyLevel.LocalQuorum : ConsistencyLevel.Quorum;

    protected override void Reset()
    {
        base.Reset();
        _isReading = false;
        _read.Reset(KeptBytesMax);
    }

    protected override void OnStart()
    {
        Shard.Gate.Hold(this);
        Run(null);
    }

    protected override void OnMoved()
    {
        if (!_isReading)
        {
            base.OnMoved();
            return;
        }
        _isReading = false;
        _read.Reset(KeptBytesMax);
        Shard.Operations.Renew(this);
        if (MayCoordinate)
            Run(null);
        else
            OnMovedAway();
    }

    protected override void OnResume(ColdRead? finished) => Run(finished);

    public override void OnReadReply(ushort from, in ReadReply reply)
    {
        if (_isReading)
            _read.OnReply(from, reply);
    }

    public override void OnWriteReply(ushort from, in WriteReply reply)
    {
        if (_isReading)
            _read.OnRepairReply(from, reply);
        else
            base.OnWriteReply(from, reply);
    }

    public override void OnPeerDown(ushort node)
    {
        if (_isReading)
            _read.OnPeerDown(node);
        else
            base.OnPeerDown(node);
    }

    public override void OnTick()
    {
        if (_isReading)
            _read.OnTick();
    }

    public override void OnTimeout()
    {
        // Nothing of this command was sent while it still reads for the first time.
        if (_isReading && !WasSent)
            AnswerTimeout("read before the change", _read.Answered, _read.Required);
        else
            base.OnTimeout();
    }

    public void OnRow(in RowView row)
    {
        _isReading = false;
        Shard.Operations.Renew(this);
        Change(row);
    }

    public void OnReadFailed(int required)
    {
        if (WasSent)
            AnswerTimeout("write", 0, required);
        else
            Refuse($"UNAVAILABLE a change reads a quorum first, whatever the level: it needs {Shortage(RuleOf(ReadLevel))}; wait for nodes to come back");
    }

    public void OnValueOutOfReach()
    {
        if (WasSent)
            AnswerTimeout("write", 0, RuleOf(Request.WriteLevel).Required);
        else
            Refuse(ValueOutOfReachError);
    }

    private void Run(ColdRead? finished)
    {
        if (!MayStamp())
            return;
        FindOutcome outcome = Shard.Rows.Read(RecordKey, finished, Shard.Outbox, out RowView row, out RecordView record, out ColdRead? cold);
        if (outcome == FindOutcome.Cold)
        {
            Park(cold);
            return;
        }
        if (outcome == FindOutcome.Damaged)
        {
            OnDamaged();
            return;
        }
        QuorumRule rule = RuleOf(ReadLevel);
        if (rule.Required == 1 && !row.LacksValue)
        {
            ChangeHere(row, record.Place);
            return;
        }
        _isReading = true;
        if (rule.Required == 1)
            _read.BeginForValue(row);
        else
            _read.Begin(row, rule);
    }

    private void OnDamaged()
    {
        Shard.OnDamagedRecord(Request.Partition);
        if (Replicas.Length == 1)
            Refuse(Shard.DamagedError);
        else if (WasSent)
            AnswerTimeout("write", 0, RuleOf(Request.WriteLevel).Required);
        else
            HandOver();
    }
}
