using Torc.Core.Cells;
using Torc.Core.Placement;
using Torc.Storage;

namespace Torc.Node.Shards;

/// <summary>
/// Collects tombstones when a partition's garbage floor has risen: the deletes at or below it that were in the log before this copy closed it, so that every other replica holds them
/// too, or has collected them. Key directory, Merkle tree and log forget them in one step; compaction gives the space back.
/// </summary>
/// <remarks>
/// A tombstone that came later, with an old version all the same, waits for the next floor: an expired row becomes a delete of the versions that it has, which others may not have heard of.
/// After a restart what is left waits for the next floor too.
/// </remarks>
internal sealed class GarbageSweep(Shard shard) : IScanVisitor, IResumable
{
    private const int RecordsPerTickMax = 1_024;

    private readonly SortedDictionary<ushort, (ulong Floor, long Offset)> _toSweep = [];
    private readonly List<(byte[] Key, Version Version, ulong Digest)> _found = [];
    private ColdRead? _finished;
    private ulong _floor, _from;
    private long _offset;
    private ushort _partition;
    private byte _keyspace;
    private int _collected;
    private bool _isSweeping, _isParked;

    /// <summary>Tombstones collected since the start. Read by other threads.</summary>
    public long Collected => Volatile.Read(ref _collectedTotal);

    private long _collectedTotal;

    /// <param name="partition">Whose floor rose.</param>
    /// <param name="floor">In force.</param>
    /// <param name="offset">The end of the log when this copy closed it.</param>
    public void Begin(ushort partition, ulong floor, long offset) => _toSweep[partition] = (floor, offset);

    /// <summary>The copy is not what it was when the floor was agreed.</summary>
    public void Abandon(ushort partition)
    {
        _toSweep.Remove(partition);
        if (_partition == partition)
            _isSweeping = false;
    }

    /// <summary>Called each tick.</summary>
    public void Run()
    {
        if (_isParked || (!_isSweeping && !TryBeginNext()))
            return;
        while (_keyspace < KeyspaceSettings.UserKeyspacesMax && !HasTombstones(_keyspace))
            NextKeyspace();
        if (_keyspace < KeyspaceSettings.UserKeyspacesMax)
            SweepRange();
        else
            End();
    }

    public void Resume(ColdRead? finished)
    {
        _isParked = false;
        _finished = finished;
    }

    public void Visit(in RecordView record)
    {
        bool isCandidate = (record.Flags & RecordFlags.Tombstone) != 0 && record.EndOffset <= _offset && (ulong)(record.Version >> 64) <= _floor;
        if (!isCandidate || !RowView.TryDecode(Version.FromUInt128(record.Version), record.Row, out RowView row) || !LocalRows.IsTombstone(row))
            return;
        shard.Rows.JoinFloor(_keyspace, _partition, ref row, shard.Outbox);
        if (row.MaxVersion.Stamp <= _floor)
            _found.Add((record.Key.ToArray(), row.MaxVersion, row.Digest));
    }

    private bool TryBeginNext()
    {
        if (_toSweep.Count == 0)
            return false;
        (_partition, (_floor, _offset)) = _toSweep.First();
        _toSweep.Remove(_partition);
        _isSweeping = true;
        _keyspace = 0;
        _from = 0;
        _collected = 0;
        return true;
    }

    private bool HasTombstones(byte keyspace)
    {
        PartitionCounts counts = shard.Store.Counts(keyspace, _partition);
        return counts.Records > counts.Live;
    }

    private void NextKeyspace()
    {
        _keyspace++;
        _from = 0;
    }

    private void SweepRange()
    {
        _found.Clear();
        ScanOutcome outcome = shard.Store.Scan(_keyspace, _partition, _from, RecordsPerTickMax, _finished, this, out ulong end, out ColdRead? cold);
        ColdRead? finished = _finished;
        _finished = null;
        if (outcome == ScanOutcome.Cold)
        {
            _isParked = true;
            shard.Park(this, cold);
            return;
        }
        foreach ((byte[] key, Version version, ulong digest) in _found)
        {
            // The log may be full: those that are left wait for the next floor.
            if (shard.Rows.TryForget(new RecordKey(_keyspace, _partition, key), version, digest, finished, shard.Outbox))
                _collected++;
        }
        _from = end;
        if (end == 0)
            NextKeyspace();
    }

    private void End()
    {
        _isSweeping = false;
        Volatile.Write(ref _collectedTotal, _collectedTotal + _collected);
        if (_collected > 0)
            shard.Emit(new NodeEvent(NodeEventKind.TombstonesCollected, _partition, Count: _collected));
    }
}
