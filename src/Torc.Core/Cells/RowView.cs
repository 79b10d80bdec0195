namespace Torc.Core.Cells;

/// <summary>
/// A row, read in place: a view over (greatest version, bytes) that holds no heap objects. Every view is canonical,
/// because <see cref="TryDecode"/> is the only door for bytes from outside. A delta is a row too, a partial one.
/// </summary>
public readonly ref struct RowView
{
    /// <summary>Short form: where the string's value begins in the bytes. General form: where the encoded cells begin, after their count.</summary>
    private readonly int _cellsStart;

    /// <summary>General form: where the string cell begins in the bytes; 0 when there is none.</summary>
    private readonly int _stringCellStart;
    private readonly bool _isShort;

    private RowView(Version max, Version baseVersion, RowKind kind, long deadlineMs, ReadOnlySpan<byte> encoded, int cellsStart, int cellCount, bool isShort, int stringCellStart)
    {
        MaxVersion = max;
        BaseVersion = baseVersion;
        Kind = kind;
        DeadlineMs = deadlineMs;
        Encoded = encoded;
        CellCount = cellCount;
        _cellsStart = cellsStart;
        _isShort = isShort;
        _stringCellStart = stringCellStart;
    }

    /// <summary>The row of a key that was never written: version None and no bytes.</summary>
    public static RowView Absent => default;

    /// <summary>A delete: covers every version up to and including <paramref name="version"/>. Version None gives <see cref="Absent"/>.</summary>
    public static RowView Tombstone(Version version) => version.IsNone
        ? default
        : new RowView(version, version, RowKind.None, 0, RowWriter.TombstoneBytes, 1, 0, true, 0);

    public RowHead Head => new(MaxVersion, BaseVersion, Kind, ExpiryVersion, DeadlineMs);

    /// <summary>The bytes that travel and are stored beside <see cref="MaxVersion"/>.</summary>
    public ReadOnlySpan<byte> Encoded { get; }

    /// <summary>Greatest version anywhere in the row.</summary>
    public Version MaxVersion { get; }

    public Version BaseVersion { get; }

    public Version ExpiryVersion => Encoded.IsEmpty ? Version.None : RowCodec.ExpiryOf(Encoded, MaxVersion, BaseVersion);

    public RowKind Kind { get; }

    /// <summary>Unix milliseconds; 0 when the row does not expire.</summary>
    public long DeadlineMs { get; }

    /// <summary>No versions at all. A tombstone is not absent.</summary>
    public bool IsAbsent => MaxVersion.IsNone;

    /// <summary>The base is a delete, or missing.</summary>
    public bool IsDeleted => Kind == RowKind.None;

    /// <summary>The row can expire some day: what a sweep must look at.</summary>
    public bool HasDeadline => DeadlineMs != 0 && Kind != RowKind.None;

    public int CellCount { get; }

    public bool HasStringCell => _isShort ? Kind == RowKind.String : _stringCellStart > 0;

    /// <summary>A string whose value is not here: a change of its expiry arrived, the write that it followed did not. Not a miss.</summary>
    public bool LacksValue => Kind == RowKind.String && !HasStringCell;

    public Version StringVersion => !HasStringCell ? Version.None : _isShort ? MaxVersion : GeneralString().Version;

    /// <summary>The string's bytes, empty without a string cell. Meaningful to users only while <see cref="IsLive"/>.</summary>
    public ReadOnlySpan<byte> StringValue => _isShort ? Encoded[_cellsStart..] : _stringCellStart > 0 ? GeneralString().Value : default;

    public CellEnumerator Cells => new(this);

    /// <summary>
    /// A hash of every version, the kind and the deadline, not of the values: two rows have the same digest when they
    /// hold the same writes. 0 for the absent row only. Cells are added up, so a large row can keep its sum.
    /// </summary>
    public ulong Digest
    {
        get
        {
            if (IsAbsent)
                return 0;
            ulong sum = 0;
            foreach (RowCell cell in Cells)
                sum += cell.Digest();
            Version expiry = ExpiryVersion;
            ulong hash = StableHash.Combine((ulong)Kind + 1, BaseVersion.Stamp);
            hash = StableHash.Combine(hash, BaseVersion.ActorValue);
            hash = StableHash.Combine(hash, expiry.Stamp);
            hash = StableHash.Combine(hash, expiry.ActorValue);
            hash = StableHash.Combine(hash, (ulong)DeadlineMs);
            hash = StableHash.Combine(hash, sum);
            return hash == 0 ? 1 : hash;
        }
    }

    /// <summary>Reads a row that may be hostile: false unless the bytes are the one encoding of some row with greatest version <paramref name="max"/>.</summary>
    public static bool TryDecode(Version max, ReadOnlySpan<byte> bytes, out RowView row)
    {
        row = default;
        if (max.IsNone || bytes.IsEmpty)
            return max.IsNone && bytes.IsEmpty;
        if (!max.IsValid)
            return false;
        if (bytes[0] == RowCodec.PlainString)
        {
            row = new RowView(max, max, RowKind.String, 0, bytes, 1, 1, true, 0);
            return true;
        }
        return TryDecodeAny(max, bytes, out row);
    }

    /// <summary>Holds a value at this wall clock: a kind, not expired, and the cells that the kind needs.</summary>
    public bool IsLive(long wallMs)
    {
        if (Kind == RowKind.None || IsExpired(wallMs))
            return false;
        return Kind == RowKind.String ? HasStringCell : HasVisibleCell();
    }

    /// <summary>Has a kind, and its deadline is reached at this wall clock.</summary>
    public bool IsExpired(long wallMs) => HasDeadline && DeadlineMs <= wallMs;

    private static bool TryDecodeAny(Version max, ReadOnlySpan<byte> bytes, out RowView row)
    {
        row = default;
        var from = new ByteReader(bytes);
        if (!RowCodec.TryReadHead(ref from, max, out RowHead head, out bool isGeneral))
            return false;
        bool reachesMax = head.Base == max || head.Expiry == max;
        if (isGeneral)
            return TryDecodeGeneral(ref from, head, bytes, reachesMax, out row);

        bool isString = head.Kind == RowKind.String;
        if (!isString && (from.Remaining > 0 || !reachesMax))
            return false;
        row = new RowView(max, head.Base, head.Kind, head.DeadlineMs, bytes, bytes.Length - from.Remaining, isString ? 1 : 0, true, 0);
        return true;
    }

    private static bool TryDecodeGeneral(scoped ref ByteReader from, scoped in RowHead head, ReadOnlySpan<byte> bytes, bool reachesMax, out RowView row)
    {
        row = default;
        ulong count = RowCodec.ReadVarint(ref from);
        if (from.Failed || count > (ulong)from.Remaining)
            return false;
        int cellsStart = bytes.Length - from.Remaining, stringCellStart = 0;
        RowCell previous = default, text = default;
        for (ulong index = 0; index < count; index++)
        {
            int start = bytes.Length - from.Remaining;
            if (!RowCodec.TryReadCell(ref from, head, out RowCell cell))
                return false;
            if (index > 0 && RowCell.ComparePlaces(previous, cell) >= 0)
                return false;
            reachesMax |= cell.Version == head.Max;
            if (cell.Kind == RowKind.String)
            {
                text = cell;
                stringCellStart = start;
            }
            previous = cell;
        }
        bool fitsShort = RowCodec.IsShort(head, (int)count, text.Version == head.Max);
        if (!from.Complete || !reachesMax || fitsShort)
            return false;
        row = new RowView(head.Max, head.Base, head.Kind, head.DeadlineMs, bytes, cellsStart, (int)count, false, stringCellStart);
        return true;
    }

    /// <summary>The string cell of the general form; it was valid when the row was decoded.</summary>
    private RowCell GeneralString()
    {
        var from = new ByteReader(Encoded[_stringCellStart..]);
        RowCodec.TryReadCell(ref from, Head, out RowCell cell);
        return cell;
    }

    private bool HasVisibleCell()
    {
        foreach (RowCell cell in Cells)
        {
            if (cell.Kind == Kind && !cell.IsTombstone)
                return true;
        }
        return false;
    }

    /// <summary>Visits the cells in their canonical order, without allocation.</summary>
    public ref struct CellEnumerator
    {
        private readonly RowHead _head;
        private readonly bool _isShort;
        private ByteReader _from;
        private int _left;
        private RowCell _current;

        internal CellEnumerator(scoped in RowView row)
        {
            _head = row.Head;
            _isShort = row._isShort;
            _from = new ByteReader(row.Encoded[row._cellsStart..]);
            _left = row.CellCount;
        }

        public readonly RowCell Current => _current;

        public readonly CellEnumerator GetEnumerator() => this;

        public bool MoveNext()
        {
            if (_left == 0)
                return false;
            _left--;
            if (_isShort)
                _current = new RowCell(RowKind.String, default, _head.Max, false, _from.TakeRest());
            else
                Check.That(RowCodec.TryReadCell(ref _from, _head, out _current));
            return true;
        }
    }
}
