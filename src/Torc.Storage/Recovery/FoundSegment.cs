using Torc.Storage.Disk;
using Torc.Storage.Records;
using Torc.Storage.Segments;

namespace Torc.Storage.Recovery;

/// <summary>Bytes of a segment that are no record.</summary>
internal readonly record struct BadRange(int From, int To);

/// <summary>A segment file as recovery finds it.</summary>
internal sealed class FoundSegment(string name, long sequence, IDiskFile file)
{
    public string Name { get; } = name;

    public long Sequence { get; } = sequence;

    public IDiskFile File { get; } = file;

    public SegmentHeaderState HeaderState { get; set; }

    /// <summary>Meaningful when the state is valid.</summary>
    public SegmentHeader Header { get; set; }

    /// <summary>The header is another segment's: a recycled file that never got its own.</summary>
    public bool IsMisnamed => HeaderState == SegmentHeaderState.Valid && Header.Sequence != Sequence;

    public bool HasOwnHeader => HeaderState == SegmentHeaderState.Valid && !IsMisnamed;

    public long HintLength { get; set; } = -1;

    public SegmentIndex? Index { get; set; }

    public bool IsFromHint { get; set; }

    /// <summary>In ascending order.</summary>
    public List<BadRange> Bad { get; } = [];

    /// <summary>Records of any kind that were found; unknown (zero) when the hint was believed.</summary>
    public int Records { get; set; }

    public RecordKind LastKind { get; set; }

    /// <summary>Where its records ended once, as its hint says; less when nothing does.</summary>
    public int LeastEnd { get; set; }

    /// <summary>Where the last record ends.</summary>
    public int End { get; set; } = SegmentHeader.Bytes;

    public bool IsDamaged { get; set; }
}
