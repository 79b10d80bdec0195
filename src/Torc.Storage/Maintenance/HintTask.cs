using Torc.Base;
using Torc.Storage.Disk;
using Torc.Storage.Memory;
using Torc.Storage.Records;
using Torc.Storage.Segments;

namespace Torc.Storage.Maintenance;

/// <summary>
/// Writes the hint file of a sealed segment, from its memory or its file. Without one the next start reads the whole
/// segment, so a failure here (a full disk) is not worth more than trying again after the next start.
/// </summary>
internal sealed class HintTask(ulong logId, Segment segment) : MaintenanceTask
{
    private bool _isWritten, _foundDamage;

    public override void Run(IDisk disk)
    {
        using var builder = new SegmentIndexBuilder();
        if (!TryCollect(builder))
        {
            _foundDamage = true;
            return;
        }
        string name = FileNames.Hint(segment.Sequence);
        using SegmentIndex index = builder.Build(logId, segment.Sequence, segment.SegmentBytes, segment.End);
        if (disk.Create(name, 0, out IDiskFile? file) != DiskOutcome.Done)
            return;
        using (file)
            _isWritten = file!.Write(0, index.File) == DiskOutcome.Done;
        if (!_isWritten)
            disk.Delete(name);
    }

    internal override void End(Instant now)
    {
        segment.IsHintTried = true;
        segment.HasHint = _isWritten;
        segment.IsDamaged |= _foundDamage;
    }

    private bool TryCollect(SegmentIndexBuilder builder)
    {
        if (segment.IsResident)
            return TryCollect(builder, segment.Bytes(0, segment.End));
        using var bytes = new NativeBuffer(segment.End);
        return segment.File!.Read(0, bytes.Span) == DiskOutcome.Done && TryCollect(builder, bytes.Span);
    }

    private bool TryCollect(SegmentIndexBuilder builder, ReadOnlySpan<byte> bytes)
    {
        var walker = new RecordWalker(bytes, SegmentHeader.Bytes, logId, segment.Sequence);
        for (WalkStep step = walker.Next(); step != WalkStep.End; step = walker.Next())
        {
            if (step == WalkStep.Bad)
                return false;
            builder.Add(walker.Offset, walker.Record, walker.Header);
        }
        return true;
    }
}
