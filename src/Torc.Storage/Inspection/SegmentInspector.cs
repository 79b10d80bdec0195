using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Torc.Storage.Disk;
using Torc.Storage.Memory;
using Torc.Storage.Records;
using Torc.Storage.Segments;

namespace Torc.Storage.Inspection;

/// <summary>One record of a file, as <see cref="SegmentInspector"/> lists it.</summary>
public readonly ref struct InspectedRecord
{
    internal InspectedRecord(int offset, in RecordHeader header, ReadOnlySpan<byte> key, ReadOnlySpan<byte> row)
    {
        Offset = offset;
        Bytes = header.Size;
        Kind = header.Kind.ToString();
        Flags = header.Flags;
        Keyspace = header.Keyspace;
        Partition = header.Partition;
        Version = header.Version;
        RowLength = header.RowLength;
        Key = key;
        Row = row;
    }

    public int Offset { get; }

    public int Bytes { get; }

    /// <summary>Put, Forget, Drop, FlushMark, CleanStop or Seal. All but Put have a log offset as their version.</summary>
    public string Kind { get; }

    public RecordFlags Flags { get; }

    public byte Keyspace { get; }

    public ushort Partition { get; }

    public UInt128 Version { get; }

    public int RowLength { get; }

    public ReadOnlySpan<byte> Key { get; }

    /// <summary>Empty in the listing of a hint file, which holds no rows.</summary>
    public ReadOnlySpan<byte> Row { get; }
}

/// <summary>Takes the records of an inspected file, in order of place.</summary>
public interface IInspectionVisitor
{
    void Visit(in InspectedRecord record);
}

/// <summary>What a file is and whether it is sound.</summary>
public sealed class FileInspection
{
    private readonly List<Damage> _problems = [];

    /// <summary>"segment", "hint", "spare", "roster", "reached" or "unknown".</summary>
    public string Role { get; internal set; } = "unknown";

    /// <summary>Lines "name: value" of the header, in the order of the format.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Header => HeaderLines;

    public long Records { get; internal set; }

    /// <summary>Where the last sound record ends.</summary>
    public long End { get; internal set; }

    /// <summary>True when the segment ends with its seal; an unsealed one is active, or was when its process ended.</summary>
    public bool IsSealed { get; internal set; }

    /// <summary>
    /// Everything that is not as it was written. Bytes after the last record of an unsealed segment are listed too: only recovery, which
    /// sees the later segments, can tell a torn tail from damage.
    /// </summary>
    public IReadOnlyList<Damage> Problems => _problems;

    internal List<KeyValuePair<string, string>> HeaderLines { get; } = [];

    internal void Say(string name, object value) =>
        HeaderLines.Add(new KeyValuePair<string, string>(name, string.Format(CultureInfo.InvariantCulture, "{0}", value)));

    internal void Report(string file, long offset, string what) => _problems.Add(new Damage(file, offset, what));
}

/// <summary>Lists and verifies one file of a shard's directory, for people. Changes nothing; needs neither the store nor the rest of the log.</summary>
public static class SegmentInspector
{
    private const int KeyPreviewBytes = 40;

    public static FileInspection Inspect(IDisk disk, string name, IInspectionVisitor? visitor = null)
    {
        var inspection = new FileInspection();
        FileRole role = FileNames.Parse(name, out long number);
        using IDiskFile file = disk.Open(name);
        inspection.Say("file bytes", file.Length);
        switch (role)
        {
            case FileRole.Segment:
                inspection.Role = "segment";
                InspectSegment(disk, file, name, number, inspection, visitor);
                break;
            case FileRole.Hint:
                inspection.Role = "hint";
                InspectHint(file, name, number, inspection, visitor);
                break;
            case FileRole.Spare:
                inspection.Role = "spare";
                break;
            case FileRole.Roster:
                inspection.Role = "roster";
                InspectRoster(disk, name, inspection);
                break;
            case FileRole.Reached:
                inspection.Role = "reached";
                InspectReached(disk, name, inspection);
                break;
            default:
                inspection.Report(name, 0, "the name is none that Torc gives to a file of its log");
                break;
        }
        return inspection;
    }

