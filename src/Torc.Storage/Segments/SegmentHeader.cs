using System.Buffers.Binary;
using Torc.Base;

namespace Torc.Storage.Segments;

/// <summary>What the first bytes of a segment file are.</summary>
internal enum SegmentHeaderState
{
    Valid,

    /// <summary>All zero: the file was made and its header not yet written.</summary>
    Empty,

    /// <summary>A valid header of a format that this version does not know.</summary>
    OtherFormat,

    /// <summary>Anything else.</summary>
    Bad,
}

/// <summary>
/// The first 64 bytes of a segment file, little-endian:
/// <code>
///   0          8        12       16         24              28            32    40           41   48               56
///   +----------+--------+--------+----------+---------------+-------------+-----+------------+----+----------------+--------+
///   | TORCSEGM | format | CRC32C | sequence | segment bytes | shard index | run | durability | 0  | durable offset | log id |
///   |          |  u32   |  u32   |   i64    |      i32      |     i32     | i64 |     u8     | x7 |      i64       |  u64   |
///   +----------+--------+--------+----------+---------------+-------------+-----+------------+----+----------------+--------+
/// </code>
/// The checksum covers all 64 bytes but itself. Every format keeps the first 16 bytes and the checksum's range, so that any version can
/// tell "newer than I am" from "damaged". <c>run</c> is the sequence of the first segment of the process run that made this one; it and
/// the durability of that run are what other logs put into a start record: here they are on disk, synced, before the run's first record.
/// <c>durable offset</c> is what was durable when the segment was prepared. <c>log id</c> is the same in all segments of a shard.
/// </summary>
internal readonly record struct SegmentHeader(
    long Sequence, int SegmentBytes, int ShardIndex, long Run, Durability Durability, long DurableOffset, ulong LogId)
{
    public const int Bytes = 64;
    public const uint Format = 1;
    private const ulong Magic = 0x4D47_4553_4352_4F54; // "TORCSEGM"

    public void Write(Span<byte> to)
    {
        to[..Bytes].Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(to, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(to[8..], Format);
        BinaryPrimitives.WriteInt64LittleEndian(to[16..], Sequence);
        BinaryPrimitives.WriteInt32LittleEndian(to[24..], SegmentBytes);
        BinaryPrimitives.WriteInt32LittleEndian(to[28..], ShardIndex);
        BinaryPrimitives.WriteInt64LittleEndian(to[32..], Run);
        to[40] = (byte)Durability;
        BinaryPrimitives.WriteInt64LittleEndian(to[48..], DurableOffset);
        BinaryPrimitives.WriteUInt64LittleEndian(to[56..], LogId);
        BinaryPrimitives.WriteUInt32LittleEndian(to[12..], Checksum(to));
    }

    public static bool HasMagic(ReadOnlySpan<byte> from) => from.Length >= sizeof(ulong) && BinaryPrimitives.ReadUInt64LittleEndian(from) == Magic;

    public static SegmentHeaderState Read(ReadOnlySpan<byte> from, out SegmentHeader header)
    {
        header = default;
        if (!from.ContainsAnyExcept((byte)0))
            return SegmentHeaderState.Empty;
        if (from.Length < Bytes || !HasMagic(from)
            || BinaryPrimitives.ReadUInt32LittleEndian(from[12..]) != Checksum(from))
            return SegmentHeaderState.Bad;
        if (BinaryPrimitives.ReadUInt32LittleEndian(from[8..]) != Format)
            return SegmentHeaderState.OtherFormat;
        header = new SegmentHeader(
            BinaryPrimitives.ReadInt64LittleEndian(from[16..]), BinaryPrimitives.ReadInt32LittleEndian(from[24..]),
            BinaryPrimitives.ReadInt32LittleEndian(from[28..]), BinaryPrimitives.ReadInt64LittleEndian(from[32..]),
            (Durability)from[40], BinaryPrimitives.ReadInt64LittleEndian(from[48..]), BinaryPrimitives.ReadUInt64LittleEndian(from[56..]));
        return SegmentHeaderState.Valid;
    }

    private static uint Checksum(ReadOnlySpan<byte> header) =>
        Crc32C.Compute(header[16..Bytes], Crc32C.Compute(header[..12]));
}
