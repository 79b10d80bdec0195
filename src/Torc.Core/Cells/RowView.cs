using System.Runtime.CompilerServices;

namespace Torc.Core.Cells;

/// <summary>
/// A row, read in place: a view over (greatest version, bytes) that holds no heap objects. Every view is canonical,
/// because <see cref="TryDecode"/> is the only door for bytes from outside. A delta is a row too, a partial one.
/// </summary>
/// <remarks>
/// It is passed from hand to hand for each request, and most look at a member or two of a row that a plain SET left: so it is two
/// words wide twice, decodes each member when asked, and is filled where it lies: a copy of it has to wait for the stores that made it.
/// </remarks>
public ref struct RowView
{
    private RowView(Version max, ReadOnlySpan<byte> encoded)
    {
        MaxVersion = max;
        Encoded = encoded;
    }

    /// <summary>The row of a key that was never written: version None and no bytes.</summary>
    public static RowView Absent => default;

    /// <summary>A delete: covers every version up to and including <paramref name="version"/>. Version None gives <see cref="Absent"/>.</summary>
    public static RowView Tombstone(Version version) => version.IsNone ? default : new RowView(version, RowWriter.TombstoneBytes);

    public readonly RowHead Head
    {
        get
        {
            if (Encoded.IsEmpty)
                return default;
            Read(out RowHead head, out _);
            return head;
        }
    }

    /// <summary>The bytes that travel and are stored beside <see cref="MaxVersion"/>.</summary>
    public ReadOnlySpan<byte> Encoded { readonly get; private set; }

    /// <summary>Greatest version anywhere in the row.</summary>
    public Version MaxVersion { readonly get; private set; }

    public readonly Version BaseVersion => Encoded.IsEmpty ? Version.None : RowCodec.BaseOf(Encoded, MaxVersion);

    public readonly Version ExpiryVersion => Head.Expiry;

    /// <summary>Greatest version of the base and the cells: of what the key holds, whenever that is to end.</summary>
    public readonly Version ContentVersion
    {
        get
        {
            Version greatest = BaseVersion;
            foreach (RowCell cell in Cells)
                greatest = Version.Max(greatest, cell.Version);
            return greatest;
        }
    }

    public readonly RowKind Kind => Encoded.IsEmpty ? RowKind.None : (RowKind)(Encoded[0] & RowCodec.KindMask);

    /// <summary>Unix milliseconds; 0 when the row does not expire.</summary>
    public readonly long DeadlineMs => Encoded.IsEmpty || !RowCodec.HasExpiry(Encoded[0]) ? 0 : Head.DeadlineMs;

    /// <summary>No versions at all. A tombstone is not absent.</summary>
    public readonly bool IsAbsent => Encoded.IsEmpty;

    /// <summary>The base is a delete, or missing.</summary>
    public readonly bool IsDeleted => Kind == RowKind.None;

    /// <summary>The row can expire some day: what a sweep must look at.</summary>
    public readonly bool HasDeadline => DeadlineMs != 0 && Kind != RowKind.None;

    public readonly int CellCount
    {
        get
        {
            CellEnumerator cells = Cells;
            return cells.Left;
        }
    }

    public readonly bool HasStringCell => IsShort ? Kind == RowKind.String : TryFindStringCell(out _);

    /// <summary>A string whose value is not here: a change of its expiry arrived, the write that it followed did not. Not a miss.</summary>
    public readonly bool LacksValue => Kind == RowKind.String && !HasStringCell;

    /// <summary>
    /// Whether the value may be built on a change of the string by this version. Not when a later base replaced the whole row and wrote the value, too. A base
    /// alone says nothing: a value of a yet later version was written by who had not seen that base, and may have seen the change. Nor does one that an expiry follows:
    /// <see cref="RowWriter.Renewed"/> gives one to the value that was there.
    /// </summary>
    public readonly bool MayBeBuiltOn(Version change) => BaseVersion <= change || StringVersion > BaseVersion || ExpiryVersion > BaseVersion;

    public readonly Version StringVersion
    {
        get
        {
            if (IsShort)
                return Kind == RowKind.String ? MaxVersion : Version.None;
            TryFindStringCell(out RowCell cell);
            return cell.Version;
        }
    }

    /// <summary>The string's bytes, empty without a string cell. Meaningful to users only while <see cref="IsLive"/>.</summary>
    public readonly ReadOnlySpan<byte> StringValue
    {
        get
        {
            if (IsPlainString)
                return Encoded[1..];
            TryFindStringCell(out RowCell cell);
            return cell.Value;
        }
    }

    public readonly CellEnumerator Cells => new(this);

    /// <summary>What a plain SET leaves, nearly always.</summary>
    internal readonly bool IsPlainString => !Encoded.IsEmpty && Encoded[0] == RowCodec.PlainString;

    private readonly bool IsShort => Encoded.IsEmpty || !RowCodec.IsGeneral(Encoded[0]);

    /// <summary>
    /// A hash of every version, the kind and the deadline, not of the values: two rows have the same digest when they
    /// hold the same writes. 0 for the absent row only. Cells are added up, so a large row can keep its sum.
    /// </summary>
    public readonly ulong Digest
    {
        get
        {
            if (IsAbsent)
                return 0;
            ulong sum = 0;
            foreach (RowCell cell in Cells)
                sum += cell.Digest();
            RowHead head = Head;
            ulong hash = StableHash.Combine((ulong)head.Kind + 1, head.Base.Stamp);
            hash = StableHash.Combine(hash, head.Base.ActorValue);
            hash = StableHash.Combine(hash, head.Expiry.Stamp);
            hash = StableHash.Combine(hash, head.Expiry.ActorValue);
            hash = StableHash.Combine(hash, (ulong)head.DeadlineMs);
            hash = StableHash.Combine(hash, sum);
            return hash == 0 ? 1 : hash;
        }
    }

    /// <summary>Reads a row that may be hostile: false unless the bytes are the one encoding of some row with greatest version <paramref name="max"/>.</summary>
    public static bool TryDecode(Version max, ReadOnlySpan<byte> bytes, out RowView row)
    {
        if (max.IsNone || bytes.IsEmpty)
        {
            row = default;
            return max.IsNone && bytes.IsEmpty;
        }
        if (!max.IsValid || (bytes[0] != RowCodec.PlainString && !IsCanonical(max, bytes)))
        {
            row = default;
            return false;
        }
        Unsafe.SkipInit(out row);
        row.MaxVersion = max;
        row.Encoded = bytes;
        return true;
    }

    /// <summary>Holds a value at this wall clock: a kind, not expired, and the cells that the kind needs.</summary>
    public readonly bool IsLive(long wallMs)
    {
        if (IsPlainString)
            return true;
        if (Kind == RowKind.None || IsExpired(wallMs))
            return false;
        return Kind == RowKind.String ? HasStringCell : HasVisibleCell();
    }

    /// <summary>Has a kind, and its deadline is reached at this wall clock.</summary>
    public readonly bool IsExpired(long wallMs) => HasDeadline && DeadlineMs <= wallMs;

    private static bool IsCanonical(Version max, ReadOnlySpan<byte> bytes)
    {
        var from = new ByteReader(bytes);
        if (!RowCodec.TryReadHead(ref from, max, out RowHead head, out bool isGeneral))
            return false;
        bool reachesMax = head.Base == max || head.Expiry == max;
        if (isGeneral)
            return IsCanonicalGeneral(ref from, head, reachesMax);
        return head.Kind == RowKind.String || (from.Remaining == 0 && reachesMax);
    }

    private static bool IsCanonicalGeneral(scoped ref ByteReader from, scoped in RowHead head, bool reachesMax)
    {
        ulong count = RowCodec.ReadVarint(ref from);
        if (from.Failed || count > (ulong)from.Remaining)
            return false;
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
        return from.Complete && reachesMax && !fitsShort;
    }

    /// <summary>The head, and what follows it. The bytes were found valid when the view was made.</summary>
    private readonly void Read(out RowHead head, out ByteReader rest)
    {
        rest = new ByteReader(Encoded);
        RowCodec.TryReadHead(ref rest, MaxVersion, out head, out _);
    }

    /// <summary>The string cell is the first, when there is one: no kind is lower, and it has no sub-key.</summary>
    private readonly bool TryFindStringCell(out RowCell cell)
    {
        CellEnumerator cells = Cells;
        cell = cells.MoveNext() && cells.Current.Kind == RowKind.String ? cells.Current : default;
        return !cell.Version.IsNone;
    }

    private readonly bool HasVisibleCell()
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
        private RowCell _current;

        internal CellEnumerator(scoped in RowView row)
        {
            if (row.IsAbsent)
                return;
            row.Read(out _head, out _from);
            _isShort = row.IsShort;
            Left = _isShort ? (_head.Kind == RowKind.String ? 1 : 0) : (int)RowCodec.ReadVarint(ref _from);
        }

        /// <summary>Cells not visited yet.</summary>
        internal int Left { get; private set; }

        public readonly RowCell Current => _current;

        public readonly CellEnumerator GetEnumerator() => this;

        public bool MoveNext()
        {
            if (Left == 0)
                return false;
            Left--;
            if (_isShort)
                _current = new RowCell(RowKind.String, default, _head.Max, false, _from.TakeRest());
            else
                Check.That(RowCodec.TryReadCell(ref _from, _head, out _current));
            return true;
        }
    }
}
