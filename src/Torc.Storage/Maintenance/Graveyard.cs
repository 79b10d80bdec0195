using Torc.Base;
using Torc.Storage.Directory;
using Torc.Storage.Disk;
using Torc.Storage.Partitions;
using Torc.Storage.Records;
using Torc.Storage.Segments;

namespace Torc.Storage.Maintenance;

/// <summary>
/// The directories of dropped partitions. Dropping is one step; lowering the live totals of the segments that hold the dropped
/// records is done here, some entries at a time. No segment is removed meanwhile, so every address still means what it did.
/// </summary>
internal sealed class Graveyard(SegmentTable segments) : IDisposable
{
    private const int EntriesPerStep = 4096;

    private readonly Queue<PartitionState> _dropped = [];
    private ulong _cursor;

    public void Add(PartitionState partition) => _dropped.Enqueue(partition);

    public MaintenanceTask? Next() => _dropped.Count == 0 ? null : new DrainTask(this);

    public void DrainAll()
    {
        while (_dropped.Count > 0)
            Drain();
    }

    public void Dispose()
    {
        foreach (PartitionState partition in _dropped)
            partition.Directory.Dispose();
    }

    private void Drain()
    {
        PartitionState partition = _dropped.Peek();
        var sink = new Sink(segments);
        _cursor = partition.Directory.Scan(_cursor, EntriesPerStep, ref sink);
        if (_cursor != 0)
            return;
        _dropped.Dequeue().Directory.Dispose();
    }

    private sealed class DrainTask(Graveyard graveyard) : MaintenanceTask
    {
        public override void Run(IDisk disk)
        {
            // Directory entries are read under the lock only.
        }

        internal override void End(Instant now)
        {
            // Recovery of space may have drained everything while this task was between its steps.
            if (graveyard._dropped.Count > 0)
                graveyard.Drain();
        }
    }

    private readonly struct Sink(SegmentTable segments) : IAddressSink
    {
        public void Visit(long address)
        {
            Segment segment = segments.At(address, out int offset);
            if (!segment.IsResident)
            {
                segment.RemoveLiveOfUnknownSize();
                return;
            }
            SegmentTable.RecordAt(segment, offset, out RecordHeader header);
            segment.RemoveLive(header.Size);
        }
    }
}
