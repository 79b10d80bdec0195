using Torc.Storage.Disk;
using Torc.Storage.Memory;
using Torc.Storage.Records;
using Torc.Storage.Segments;

namespace Torc.Storage.Recovery;

/// <summary>
/// Learns what each segment holds, newest first, and with it the highest durable offset that any header, mark or <see cref="ReachedFile"/> names. A
/// hint is believed only for a segment that lies wholly below that offset (newer segments have named it by then).
/// </summary>
internal sealed class SegmentReader(IDisk disk, ulong logId, int segmentBytes, long reachedOffset, RecoveryReport report)
{
    /// <summary>Everything below it was durable: what is missing there was lost by the disk.</summary>
    public long NamedOffset { get; private set; } = reachedOffset;

    public void ReadAll(DirectorySurvey survey)
    {
        foreach (FoundSegment segment in survey.Segments)
        {
            if (segment.HasOwnHeader)
                Name(segment.Header.DurableOffset);
            if (survey.Hints.TryGetValue(segment.Sequence, out DiskFileInfo hint))
                segment.HintLength = hint.Length;
        }
        for (int index = survey.Segments.Count - 1; index >= 0; index--)
            Read(survey.Segments[index]);
    }

    private void Read(FoundSegment segment)
    {
        if (segment.HeaderState == SegmentHeaderState.Empty || segment.IsMisnamed)
            return;
        if (segment.HasOwnHeader && TryHint(segment))
            return;
        Scan(segment);
    }

    private bool TryHint(FoundSegment segment)
    {
        if (segment.HintLength < 0)
            return false;
        report.ReadBytes += segment.HintLength;
        SegmentIndex? hint = SegmentIndex.TryRead(disk, FileNames.Hint(segment.Sequence), segment.HintLength, logId, segment.Sequence, segmentBytes);
        bool isDurable = hint != null && (segment.Sequence * segmentBytes) + hint.End <= NamedOffset;
        if (isDurable)
            segment.LeastEnd = hint!.End;
        if (!isDurable || hint!.End > segment.File.Length)
        {
            hint?.Dispose();
            return false;
        }
        segment.Index = hint;
        segment.IsFromHint = true;
        segment.End = hint.End;
        Name(hint.NamedOffset);
        return true;
    }

    private void Scan(FoundSegment segment)
    {
        int length = (int)Math.Min(segment.File.Length, segmentBytes);
        using var memory = new NativeBuffer(length);
        Span<byte> bytes = memory.Span;
        SegmentFile.ReadLeniently(segment.File, bytes);
        report.ReadBytes += length;
        report.SegmentsScanned++;
        using var builder = new SegmentIndexBuilder();
        var walker = new RecordWalker(bytes, SegmentHeader.Bytes, logId, segment.Sequence);
        for (WalkStep step = walker.Next(); step != WalkStep.End; step = walker.Next())
        {
            if (step == WalkStep.Bad)
            {
                segment.Bad.Add(new BadRange(walker.Offset, walker.End));
                continue;
            }
            builder.Add(walker.Offset, walker.Record, walker.Header);
            segment.Records++;
            segment.End = walker.End;
            segment.LastKind = walker.Header.Kind;
            if (walker.Header.Kind == RecordKind.CleanStop)
                Name((segment.Sequence * segmentBytes) + walker.End);
        }
        segment.Index = builder.Build(logId, segment.Sequence, segmentBytes, segment.End);
        Name(segment.Index.NamedOffset);
    }

    private void Name(long offset) => NamedOffset = Math.Max(NamedOffset, offset);
}
