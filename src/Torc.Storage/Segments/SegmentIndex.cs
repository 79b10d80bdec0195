using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Torc.Base;
using Torc.Storage.Disk;
using Torc.Storage.Memory;
using Torc.Storage.Records;

namespace Torc.Storage.Segments;

/// <summary>What recovery needs to know of one put, forget or drop record.</summary>
internal readonly record struct IndexEntry(
    ulong Hash, UInt128 Version, int Offset, int KeyLength, int RowLength, RecordKind Kind, RecordFlags Flags, byte Keyspace, ushort Partition, int KeyStart)
{
    public int Size => (int)RecordCodec.SizeOf(KeyLength, RowLength);
}

/// <summary>
/// The records of one segment without their rows, in order of place; on disk it is the segment's hint file, little-endian:
/// <code>
///   0          8        12       16         24       32    36        40          44        48             56         60   64
///   +----------+--------+--------+----------+--------+-----+---------+-----------+---------+--------------+----------+----+---------+------+
///   | TORCHINT | format | CRC32C | sequence | log id | end | entries | key bytes | control | named offset | body CRC | 0  | entries | keys |
///   |          |  u32   |  u32   |   i64    |  u64   | u32 |   u32   |    u32    |   u32   |     i64      |   u32    | x4 | 44 each |      |
///   +----------+--------+--------+----------+--------+-----+---------+-----------+---------+--------------+----------+----+---------+------+
///   entry:  hash u64 | version 16 bytes | offset / 8 u32 | row bytes u32 | key bytes u24, kind u8 | flags u8 | keyspace u8 | partition u16 | key start u32
/// </code>
/// <c>end</c> is where the segment's records end, <c>control</c> counts forget and drop records, <c>named offset</c> is the highest durable offset
/// that a mark of the segment names. A hint file that is missing, torn, or of another segment is made again from the segment; so it is never synced.
/// It is believed only for a segment that lies wholly below the durable offset: above it, the segment itself may be torn.
/// </summary>
internal sealed unsafe class SegmentIndex : IDisposable
{
    public const int HeaderBytes = 64;
    public const int EntryBytes = 44;
    public const uint Format = 1;
    private const int GuessesMax = 4;
    private const ulong Magic = 0x544E_4948_4352_4F54; // "TORCHINT"

    private readonly NativeBuffer _file;
    private readonly int _keysStart;

    private SegmentIndex(NativeBuffer file)
    {
        _file = file;
        Count = BinaryPrimitives.ReadInt32LittleEndian(file.Span[36..]);
        _keysStart = HeaderBytes + (Count * EntryBytes);
    }

    public int Count { get; private set; }

    public int End => BinaryPrimitives.ReadInt32LittleEndian(_file.Span[32..]);

    public int ControlRecords => BinaryPrimitives.ReadInt32LittleEndian(_file.Span[44..]);

    public long NamedOffset => BinaryPrimitives.ReadInt64LittleEndian(_file.Span[48..]);

    public IndexEntry this[int index]
    {
        get
        {
            ReadOnlySpan<byte> entry = _file.Span.Slice(HeaderBytes + (index * EntryBytes), EntryBytes);
            uint keyAndKind = BinaryPrimitives.ReadUInt32LittleEndian(entry[32..]);
            return new IndexEntry(
                BinaryPrimitives.ReadUInt64LittleEndian(entry), BinaryPrimitives.ReadUInt128LittleEndian(entry[8..]), OffsetOf(index),
                (int)(keyAndKind & RecordCodec.KeyBytesMax), BinaryPrimitives.ReadInt32LittleEndian(entry[28..]), (RecordKind)(keyAndKind >> 24),
                (RecordFlags)entry[36], entry[37], BinaryPrimitives.ReadUInt16LittleEndian(entry[38..]), BinaryPrimitives.ReadInt32LittleEndian(entry[40..]));
        }
    }

