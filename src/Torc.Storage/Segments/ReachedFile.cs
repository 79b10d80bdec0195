using System.Buffers.Binary;
using Torc.Base;
using Torc.Storage.Disk;

namespace Torc.Storage.Segments;

/// <summary>
/// The file that says how far the log has been durable, so that a log whose end somebody cut off or overwrote is not taken for one that ended there. Marks in the log
/// cannot tell: they name what was durable before their own group, and are lost with the end that they lie in. 32 bytes, little-endian:
/// <code>
///   0          8        12       16       24               32
///   +----------+--------+--------+--------+----------------+
///   | TORCRCHD | format | CRC32C | log id | durable offset |
///   |          |  u32   |  u32   |  u64   |      i64       |
///   +----------+--------+--------+--------+----------------+
/// </code>
/// The checksum covers all but itself. Written over after each sync of the log and before anybody is told of that sync, and never synced itself: with the process alive
/// or killed it names all that was acknowledged, after a loss of power some earlier offset or nothing. Invariant: it is never ahead of what is durable. Why not a file
/// that is replaced, or synced: both would double the cost of a group, to tell less often of a loss that two faults at once have to bring about.
/// One that is missing, torn, unreadable or of another log says nothing, as beside a log of before there were any.
/// </summary>
internal sealed class ReachedFile : IDisposable
{
    public const string FileName = "reached.torc";
    public const int Bytes = 32;
    public const uint Format = 1;
    private const ulong Magic = 0x4448_4352_4352_4F54; // "TORCRCHD"

    private readonly IDiskFile _file;
    private readonly ulong _logId;

    private ReachedFile(IDiskFile file, ulong logId)
    {
        _file = file;
        _logId = logId;
    }

    /// <summary>Opens the file, or makes it: its name is durable with the next sync of the directory. What it says stays until the first <see cref="Write"/>. Null: no space for it.</summary>
    public static ReachedFile? Open(IDisk disk, ulong logId)
    {
        if (IsThere(disk))
            return new ReachedFile(disk.Open(FileName), logId);
        return disk.Create(FileName, Bytes, out IDiskFile? file) == DiskOutcome.Done ? new ReachedFile(file!, logId) : null;
    }

    /// <summary>The offset that the log was durable up to at least; 0 when the file says nothing of this log.</summary>
    public static long Read(IDisk disk, ulong logId) => TryRead(disk, out ulong written, out long offset) && written == logId ? offset : 0;

    public static bool TryRead(IDisk disk, out ulong logId, out long offset)
    {
        logId = 0;
        offset = 0;
        if (!IsThere(disk))
            return false;
        using IDiskFile file = disk.Open(FileName);
        Span<byte> bytes = stackalloc byte[Bytes];
        return file.Length >= Bytes && file.Read(0, bytes) == DiskOutcome.Done && TryDecode(bytes, out logId, out offset);
    }

    public static void Encode(Span<byte> to, ulong logId, long offset)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(to, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(to[8..], Format);
        BinaryPrimitives.WriteUInt64LittleEndian(to[16..], logId);
        BinaryPrimitives.WriteInt64LittleEndian(to[24..], offset);
        BinaryPrimitives.WriteUInt32LittleEndian(to[12..], Checksum(to));
    }

    public static bool TryDecode(ReadOnlySpan<byte> from, out ulong logId, out long offset)
    {
        logId = BinaryPrimitives.ReadUInt64LittleEndian(from[16..]);
        offset = BinaryPrimitives.ReadInt64LittleEndian(from[24..]);
        return BinaryPrimitives.ReadUInt64LittleEndian(from) == Magic && BinaryPrimitives.ReadUInt32LittleEndian(from[8..]) == Format
            && BinaryPrimitives.ReadUInt32LittleEndian(from[12..]) == Checksum(from) && offset > 0;
    }

    /// <summary>Everything below the offset is durable. Without space the file says less than it could, or nothing.</summary>
    public void Write(long offset)
    {
        Span<byte> bytes = stackalloc byte[Bytes];
        Encode(bytes, _logId, offset);
        _file.Write(0, bytes);
    }

    public void Dispose() => _file.Dispose();

    private static bool IsThere(IDisk disk) => disk.List().Any(static file => file.Name == FileName);

    private static uint Checksum(ReadOnlySpan<byte> bytes) => Crc32C.Compute(bytes[16..Bytes], Crc32C.Compute(bytes[..12]));
}
