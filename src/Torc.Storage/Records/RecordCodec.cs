using System.Buffers.Binary;
using Torc.Base;

namespace Torc.Storage.Records;

/// <summary>What a record says. Persisted; frozen by a test.</summary>
internal enum RecordKind : byte
{
    /// <summary>The key's row from here on.</summary>
    Put = 1,

    /// <summary>The key has no record before the log offset in the version field.</summary>
    Forget = 2,

    /// <summary>The (keyspace, partition) has no record before the log offset in the version field.</summary>
    Drop = 3,

    /// <summary>The log is durable up to the log offset in the version field.</summary>
    FlushMark = 4,

    /// <summary>Everything before this record is durable, and the run ended here.</summary>
    CleanStop = 5,

    /// <summary>The last record of a full segment.</summary>
    Seal = 6,
}

/// <summary>The fixed part of a record, decoded.</summary>
internal readonly record struct RecordHeader(
    RecordKind Kind, RecordFlags Flags, byte Keyspace, ushort Partition, UInt128 Version, int KeyLength, int RowLength)
{
    /// <summary>Bytes in the log, padding included.</summary>
    public int Size => (int)RecordCodec.SizeOf(KeyLength, RowLength);
}

/// <summary>
/// A record of the log. Records lie one after the other in a segment, each on a multiple of 8 bytes, all numbers little-endian:
/// <code>
///   0        4           8          11     12      13         14          16         32
///   +--------+-----------+----------+------+-------+----------+-----------+----------+-----+-----+---------+
///   | CRC32C | row bytes | key bytes| kind | flags | keyspace | partition | version  | key | row | 0 to 8n |
///   |  u32   |    u32    |   u24    |  u8  |  u8   |    u8    |    u16    | 16 bytes |     |     |         |
///   +--------+-----------+----------+------+-------+----------+-----------+----------+-----+-----+---------+
/// </code>
/// The checksum covers everything after itself, padding included, and starts from <see cref="Seed"/>: log id, segment sequence and offset.
/// So a record is valid at its own place only: what a recycled file still holds, a misplaced sector, or a value that looks like
/// a record is not one. A record is found by the length before it; after damage, by trying every multiple of 8 (<see cref="RecordWalker"/>).
/// Marks carry a log offset in the version field and have neither key nor row.
/// </summary>
internal static class RecordCodec
{
    public const int HeaderBytes = 32;
    public const int AlignmentBytes = 8;
    public const int KeyBytesMax = (1 << 24) - 1;
    private const byte FlagsMask = (byte)(RecordFlags.Tombstone | RecordFlags.HasDeadline);

    public static long SizeOf(long keyLength, long rowLength) =>
        (HeaderBytes + keyLength + rowLength + AlignmentBytes - 1) & -AlignmentBytes;

    /// <summary>Where a record's checksum starts from.</summary>
    public static uint Seed(ulong logId, long sequence, int offset) =>
        Crc32C.Compute((ulong)offset, Crc32C.Compute((ulong)sequence, Crc32C.Compute(logId, seed: 0)));

    /// <summary>Writes a record over the whole of <paramref name="to"/>, whose length is its size, but for the checksum.</summary>
    public static void Write(Span<byte> to, in RecordHeader header, ReadOnlySpan<byte> key, ReadOnlySpan<byte> row)
    {
        // Four words at once, not nine fields: short stores that longer loads of the checksum read back would stall it.
        Span<byte> start = to[..HeaderBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(start, (ulong)(uint)row.Length << 32);
        BinaryPrimitives.WriteUInt64LittleEndian(start[8..], (uint)key.Length | (ulong)header.Kind << 24 | (ulong)header.Flags << 32
            | (ulong)header.Keyspace << 40 | (ulong)header.Partition << 48);
        BinaryPrimitives.WriteUInt64LittleEndian(start[16..], (ulong)header.Version);
        BinaryPrimitives.WriteUInt64LittleEndian(start[24..], (ulong)(header.Version >> 64));
        key.CopyTo(to[HeaderBytes..]);
        row.CopyTo(to[(HeaderBytes + key.Length)..]);
        to[(HeaderBytes + key.Length + row.Length)..].Clear();
    }

    /// <summary>Checksums a record that was written, or copied to another place.</summary>
    public static void WriteChecksum(Span<byte> record, uint seed) =>
        BinaryPrimitives.WriteUInt32LittleEndian(record, Crc32C.Compute(record[4..], seed));

    /// <summary>
    /// Decodes the fixed part at the start of <paramref name="bytes"/>. False: no record starts here that ends within
    /// <paramref name="roomBytes"/>. True proves nothing before <see cref="IsIntact"/>.
    /// </summary>
    public static bool TryReadHeader(ReadOnlySpan<byte> bytes, long roomBytes, out RecordHeader header)
    {
        header = default;
        if (bytes.Length < HeaderBytes)
            return false;
        var kind = (RecordKind)bytes[11];
        if (kind is < RecordKind.Put or > RecordKind.Seal || (bytes[12] & ~FlagsMask) != 0)
            return false;
        uint rowLength = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
        int keyLength = KeyLength(bytes);
        if (SizeOf(keyLength, rowLength) > roomBytes)
            return false;
        header = ReadHeader(bytes);
        return true;
    }

    /// <summary>Decodes the fixed part of what is known to be a record.</summary>
    public static RecordHeader ReadHeader(ReadOnlySpan<byte> record)
    {
        ReadOnlySpan<byte> bytes = record[..HeaderBytes];
        uint keyAndKind = BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]);
        return new RecordHeader((RecordKind)(keyAndKind >> 24), (RecordFlags)bytes[12], bytes[13], BinaryPrimitives.ReadUInt16LittleEndian(bytes[14..]),
            BinaryPrimitives.ReadUInt128LittleEndian(bytes[16..]), (int)(keyAndKind & KeyBytesMax), BinaryPrimitives.ReadInt32LittleEndian(bytes[4..]));
    }

    public static int KeyLength(ReadOnlySpan<byte> record) => (int)(BinaryPrimitives.ReadUInt32LittleEndian(record[8..]) & KeyBytesMax);

    public static int RowLength(ReadOnlySpan<byte> record) => BinaryPrimitives.ReadInt32LittleEndian(record[4..]);

    public static ReadOnlySpan<byte> Key(ReadOnlySpan<byte> record) => record.Slice(HeaderBytes, KeyLength(record));

    public static UInt128 Version(ReadOnlySpan<byte> record) => BinaryPrimitives.ReadUInt128LittleEndian(record[16..]);

    public static RecordFlags Flags(ReadOnlySpan<byte> record) => (RecordFlags)record[12];

    public static ReadOnlySpan<byte> Row(ReadOnlySpan<byte> record) =>
        record.Slice(HeaderBytes + KeyLength(record), RowLength(record));

    public static ReadOnlySpan<byte> Row(ReadOnlySpan<byte> record, scoped in RecordHeader header) =>
        record.Slice(HeaderBytes + header.KeyLength, header.RowLength);

    /// <summary>Whether the record that fills <paramref name="record"/> is what was written at the seed's place.</summary>
    public static bool IsIntact(ReadOnlySpan<byte> record, uint seed) =>
        BinaryPrimitives.ReadUInt32LittleEndian(record) == Crc32C.Compute(record[4..], seed);
}