    private static void InspectRoster(IDisk disk, string name, FileInspection inspection)
    {
        SegmentRoster? roster = SegmentRoster.Read(disk, name, logId: null, out string problem);
        if (roster is null)
        {
            inspection.Report(name, 0, problem);
            return;
        }
        inspection.Say("log id", roster.LogId.ToString("x16", CultureInfo.InvariantCulture));
        foreach (long sequence in roster.Sequences)
            inspection.Say("names", FileNames.Segment(sequence));
    }

    private static void InspectReached(IDisk disk, string name, FileInspection inspection)
    {
        if (!ReachedFile.TryRead(disk, out ulong logId, out long offset))
        {
            inspection.Report(name, 0, "torn or damaged, or never written: it says nothing, which does no harm");
            return;
        }
        inspection.Say("format", ReachedFile.Format);
        inspection.Say("log id", logId.ToString("x16", CultureInfo.InvariantCulture));
        inspection.Say("durable offset", offset);
    }

    private static void InspectSegment(IDisk disk, IDiskFile file, string name, long sequence, FileInspection inspection, IInspectionVisitor? visitor)
    {
        byte[] bytes = new byte[(int)Math.Min(file.Length, StorageOptions.SegmentBytesMax)];
        SegmentFile.ReadLeniently(file, bytes);
        SegmentHeaderState state = SegmentHeader.Read(bytes.AsSpan(0, Math.Min(bytes.Length, SegmentHeader.Bytes)), out SegmentHeader header);
        ulong? logId = state == SegmentHeaderState.Valid ? header.LogId : LogIdOfNeighbours(disk);
        switch (state)
        {
            case SegmentHeaderState.Valid:
                Describe(header, inspection);
                if (header.Sequence != sequence)
                    inspection.Report(name, 0, $"the header is that of segment {header.Sequence}: the file was being recycled, or was renamed");
                break;
            case SegmentHeaderState.Empty:
                inspection.Report(name, 0, "the header was never written");
                break;
            case SegmentHeaderState.OtherFormat:
                inspection.Report(name, 0, $"format {BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(8))}, this version knows {SegmentHeader.Format}");
                return;
            default:
                inspection.Report(name, 0, "the header's checksum or magic is wrong");
                break;
        }
        if (logId == null)
        {
            inspection.Report(name, SegmentHeader.Bytes, "records cannot be verified: no sound header names the log's id");
            return;
        }
        Walk(bytes, name, logId.Value, sequence, inspection, visitor);
    }

    private static void Walk(byte[] bytes, string name, ulong logId, long sequence, FileInspection inspection, IInspectionVisitor? visitor)
    {
        inspection.End = SegmentHeader.Bytes;
        var walker = new RecordWalker(bytes, SegmentHeader.Bytes, logId, sequence);
        for (WalkStep step = walker.Next(); step != WalkStep.End; step = walker.Next())
        {
            if (step == WalkStep.Bad)
            {
                string? what = Diagnose(bytes.AsSpan(walker.Offset, walker.End - walker.Offset), bytes.Length - walker.Offset,
                    RecordCodec.Seed(logId, sequence, walker.Offset), isAtEnd: walker.End == bytes.Length);
                if (what != null)
                    inspection.Report(name, walker.Offset, what);
                continue;
            }
            inspection.Records++;
            inspection.End = walker.End;
            inspection.IsSealed = walker.Header.Kind == RecordKind.Seal;
            visitor?.Visit(new InspectedRecord(walker.Offset, walker.Header, RecordCodec.Key(walker.Record), RecordCodec.Row(walker.Record, walker.Header)));
        }
    }

