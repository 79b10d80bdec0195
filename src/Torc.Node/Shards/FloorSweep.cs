using Torc.Storage;

namespace Torc.Node.Shards;

/// <summary>
/// Forgets records that a floor covers, where a partition held newer ones too and could not be dropped whole. They are invisible
/// already; this gives their space and their place in DBSIZE back.
/// </summary>
internal sealed class FloorSweep(Shard shard) : IScanVisitor, IResumable
{
    private const int RecordsPerTickMax = 2_048;
    private readonly List<byte[]> _covered = [];
    private Version _floor;
    private ulong _from;
    private bool _isParked;
    private ColdRead? _finished;

    public void Run()
    {
        if (_isParked || !shard.Floors.TryNextSweep(out byte keyspace, out ushort partition))
            return;
        _floor = shard.Floors.Of(keyspace, partition).Version;
        _covered.Clear();
        ScanOutcome outcome = shard.Store.Scan(keyspace, partition, _from, RecordsPerTickMax, _finished, this, out ulong end, out ColdRead? cold);
        if (outcome == ScanOutcome.Cold)
        {
            _isParked = true;
            shard.Park(this, cold);
            return;
        }
        foreach (byte[] key in _covered)
        {
            var record = new RecordKey(keyspace, partition, key);
            if (shard.Store.Find(record, _finished, out _, out _) == FindOutcome.Found)
                shard.Store.Forget(record);
        }
        _finished = null;
        _from = end;
        if (end == 0)
            shard.Floors.SweepFinished();
    }

    /// <summary>The range has been read; the next tick looks at it.</summary>
    public void Resume(ColdRead? finished)
    {
        _isParked = false;
        _finished = finished;
    }

    public void Visit(in RecordView record)
    {
        if (Version.FromUInt128(record.Version) <= _floor)
            _covered.Add(record.Key.ToArray());
    }
}
