namespace Torc.Core.Cells;

/// <summary>
/// A row, read in place: a view over (greatest version, bytes) that holds no heap objects. Every view is canonical,
/// because <see cref="TryDecode"/> is the only door for bytes from outside. A delta is a row too, a partial one.
/// </summary>
public readonly ref struct RowView
{
    private readonly RowHead _head;
    private readonly bool _isShort;

    /// <summary>Short form: the string's value. General form: the encoded cells after their count.</summary>
    private readonly ReadOnlySpan<byte> _cells;

    /// <summary>General form: the value of the string cell.</summary>
    private readonly ReadOnlySpan<byte> _generalString;
    private readonly Version _stringVersion;

    private RowView(scoped in RowHead head, ReadOnlySpan<byte> encoded, ReadOnlySpan<byte> cells, int cellCount, bool isShort,
        ReadOnlySpan<byte> generalString, Version stringVersion)
    {
        _head = head;
        Encoded = encoded;
        _cells = cells;
        CellCount = cellCount;
        _isShort = isShort;
        _generalString = generalString;
        _stringVersion = stringVersion;
    }

    /// <summary>The row of a key that was never written: version None and no bytes.</summary>
    public static RowView Absent => default;

    /// <summary>A delete: covers every version up to and including <paramref name="version"/>. Version None gives <see cref="Absent"/>.</summary>
    public static RowView Tombstone(Version version) => version.IsNone
        ? default
        : new RowView(new RowHead(version, version, RowKind.None, Version.None, 0), RowWriter.TombstoneBytes, default, 0, true, default, default);

    public RowHead Head => _head;

    /// <summary>The bytes that travel and are stored beside <see cref="MaxVersion"/>.</summary>
    public ReadOnlySpan<byte> Encoded { get; }

    /// <summary>Greatest version anywhere in the row.</summary>
    public Version MaxVersion => _head.Max;

    public Version BaseVersion => _head.Base;

    public Version ExpiryVersion => _head.Expiry;

    public RowKind Kind => _head.Kind;

    /// <summary>Unix milliseconds; 0 when the row does not expire.</summary>
    public long DeadlineMs => _head.DeadlineMs;

    /// <summary>No versions at all. A tombstone is not absent.</summary>
    public bool IsAbsent => _head.Max.IsNone;

    /// <summary>The base is a delete, or missing.</summary>
    public bool IsDeleted => _head.Kind == RowKind.None;

    /// <summary>The row can expire some day: what a sweep must look at.</summary>
    public bool HasDeadline => _head.DeadlineMs != 0 && _head.Kind != RowKind.None;

    public int CellCount { get; }

    public bool HasStringCell => !_stringVersion.IsNone;

    /// <summary>A string whose value is not here: a change of its expiry arrived, the write that it followed did not. Not a miss.</summary>
    public bool LacksValue => _head.Kind == RowKind.String && !HasStringCell;

    public Version StringVersion => _stringVersion;

    /// <summary>The string's bytes, empty without a string cell. Meaningful to users only while <see cref="IsLive"/>.</summary>
    public ReadOnlySpan<byte> StringValue => _isShort ? _cells : _generalString;

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
            ulong hash = StableHash.Combine((ulong)_head.Kind + 1, _head.Base.Stamp);
            hash = StableHash.Combine(hash, _head.Base.ActorValue);
            hash = StableHash.Combine(hash, _head.Expiry.Stamp);
            hash = StableHash.Combine(hash, _head.Expiry.ActorValue);
            hash = StableHash.Combine(hash, (ulong)_head.DeadlineMs);
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
        var from = new ByteReader(bytes);
        if (!RowCodec.TryReadHead(ref from, max, out RowHead head, out bool isGeneral))
            return false;
        bool reachesMax = head.Base == max || head.Expiry == max;
        if (isGeneral)
            return TryDecodeGeneral(ref from, head, bytes, reachesMax, out row);

        bool isString = head.Kind == RowKind.String;
        ReadOnlySpan<byte> value = from.TakeRest();
        if (!isString && (!value.IsEmpty || !reachesMax))
            return false;
        row = new RowView(head, bytes, value, isString ? 1 : 0, true, default, isString ? max : default);
        return true;
    }

    /// <summary>Holds a value at this wall clock: a kind, not expired, and the cells that the kind needs.</summary>
    public bool IsLive(long wallMs)
    {
        if (_head.Kind == RowKind.None || IsExpired(wallMs))
            return false;
        return _head.Kind == RowKind.String ? HasStringCell : HasVisibleCell();
    }

    /// <summary>Has a kind, and its deadline is reached at this wall clock.</summary>
    public bool IsExpired(long wallMs) => HasDeadline && _head.DeadlineMs <= wallMs;

    private static bool TryDecodeGeneral(scoped ref ByteReader from, scoped in RowHead head, ReadOnlySpan<byte> bytes, bool reachesMax, out RowView row)
    {
        row = default;
        ulong count = RowCodec.ReadVarint(ref from);
        if (from.Failed || count > (ulong)from.Remaining)
            return false;
        ReadOnlySpan<byte> cells = bytes[^from.Remaining..];
        RowCell previous = default, text = default;
        for (ulong index = 0; index < count; index++)
        {
            if (!RowCodec.TryReadCell(ref from, head, out RowCell cell))
                return false;
            if (index > 0 && RowCell.ComparePlaces(previous, cell) >= 0)
                return false;
            reachesMax |= cell.Version == head.Max;
            if (cell.Kind == RowKind.String)
                text = cell;
            previous = cell;
        }
        bool fitsShort = RowCodec.IsShort(head, (int)count, text.Version == head.Max);
        if (!from.Complete || !reachesMax || fitsShort)
            return false;
        row = new RowView(head, bytes, cells, (int)count, false, text.Value, text.Version);
        return true;
    }

    private bool HasVisibleCell()
    {
        foreach (RowCell cell in Cells)
        {
            if (cell.Kind == _head.Kind && !cell.IsTombstone)
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
            _head = row._head;
            _isShort = row._isShort;
            _from = new ByteReader(row._cells);
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
