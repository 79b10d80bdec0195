namespace Torc.Storage.Records;

/// <summary>What a <see cref="RecordWalker"/> stands on.</summary>
internal enum WalkStep
{
    Record,

    /// <summary>Bytes that are no record, up to the next one that is, or to the end.</summary>
    Bad,

    End,
}

/// <summary>
/// Walks the records of a segment's bytes, verifying each. After bytes that are no record it tries every multiple of 8 until a
/// record is valid at its place again, with a bound on the work (a value can look like a million long records).
/// </summary>
internal ref struct RecordWalker(ReadOnlySpan<byte> segment, int offset, ulong logId, long sequence)
{
    /// <summary>Bytes checksummed while looking for the next record, in multiples of the segment; beyond, the rest counts as bad.</summary>
    private const int SearchFactorMax = 16;

    private readonly ReadOnlySpan<byte> _segment = segment;
    private long _searchBytesLeft = (long)segment.Length * SearchFactorMax;
    private int _next = offset;

    /// <summary>Where the record or the bad bytes begin.</summary>
    public int Offset { get; private set; }

    /// <summary>Where they end.</summary>
    public readonly int End => _next;

    public RecordHeader Header { get; private set; }

    public readonly ReadOnlySpan<byte> Record => _segment[Offset.._next];

    public WalkStep Next()
    {
        Offset = _next;
        if (Offset > 0 && Header.Kind == RecordKind.Seal)
            return WalkStep.End;
        if (_segment.Length - Offset < RecordCodec.HeaderBytes)
            return WalkStep.End;
        if (TryAt(Offset, out RecordHeader header))
        {
            Header = header;
            _next = Offset + header.Size;
            return WalkStep.Record;
        }
        Header = default;
        _next = FindFrom(Offset + RecordCodec.AlignmentBytes);
        return WalkStep.Bad;
    }

    private readonly bool TryAt(int offset, out RecordHeader header)
    {
        ReadOnlySpan<byte> rest = _segment[offset..];
        return RecordCodec.TryReadHeader(rest, rest.Length, out header)
            && RecordCodec.IsIntact(rest[..header.Size], RecordCodec.Seed(logId, sequence, offset));
    }

    private int FindFrom(int offset)
    {
        for (; offset + RecordCodec.HeaderBytes <= _segment.Length; offset += RecordCodec.AlignmentBytes)
        {
            ReadOnlySpan<byte> rest = _segment[offset..];
            if (!RecordCodec.TryReadHeader(rest, rest.Length, out RecordHeader header))
                continue;
            _searchBytesLeft -= header.Size;
            if (_searchBytesLeft < 0)
                break;
            if (TryAt(offset, out _))
                return offset;
        }
        return _segment.Length;
    }
}
