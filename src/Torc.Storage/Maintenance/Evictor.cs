using Torc.Base;
using Torc.Storage.Disk;
using Torc.Storage.Log;
using Torc.Storage.Records;
using Torc.Storage.Segments;

namespace Torc.Storage.Maintenance;

/// <summary>
/// Takes the oldest sealed segment out of memory. Records read since it came in are copied to the tail first, up to a share of
/// the segment, so what is hot stays in memory. In memory mode what is not copied is gone: the cache is full.
/// </summary>
internal sealed class Evictor(StorageOptions options, SegmentTable segments, RecordMover mover)
{
    private Segment? _victim;
    private int _position;
    private long _promotedBytes;

    public long PromotedTotal { get; private set; }

    public long SegmentsTotal { get; private set; }

    private bool IsMemoryOnly => options.Mode == StorageMode.Memory;

    public MaintenanceTask? Next(Segment? active, Compactor compactor)
    {
        if (_victim is not { IsResident: true, IsReplaced: false })
        {
            _victim = Choose(active);
            _position = SegmentHeader.Bytes;
            _promotedBytes = 0;
        }
        return _victim == null ? null : new EvictTask(this, compactor);
    }

    private Segment? Choose(Segment? active)
    {
        foreach (Segment segment in segments.Ordered)
        {
            if (segment.IsResident && segment.IsSealed && segment != active && segment.WrittenEnd == segment.End && !segment.IsReplaced
                && (IsMemoryOnly || segment.IsHintTried || segment.IsDamaged))
                return segment;
        }
        return null;
    }

    private void Step(Compactor compactor)
    {
        if (_victim is not { IsResident: true } victim)
            return;
        int stop = (int)Math.Min((long)_position + options.MaintenanceStepBytes, victim.End);
        while (_position < stop)
        {
            ReadOnlySpan<byte> record = SegmentTable.RecordAt(victim, _position, out RecordHeader header);
            if (header.Kind == RecordKind.Put)
                Handle(victim, record, header);
            _position += header.Size;
        }
        if (_position < victim.End)
            return;
        SegmentsTotal++;
        _victim = null;
        if (IsMemoryOnly)
        {
            compactor.Abandon(victim);
            segments.Remove(victim);
        }
        else
        {
            segments.ReleaseMemory(victim);
        }
    }

    private void Handle(Segment victim, ReadOnlySpan<byte> record, in RecordHeader header)
    {
        bool isPromoted = victim.IsTouched(_position)
            && _promotedBytes + record.Length <= options.PromotedShareMax * options.SegmentBytes
            && mover.Move(victim, _position, record, header, StableHash.Hash64(RecordCodec.Key(record)), AppendUse.Put) == MoveOutcome.Moved;
        if (isPromoted)
        {
            PromotedTotal++;
            _promotedBytes += record.Length;
        }
        else if (IsMemoryOnly)
        {
            mover.Evict(victim, _position, record, header);
        }
    }

    private sealed class EvictTask(Evictor evictor, Compactor compactor) : MaintenanceTask
    {
        public override void Run(IDisk disk)
        {
            // Memory is read and let go under the lock only.
        }

        internal override void End(Instant now) => evictor.Step(compactor);
    }
}
