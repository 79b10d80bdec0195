using System.Runtime.CompilerServices;

namespace Torc.Core.Cells;

/// <summary>
/// The one encoding of a row, for wire, disk and hash (docs/formats/row.md). It travels beside its greatest version
/// <c>max</c>, and every version equal to max is left out. Integers are little-endian; a varint is LEB128, shortest form.
/// <code>
///  flags     base version       expiry version     deadline           cells
/// +--------+------------------+------------------+------------------+-------------------------------+
/// | 1 byte | 16, if explicit  | 16, if explicit  | varint, if any   | short: value | general: below |
/// +--------+------------------+------------------+------------------+-------------------------------+
///  flags:  bits 0-2 kind of the base      bits 3-4 base version: 0 none, 1 = max, 2 explicit
///          bits 5-6 expiry version: 0 none, 1 = max, 2 = base version, 3 explicit     bit 7 general form
///
///  short form    kind String: one string cell at version max, its value is the rest. Other kinds: no cells, no more bytes.
///  general form  varint count, then each cell in ascending order of (kind, sub-key):
/// +--------+------------------+----------------+---------+------------------------+--------+
/// | 1 byte | 16, if explicit  | varint length  | sub-key | varint length, unless  | value  |
/// |        | cell version     |                |         | tombstone              |        |
/// +--------+------------------+----------------+---------+------------------------+--------+
///  cell flags: bits 0-2 kind of the cell  bit 3 tombstone  bits 4-5 version: 0 = max, 1 = base version, 2 explicit
///  version:    stamp (8), actor (8)
/// </code>
/// A SET without expiry costs one byte beyond its value. Canonical: a row has one encoding, because the first form and
/// tag that fits must be used, nothing covered by the base is kept, and some component has version max. An absent
/// row is (None, no bytes). A fixed layout would read a little faster, but this is what fills memory and disk.
/// </summary>
internal static class RowCodec
{
    public const byte KindMask = 0x07;
    public const int BaseTagShift = 3;
    public const int ExpiryTagShift = 5;
    public const byte GeneralForm = 0x80;

    public const int BaseNone = 0, BaseAtMax = 1, BaseExplicit = 2;
    public const int ExpiryNone = 0, ExpiryAtMax = 1, ExpiryAtBase = 2, ExpiryExplicit = 3;

    /// <summary>The flags of what a plain SET leaves: a string at version max, without expiry. All that follows is its value.</summary>
    public const byte PlainString = (byte)RowKind.String | BaseAtMax << BaseTagShift;

    public const byte CellTombstone = 0x08;
    public const int CellTagShift = 4;
    public const int CellAtMax = 0, CellAtBase = 1, CellExplicit = 2;

    private const int VarintBytesMax = 9;

    /// <summary>Whether the cells fit the short form: for a string exactly one string cell at max, else none.</summary>
    public static bool IsShort(scoped in RowHead head, int cellCount, bool soleIsStringAtMax) =>
        head.Kind == RowKind.String ? cellCount == 1 && soleIsStringAtMax : cellCount == 0;

    public static void WriteHead(ByteWriter to, scoped in RowHead head, bool isShort)
    {
        int baseTag = head.Base.IsNone ? BaseNone : head.Base == head.Max ? BaseAtMax : BaseExplicit;
        int expiryTag = head.Expiry.IsNone ? ExpiryNone
            : head.Expiry == head.Max ? ExpiryAtMax
            : head.Expiry == head.Base ? ExpiryAtBase
            : ExpiryExplicit;
        to.WriteByte((byte)((int)head.Kind | baseTag << BaseTagShift | expiryTag << ExpiryTagShift | (isShort ? 0 : GeneralForm)));
        if (baseTag == BaseExplicit)
            WriteVersion(to, head.Base);
        if (expiryTag == ExpiryExplicit)
            WriteVersion(to, head.Expiry);
        if (expiryTag != ExpiryNone)
            WriteVarint(to, (ulong)head.DeadlineMs);
    }

    public static void WriteCell(ByteWriter to, scoped in RowHead head, scoped in RowCell cell)
    {
        int tag = cell.Version == head.Max ? CellAtMax : cell.Version == head.Base ? CellAtBase : CellExplicit;
        to.WriteByte((byte)((int)cell.Kind | (cell.IsTombstone ? CellTombstone : 0) | tag << CellTagShift));
        if (tag == CellExplicit)
            WriteVersion(to, cell.Version);
        WriteVarint(to, (ulong)cell.SubKey.Length);
        to.Write(cell.SubKey);
        if (cell.IsTombstone)
            return;
        WriteVarint(to, (ulong)cell.Value.Length);
        to.Write(cell.Value);
    }

