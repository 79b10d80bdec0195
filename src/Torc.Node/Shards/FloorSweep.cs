using Torc.Storage;

namespace Torc.Node.Shards;

/// <summary>
/// Forgets records that a floor covers, where a partition held newer ones too and could not be dropped whole. They are invisible
/// already; this gives their space and their place in DBSIZE back.
/// </summary>
internal sealed class FloorSweep(Shard shard) : IScanVisitor
{
    private const int RecordsPerTickMax = 2_048;
    private readonly List<byte[]> _covered = [];
    private Version _floor;
    private ulong _from;

    public void Run()
    {
        if (!shard.Floors.TryNextSweep(out byte keyspace, out ushort partition))
            return;
        _floor = shard.Floors.Of(keyspace, partition).Version;
        _covered.Clear();
        ScanOutcome outcome = shard.Store.Scan(keyspace, partition, _from, RecordsPerTickMax, null, this, out ulong end, out ColdRead? cold);
        if (outcome == ScanOutcome.Cold)
        {
            // Read the range in, and look again in a later turn.
            shard.Park(new Retry(), cold);
            return;
        }
        foreach (byte[] key in _covered)
        {
            var record = new RecordKey(keyspace, partition, key);
            if (shard.Store.Find(record, null, out _, out _) == FindOutcome.Found)
                shard.Store.Forget(record);
        }
        _from = end;
        if (end == 0)
            shard.Floors.SweepFinished();
    }

    public void Visit(in RecordView record)
    {
        if (Version.FromUInt128(record.Version) <= _floor)
            _covered.Add(record.Key.ToArray());
    }

    private sealed class Retry : IResumable
    {
        public void Resume(ColdRead? finished)
        {
        }
    }
}
