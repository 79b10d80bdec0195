using Torc.Storage.Records;
using Torc.Storage.Segments;

namespace Torc.Storage.Recovery;

/// <summary>
/// Tells a torn tail from corruption. Bytes that are no record and lie at or above the highest named durable offset were never
/// acknowledged: the log is cut there, and everything after is dropped. Below it they are damage: reported, the rest served. So is an end that is not
/// there at all, of a segment that had come further.
/// </summary>
internal sealed class TailCut(int segmentBytes, long namedOffset, long reachedOffset, RecoveryReport report)
{
    /// <summary>Segments that stay, oldest first.</summary>
    public List<FoundSegment> Kept { get; } = [];

    /// <summary>Segments above the cut, or never used, newest first.</summary>
    public List<FoundSegment> Dropped { get; } = [];

    /// <summary>
    /// The dropped segment whose header alone says that the newest run began; null when a kept one says so too. It stays, empty, until the next
    /// run's header is on disk: without it the log would look as if the run before it had been the last.
    /// </summary>
    public FoundSegment? LastWitness { get; private set; }

    /// <summary>The segment whose file is to be shortened to its <see cref="FoundSegment.End"/>; null when the log ends cleanly.</summary>
    public FoundSegment? CutSegment { get; private set; }

    public void Judge(IReadOnlyList<FoundSegment> segments)
    {
        bool isCut = false;
        foreach (FoundSegment segment in segments)
        {
            long baseOffset = segment.Sequence * segmentBytes;
            if (isCut)
            {
                report.TornBytes += Math.Max(0, segment.End - SegmentHeader.Bytes);
                Dropped.Insert(0, segment);
                continue;
            }
            JudgeHeader(segment, baseOffset);
            isCut = JudgeRecords(segment, baseOffset);
            JudgeEnd(segment, baseOffset, segments);
            if (segment.End == SegmentHeader.Bytes && !segment.IsDamaged)
                Dropped.Insert(0, segment);
            else
                Kept.Add(segment);
            if (isCut && Kept.Count > 0 && Kept[^1] == segment)
                CutSegment = segment;
        }
    }

    /// <summary>Call last.</summary>
    public void FindWitness(long newestRun)
    {
        if (!Kept.Exists(segment => segment.HasOwnHeader && segment.Header.Run == newestRun))
            LastWitness = Dropped.FindLast(segment => segment.HasOwnHeader && segment.Header.Run == newestRun);
    }

    private void JudgeHeader(FoundSegment segment, long baseOffset)
    {
        bool isPrepared = baseOffset + SegmentHeader.Bytes > namedOffset && segment.Records == 0;
        if (segment.HasOwnHeader || isPrepared)
            return;
        Report(segment, 0, segment.IsMisnamed ? "the header is another segment's" : "the header is damaged");
        if (segment.Index == null)
            Report(segment, SegmentHeader.Bytes, "nothing of the segment can be read");
    }

    /// <summary>True when the log is cut in this segment.</summary>
    private bool JudgeRecords(FoundSegment segment, long baseOffset)
    {
        foreach (BadRange bad in segment.Bad)
        {
            if (baseOffset + bad.From >= namedOffset)
            {
                report.TornBytes += Math.Max(0, segment.End - bad.From);
                segment.End = Math.Min(segment.End, bad.From);
                segment.Index!.CutAt(bad.From);
                return true;
            }
            Report(segment, bad.From, $"{bad.To - bad.From} bytes are no record");
        }
        return segment.Index == null && baseOffset + SegmentHeader.Bytes > namedOffset;
    }

    /// <summary>
    /// Zeros where records were are bytes that are no record; what a shorter file lacks is nothing at all. Segments that were made ahead and hold nothing are no
    /// evidence either way.
    /// </summary>
    private void JudgeEnd(FoundSegment segment, long baseOffset, IReadOnlyList<FoundSegment> segments)
    {
        if (segment.Index == null)
            return; // Told with its header, or prepared only.
        long least = Math.Max(segment.LeastEnd, Math.Max(Within(baseOffset, namedOffset), Within(baseOffset, reachedOffset)));
        int seen = segment.Bad.Count == 0 ? segment.End : Math.Max(segment.End, segment.Bad[^1].To);
        if (seen < least)
            Report(segment, seen, $"the end is missing: records were durable up to {least}");
        else if (!segment.IsFromHint && !segment.IsDamaged && segment.LastKind != RecordKind.Seal && WasSealed(segment, segments))
            Report(segment, seen, "the end is missing: the log went on in the next segment, and this one has no seal");
    }

    /// <summary>The header of a later run names an offset above what the run before it reached, before that run's end was seen to: so both are looked at.</summary>
    private long Within(long baseOffset, long offset) => offset > baseOffset && offset < baseOffset + segmentBytes ? offset - baseOffset : 0;

    /// <summary>A later segment of the same run has something that was durable.</summary>
    private bool WasSealed(FoundSegment segment, IReadOnlyList<FoundSegment> segments)
    {
        for (int index = segments.Count - 1; segment.HasOwnHeader && index >= 0 && segments[index].Sequence > segment.Sequence; index--)
        {
            FoundSegment later = segments[index];
            if (later.HasOwnHeader && later.Header.Run == segment.Header.Run && later.Sequence * segmentBytes + SegmentHeader.Bytes < namedOffset)
                return true;
        }
        return false;
    }

    private void Report(FoundSegment segment, int offset, string what)
    {
        segment.IsDamaged = true;
        report.Add(new Damage(segment.Name, offset, what));
    }
}
