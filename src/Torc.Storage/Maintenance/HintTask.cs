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
        using NativeBuffer? read = segment.IsResident ? null : new NativeBuffer(segment.End);
        bool isRead = read == null || segment.File!.Read(0, read.Span) == DiskOutcome.Done;
        ReadOnlySpan<byte> bytes = read == null ? segment.Bytes(0, segment.End) : read.Span;
        Count(isRead ? bytes : default, out int entries, out int keyBytes);
        using var builder = new SegmentIndexBuilder(entries, keyBytes);
        if (!isRead || !TryCollect(builder, bytes))
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

    /// <summary>A quick look ahead, so that memory is taken once. Of a damaged segment it may be wrong.</summary>
    private static void Count(ReadOnlySpan<byte> bytes, out int entries, out int keyBytes)
    {
        entries = keyBytes = 0;
        int offset = SegmentHeader.Bytes;
        while (offset < bytes.Length && RecordCodec.TryReadHeader(bytes[offset..], bytes.Length - offset, out RecordHeader header))
        {
            entries++;
            keyBytes += header.KeyLength;
            offset += header.Size;
        }
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
