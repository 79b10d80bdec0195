using Torc.Core.Cells;
using Torc.Core.Placement;
using Torc.Core.Replication;
using Torc.Node.Peers;
using Torc.Storage;

namespace Torc.Node.Shards;

/// <summary>
/// Brings one hint to its owner, as an ordinary replica's write of its original version, and forgets it after the owner's durable answer.
/// The owners are resolved now (<see cref="HintOwners"/>). Whatever goes wrong leaves the hint where it is; to deliver it twice does no harm. A hint
/// that another write was merged into meanwhile stays too.
/// </summary>
internal sealed class HintDelivery(
    Shard shard, ushort partition, ushort target, byte[] name, Version version, byte[] row, ulong digest) : Operation(shard), IResumable
{
    private ushort[] _owners = [];
    private ReplicaSet _answered;
    private int _required;
    private bool _isRemoving;
    private bool _isDelivered;
    private bool _hasEnded;

    public void Begin()
    {
        (_owners, _required) = HintOwners.Of(Shard.View.Map!, partition, target);
        Hints.TryReadName(name, out _, out byte keyspace, out ReadOnlySpan<byte> key);
        foreach (ushort owner in _owners)
        {
            if (owner != Shard.View.Self && Shard.View.IsUp(owner))
                WriteMessage.Write(Shard.Outbox.Immediate(owner), partition, Id, keyspace, key, version, row);
        }
        if (_owners.Contains(Shard.View.Self))
            ApplyHere(null);
    }

    public override void OnWriteReply(ushort from, in WriteReply reply)
    {
        int owner = Array.IndexOf(_owners, from);
        if (owner < 0 || _isRemoving)
            return;
        if (reply.Status == WriteStatus.Refused)
            End();
        else
            Answered(owner);
    }

    public override void OnPeerDown(ushort node)
    {
        if (!_isRemoving && _owners.Contains(node))
            End();
    }

    public override void OnTimeout() => End();

    public void Resume(ColdRead? finished)
    {
        if (_hasEnded)
            return;
        if (_isRemoving)
            Remove(finished);
        else
            ApplyHere(finished);
    }

    /// <summary>This node became an owner. The log keeps the row before it forgets the hint.</summary>
    private void ApplyHere(ColdRead? finished)
    {
        Hints.TryReadName(name, out _, out byte keyspace, out ReadOnlySpan<byte> key);
        if (!RowView.TryDecode(version, row, out RowView delta))
            throw new InvariantException("a hint that decoded before does not decode");
        Shard.Clock.Observe(version);
        ApplyResult applied = Shard.Apply(new RecordKey(keyspace, partition, key), delta, finished);
        if (applied.Outcome is ApplyOutcome.Cold or ApplyOutcome.Stalled)
            Shard.Park(this, applied.Cold);
        else if (applied.Outcome == ApplyOutcome.Applied)
            Answered(Array.IndexOf(_owners, Shard.View.Self));
        else
            End();
    }

    private void Answered(int owner)
    {
        _answered = _answered.With(owner);
        if (_answered.Count < _required)
            return;
        _isRemoving = true;
        Remove(null);
    }

    private void Remove(ColdRead? finished)
    {
        var key = new RecordKey(KeyspaceSettings.HintsId, partition, name);
        FindOutcome found = Shard.Store.Find(key, finished, out RecordView kept, out ColdRead? cold);
        if (found == FindOutcome.Cold)
        {
            Shard.Park(this, cold);
            return;
        }
        bool isSame = found == FindOutcome.Found
            && RowView.TryDecode(Version.FromUInt128(kept.Version), kept.Row, out RowView now) && now.Digest == digest;
        if (isSame && Shard.Store.Forget(key) == PutOutcome.Done)
        {
            Shard.Hints.OnDelivered(target, partition, name, row);
            _isDelivered = true;
        }
        End();
    }

    private void End()
    {
        _hasEnded = true;
        Leave();
        Shard.HintReplay.OnEnded(_isDelivered);
    }
}
