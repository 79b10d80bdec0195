using Torc.Core.Cells;
using Torc.Core.Placement;
using Torc.Storage;

namespace Torc.Node.Shards;

/// <summary>
/// Delivers hints, those of earlier runs too, once their targets are up: walks the hints of the shard, partition by partition, and starts a bounded
/// number of <see cref="HintDelivery"/>s with a bounded number of bytes a tick, so that clients come first. What could not be delivered stays
/// for the next walk. A target that is no replica of a key any more has its hints go to those that are.
/// </summary>
internal sealed class HintReplay(Shard shard) : IScanVisitor, IResumable
{
    private const int ScansPerTickMax = 16;
    private const int RowsPerScan = 32;

    private readonly List<HintDelivery> _found = [];
    private ColdRead? _finished;
    private ulong _from;
    private ulong _cutAt;
    private ulong _walkedEpoch;
    private long _nextWalkMicros;
    private long _bytesLeft;
    private int _partition;
    private int _underWay;
    private bool _isWalking;
    private bool _isCut;
    private bool _isParked;

    private ClusterMap Map => shard.View.Map!;

    /// <summary>Called each tick.</summary>
    public void Run()
    {
        if (_isParked || (!_isWalking && !TryBeginWalk()))
            return;
        _bytesLeft = shard.Options.HintReplayBytesPerTickMax;
        for (int scans = 0; scans < ScansPerTickMax && _isWalking && !_isParked && HasRoom; scans++)
            ScanNext();
    }

    public void OnEnded(bool delivered)
    {
        _underWay--;
        if (!delivered)
            _walkedEpoch = 0;
    }

    public void Resume(ColdRead? finished)
    {
        _isParked = false;
        _finished = finished;
    }

    public void Visit(in RecordView record)
    {
        if (record.Hash < _from || _isCut || !Hints.TryReadName(record.Key, out ushort target, out _, out _) || !IsDeliverable(target))
            return;
        if (!HasRoom)
        {
            _isCut = true;
            _cutAt = record.Hash;
            return;
        }
        Version version = Version.FromUInt128(record.Version);
        if (!RowView.TryDecode(version, record.Row, out RowView row))
            return;
        _bytesLeft -= record.Row.Length;
        _found.Add(new HintDelivery(shard, (ushort)_partition, target, record.Key.ToArray(), version, record.Row.ToArray(), row.Digest));
    }

    private bool HasRoom => _underWay + _found.Count < shard.Options.HintReplaysMax && _bytesLeft > 0 && !shard.Operations.IsFull;

    private bool TryBeginWalk()
    {
        if (_underWay > 0 || shard.Now.MonotonicMicros < _nextWalkMicros || !HasDeliverable())
            return false;
        _isWalking = true;
        _walkedEpoch = Map.Epoch;
        _partition = 0;
        _from = 0;
        return true;
    }

    private bool HasDeliverable()
    {
        foreach (ushort target in shard.Hints.WaitingBytes.Keys)
        {
            // With a new map, what was kept for a node that is still away, or gone, may have other owners.
            if (shard.View.IsUp(target) || Map.Epoch != _walkedEpoch)
                return true;
        }
        return false;
    }

    private void ScanNext()
    {
        while (_partition < Map.PartitionCount && shard.Store.Counts(KeyspaceSettings.HintsId, (ushort)_partition).Records == 0)
        {
            _partition++;
            _from = 0;
        }
        if (_partition >= Map.PartitionCount)
        {
            _isWalking = false;
            _nextWalkMicros = shard.Deadline(shard.Options.HintRetryMs);
            return;
        }
        long bytesLeft = _bytesLeft;
        _isCut = false;
        ScanOutcome outcome = shard.Store.Scan(
            KeyspaceSettings.HintsId, (ushort)_partition, _from, RowsPerScan, _finished, this, out ulong end, out ColdRead? cold);
        _finished = null;
        if (outcome == ScanOutcome.Cold)
        {
            _found.Clear();
            _bytesLeft = bytesLeft;
            _isParked = true;
            shard.Park(this, cold);
            return;
        }
        _from = _isCut ? _cutAt : end;
        if (!_isCut && end == 0)
            _partition++;
        _underWay += _found.Count;
        foreach (HintDelivery delivery in _found)
        {
            shard.Operations.Add(delivery, shard.Deadline(shard.Options.OperationTimeoutMs));
            delivery.Begin();
        }
        _found.Clear();
    }

    private bool IsDeliverable(ushort target)
    {
        bool isReplica = Map.IsReplica(_partition, target);
        if (isReplica && Map.PendingOf(_partition).IsEmpty)
            return shard.View.IsUp(target);
        (ushort[] owners, int required) = HintOwners.Of(Map, _partition, target);
        int up = 0;
        foreach (ushort owner in owners)
            up += shard.View.IsUp(owner) ? 1 : 0;
        if (up >= required)
            return true;
        if (!isReplica)
            _walkedEpoch = 0; // look again in the next walk
        return false;
    }
}