    /// <summary>What is wrong with bytes that are no record; null when they were only never used.</summary>
    private static string? Diagnose(ReadOnlySpan<byte> bad, int roomBytes, uint seed, bool isAtEnd)
    {
        if (!bad.ContainsAnyExcept((byte)0))
            return isAtEnd ? null : $"{bad.Length} zero bytes between records: a write is missing";
        if (!RecordCodec.TryReadHeader(bad, roomBytes, out RecordHeader header))
            return $"{bad.Length} bytes that begin with no record header";
        if (header.Size > bad.Length)
            return $"{bad.Length} bytes: a {header.Kind} record that says it has {header.Size} bytes, but a sound record lies within those";
        ReadOnlySpan<byte> record = bad[..header.Size];
        uint stored = BinaryPrimitives.ReadUInt32LittleEndian(record), computed = Base.Crc32C.Compute(record[4..], seed);
        string key = Encoding.Latin1.GetString(RecordCodec.Key(record)[..Math.Min(KeyPreviewBytes, header.KeyLength)]);
        string advice = isAtEnd ? "; the rest of an earlier use of the file, a torn tail, or damage" : "";
        return $"{bad.Length} bytes: a {header.Kind} record of {header.Size} bytes, keyspace {header.Keyspace}, partition {header.Partition}, key \"{key}\", "
            + $"whose checksum is {stored:x8} and should be {computed:x8}{advice}";
    }

    private static void Describe(in SegmentHeader header, FileInspection inspection)
    {
        inspection.Say("format", SegmentHeader.Format);
        inspection.Say("sequence", header.Sequence);
        inspection.Say("segment bytes", header.SegmentBytes);
        inspection.Say("shard index", header.ShardIndex);
        inspection.Say("run", header.Run);
        inspection.Say("durability", header.Durability);
        inspection.Say("durable offset", header.DurableOffset);
        inspection.Say("log id", header.LogId.ToString("x16", CultureInfo.InvariantCulture));
    }

    private static ulong? LogIdOfNeighbours(IDisk disk)
    {
        Span<byte> bytes = stackalloc byte[SegmentHeader.Bytes];
        foreach (DiskFileInfo neighbour in disk.List())
        {
            if (FileNames.Parse(neighbour.Name, out _) != FileRole.Segment || neighbour.Length < SegmentHeader.Bytes)
                continue;
            using IDiskFile file = disk.Open(neighbour.Name);
            if (file.Read(0, bytes) == DiskOutcome.Done && SegmentHeader.Read(bytes, out SegmentHeader header) == SegmentHeaderState.Valid)
                return header.LogId;
        }
        return null;
    }

    private static void InspectHint(IDiskFile file, string name, long sequence, FileInspection inspection, IInspectionVisitor? visitor)
    {
        using var bytes = new NativeBuffer((int)Math.Min(file.Length, int.MaxValue / 2));
        SegmentFile.ReadLeniently(file, bytes.Span);
        ulong logId = bytes.Length < SegmentIndex.HeaderBytes ? 0 : BinaryPrimitives.ReadUInt64LittleEndian(bytes.Span[24..]);
        SegmentIndex? index = SegmentIndex.TryDecode(bytes, logId, sequence, StorageOptions.SegmentBytesMax);
        if (index == null)
        {
            inspection.Report(name, 0, "not the sound hint of this segment: it is made again from the segment at the next start");
            return;
        }
        inspection.Say("format", SegmentIndex.Format);
        inspection.Say("sequence", sequence);
        inspection.Say("end of the segment", index.End);
        inspection.Say("forget and drop records", index.ControlRecords);
        inspection.Say("named durable offset", index.NamedOffset);
        inspection.Records = index.Count;
        inspection.End = index.End;
        for (int entryIndex = 0; visitor != null && entryIndex < index.Count; entryIndex++)
        {
            IndexEntry entry = index[entryIndex];
            var header = new RecordHeader(entry.Kind, entry.Flags, entry.Keyspace, entry.Partition, entry.Version, entry.KeyLength, entry.RowLength);
            visitor.Visit(new InspectedRecord(entry.Offset, header, index.Key(entry), default));
        }
    }
}
