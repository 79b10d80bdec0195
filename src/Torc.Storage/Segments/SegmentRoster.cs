using Torc.Base;
using Torc.Storage.Disk;

namespace Torc.Storage.Segments;

/// <summary>
/// The file that names the segments of a log, so that one that somebody took away is missed: compaction takes segments out of the middle of a log, and nothing else tells those from others.
/// <code>| magic "TORCROST" | format u32 | log id u64 | count u32 | sequence i64, as many | crc32c u32 |</code>
/// Replaced whole after a segment was made, and before one goes. Where there is no room for that it stays as it was: a segment more is nothing, one that is missing is damage, which does no harm to a copy that others have too.
/// </summary>
internal sealed class SegmentRoster
{
    public const string FileName = "roster.torc";
    private const uint Format = 1;
    private const int BytesMax = 64 << 20;

    private readonly List<long> _sequences = [];

    public ulong LogId { get; private set; }

    public IReadOnlyList<long> Sequences => _sequences;

    /// <summary>
    /// Null when there is no such file, as beside a log of before there were any, or when it is damaged, or of another log than <paramref name="logId"/>: then
    /// <paramref name="problem"/> says so. Null: of whatever log.
    /// </summary>
    public static SegmentRoster? Read(IDisk disk, string name, ulong? logId, out string problem)
    {
        if (ReplacedFile.Read(disk, name, BytesMax, out problem) is not { } bytes)
            return null;
        var roster = new SegmentRoster();
        if (roster.TryDecode(bytes) && (logId is null || logId == roster.LogId))
            return roster;
        problem = "is damaged, or of another log";
        return null;
    }

    /// <summary>Durable when it returns <see cref="DiskOutcome.Done"/>; otherwise the old file is still in place.</summary>
    public static DiskOutcome Write(IDisk disk, ulong logId, ReadOnlySpan<long> sequences)
    {
        using var bytes = new ByteWriter();
        bytes.Write("TORCROST"u8);
        bytes.WriteUInt32(Format);
        bytes.WriteUInt64(logId);
        bytes.WriteUInt32((uint)sequences.Length);
        foreach (long sequence in sequences)
            bytes.WriteInt64(sequence);
        bytes.WriteUInt32(Crc32C.Compute(bytes.Written));
        return ReplacedFile.Write(disk, FileName, bytes.Written);
    }

    /// <summary>Those that it names and that are not there.</summary>
    public IEnumerable<long> MissingOf(IEnumerable<long> present) => _sequences.Except(present).Order();

    private bool TryDecode(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length < sizeof(uint) || new ByteReader(bytes[^sizeof(uint)..]).ReadUInt32() != Crc32C.Compute(bytes[..^sizeof(uint)]))
            return false;
        var reader = new ByteReader(bytes[..^sizeof(uint)]);
        ReadOnlySpan<byte> magic = "TORCROST"u8;
        bool isOurs = reader.Take(magic.Length).SequenceEqual(magic) && reader.ReadUInt32() == Format;
        LogId = reader.ReadUInt64();
        for (uint count = isOurs ? reader.ReadUInt32() : 0; count > 0 && !reader.Failed; count--)
            _sequences.Add(reader.ReadInt64());
        return isOurs && reader.Complete;
    }
}