    /// <summary>Takes over the bytes of a hint file. Null, and they still are the caller's: they are not the valid hint of that segment.</summary>
    public static SegmentIndex? TryDecode(NativeBuffer file, ulong logId, long sequence, int segmentBytes)
    {
        ReadOnlySpan<byte> bytes = file.Span;
        if (bytes.Length < HeaderBytes || BinaryPrimitives.ReadUInt64LittleEndian(bytes) != Magic
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]) != Format
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]) != HeaderChecksum(bytes)
            || BinaryPrimitives.ReadInt64LittleEndian(bytes[16..]) != sequence || BinaryPrimitives.ReadUInt64LittleEndian(bytes[24..]) != logId)
            return null;
        long entries = BinaryPrimitives.ReadUInt32LittleEndian(bytes[36..]), keyBytes = BinaryPrimitives.ReadUInt32LittleEndian(bytes[40..]);
        uint end = BinaryPrimitives.ReadUInt32LittleEndian(bytes[32..]);
        if (bytes.Length != HeaderBytes + (entries * EntryBytes) + keyBytes || end > segmentBytes
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes[56..]) != Crc32C.Compute(bytes[HeaderBytes..]))
            return null;
        return new SegmentIndex(file);
    }

    /// <summary>Reads a hint file; null when there is none that can be believed.</summary>
    public static SegmentIndex? TryRead(IDisk disk, string name, long length, ulong logId, long sequence, int segmentBytes)
    {
        if (length is < HeaderBytes or > int.MaxValue)
            return null;
        var file = new NativeBuffer((int)length);
        using IDiskFile opened = disk.Open(name);
        SegmentIndex? index = opened.Read(0, file.Span) == DiskOutcome.Done ? TryDecode(file, logId, sequence, segmentBytes) : null;
        if (index == null)
            file.Dispose();
        return index;
    }

    public ReadOnlySpan<byte> File => _file.Span;

    public void Dispose() => _file.Dispose();

    /// <summary>The same as the indexer gives, where they lie.</summary>
    public ReadOnlySpan<IndexRecord> Records => MemoryMarshal.Cast<byte, IndexRecord>(_file.Span.Slice(HeaderBytes, Count * EntryBytes));

    /// <summary>Valid until disposed.</summary>
    public byte* KeyPointer(in IndexRecord record)
    {
        Check.That(record.KeyStart >= 0 && record.KeyStart + (long)record.KeyLength <= _file.Length - _keysStart);
        return _file.Pointer + _keysStart + record.KeyStart;
    }

    public ReadOnlySpan<byte> Key(in IndexEntry entry) => _file.Span.Slice(_keysStart + entry.KeyStart, entry.KeyLength);

    /// <summary>The index of the record at an offset, or negative.</summary>
    public int Find(int offset)
    {
        int low = 0, high = Count - 1;
        for (int step = 0; low <= high; step++)
        {
            int middle = step < GuessesMax ? Guess(low, high, offset) : (low + high) >>> 1;
            int there = OffsetOf(middle);
            if (there == offset)
                return middle;
            if (there < offset)
                low = middle + 1;
            else
                high = middle - 1;
        }
        return -1;
    }

    /// <summary>Forgets the records at or after an offset: the torn tail.</summary>
    public void CutAt(int offset)
    {
        while (Count > 0 && OffsetOf(Count - 1) >= offset)
            Count--;
    }

    internal static uint HeaderChecksum(ReadOnlySpan<byte> file) =>
        Crc32C.Compute(file[16..HeaderBytes], Crc32C.Compute(file[..12]));

    internal static void WriteHeader(Span<byte> file, ulong logId, long sequence, int end, int entries, int keyBytes, int controlRecords, long namedOffset)
    {
        file[..HeaderBytes].Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(file, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(file[8..], Format);
        BinaryPrimitives.WriteInt64LittleEndian(file[16..], sequence);
        BinaryPrimitives.WriteUInt64LittleEndian(file[24..], logId);
        BinaryPrimitives.WriteInt32LittleEndian(file[32..], end);
        BinaryPrimitives.WriteInt32LittleEndian(file[36..], entries);
        BinaryPrimitives.WriteInt32LittleEndian(file[40..], keyBytes);
        BinaryPrimitives.WriteInt32LittleEndian(file[44..], controlRecords);
        BinaryPrimitives.WriteInt64LittleEndian(file[48..], namedOffset);
        BinaryPrimitives.WriteUInt32LittleEndian(file[56..], Crc32C.Compute(file[HeaderBytes..]));
        BinaryPrimitives.WriteUInt32LittleEndian(file[12..], HeaderChecksum(file));
    }

    /// <summary>Records are of similar sizes more often than not, so the place tells the index nearly: fewer cache misses than halving.</summary>
    private int Guess(int low, int high, int offset)
    {
        long first = OffsetOf(low), last = OffsetOf(high);
        if (offset <= first || last <= first)
            return low;
        return offset >= last ? high : low + (int)((offset - first) * (high - low) / (last - first));
    }

    private int OffsetOf(int index) =>
        BinaryPrimitives.ReadInt32LittleEndian(_file.Span.Slice(HeaderBytes + (index * EntryBytes) + 24)) * RecordCodec.AlignmentBytes;
}