    /// <summary>Reads flags, versions and deadline; false when they are not canonical. Cells are left in the reader.</summary>
    public static bool TryReadHead(scoped ref ByteReader from, Version max, out RowHead head, out bool isGeneral)
    {
        byte flags = from.ReadByte();
        var kind = (RowKind)(flags & KindMask);
        int baseTag = (flags >> BaseTagShift) & 3, expiryTag = (flags >> ExpiryTagShift) & 3;
        isGeneral = (flags & GeneralForm) != 0;
        head = default;

        Version baseVersion = baseTag switch { BaseAtMax => max, BaseExplicit => ReadVersion(ref from), _ => Version.None };
        bool valid = baseTag switch
        {
            BaseNone => kind == RowKind.None,
            BaseAtMax => true,
            BaseExplicit => IsExplicit(baseVersion, max),
            _ => false,
        };
        Version expiry = expiryTag switch
        {
            ExpiryAtMax => max,
            ExpiryAtBase => baseVersion,
            ExpiryExplicit => ReadVersion(ref from),
            _ => Version.None,
        };
        ulong deadlineMs = expiryTag == ExpiryNone ? 0 : ReadVarint(ref from);
        head = new RowHead(max, baseVersion, kind, expiry, (long)deadlineMs);
        valid &= expiryTag switch
        {
            ExpiryAtMax => !head.Covers(max),
            ExpiryAtBase => baseTag == BaseExplicit && kind != RowKind.None,
            ExpiryExplicit => IsExplicit(expiry, max) && expiry != baseVersion && !head.Covers(expiry),
            _ => true,
        };
        return valid && deadlineMs <= long.MaxValue && !from.Failed;
    }

    public static bool IsGeneral(byte flags) => (flags & GeneralForm) != 0;

    public static bool HasExpiry(byte flags) => ((flags >> ExpiryTagShift) & 3) != ExpiryNone;

    /// <summary>The base version of a row that is known to be canonical.</summary>
    public static Version BaseOf(ReadOnlySpan<byte> row, Version max)
    {
        int baseTag = (row[0] >> BaseTagShift) & 3;
        if (baseTag != BaseExplicit)
            return baseTag == BaseAtMax ? max : Version.None;
        var from = new ByteReader(row[1..]);
        return ReadVersion(ref from);
    }

    /// <summary>Reads one cell; false when it is not canonical by itself (order is the caller's to check).</summary>
    public static bool TryReadCell(scoped ref ByteReader from, scoped in RowHead head, out RowCell cell)
    {
        byte flags = from.ReadByte();
        var kind = (RowKind)(flags & KindMask);
        int tag = flags >> CellTagShift;
        bool isTombstone = (flags & CellTombstone) != 0;
        Version version = tag switch
        {
            CellAtMax => head.Max,
            CellAtBase => head.Base,
            CellExplicit => ReadVersion(ref from),
            _ => Version.None,
        };
        bool valid = tag switch
        {
            CellAtMax => true,
            CellAtBase => !head.Base.IsNone && head.Base != head.Max,
            CellExplicit => IsExplicit(version, head.Max) && version != head.Base,
            _ => false,
        };
        ReadOnlySpan<byte> subKey = ReadBytes(ref from);
        ReadOnlySpan<byte> value = isTombstone ? default : ReadBytes(ref from);
        cell = new RowCell(kind, subKey, version, isTombstone, value);
        valid &= kind != RowKind.None && !head.Covers(version);
        valid &= kind != RowKind.String || (subKey.IsEmpty && !isTombstone);
        return valid && !from.Failed;
    }

    public static ulong ReadVarint(scoped ref ByteReader from)
    {
        ulong value = 0;
        for (int index = 0; index < VarintBytesMax; index++)
        {
            byte part = from.ReadByte();
            value |= (ulong)(part & 0x7F) << (7 * index);
            if ((part & 0x80) != 0)
                continue;
            if (part == 0 && index > 0)
                break;
            return value;
        }
        from.Take(-1);
        return 0;
    }

    public static void WriteVarint(ByteWriter to, ulong value)
    {
        Check.That(value <= long.MaxValue);
        for (; value >= 0x80; value >>= 7)
            to.WriteByte((byte)(value | 0x80));
        to.WriteByte((byte)value);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsExplicit(Version version, Version max) => !version.IsNone && version < max;

    private static ReadOnlySpan<byte> ReadBytes(scoped ref ByteReader from)
    {
        ulong length = ReadVarint(ref from);
        return from.Take(length > int.MaxValue ? -1 : (int)length);
    }

    private static Version ReadVersion(scoped ref ByteReader from)
    {
        ulong stamp = from.ReadUInt64();
        return new Version(stamp, from.ReadUInt64());
    }

    private static void WriteVersion(ByteWriter to, Version version)
    {
        to.WriteUInt64(version.Stamp);
        to.WriteUInt64(version.ActorValue);
    }
}
