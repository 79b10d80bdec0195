using Torc.Storage.Disk;
using Torc.Storage.Log;
using Torc.Storage.Records;
using Torc.Storage.Segments;

namespace Torc.Storage;

/// <summary>How one record of a cold read turned out.</summary>
internal enum ColdState
{
    Pending,
    Intact,

    /// <summary>Its checksum is wrong; the bytes that are there are kept, since the key among them often is readable.</summary>
    Damaged,

    /// <summary>Its segment went away before the read: the record lies elsewhere now.</summary>
    Gone,
}

/// <summary>
/// A read of records that are not in memory. Made under the shard's lock, run outside it on any thread, then passed back to the call
/// that made it as <c>finished</c>. It may also simply be dropped. It holds the segment object itself, which is slot and
/// generation in one: what it read counts only while the directory still names that slot and the slot still holds that segment.
/// </summary>
public sealed class ColdRead
{
    /// <summary>Most records fit: one read instead of two.</summary>
    private const int FirstReadBytes = 4096;

    /// <summary>A read may fail, or bring wrong bytes, for a passing reason: an only copy has nobody to get the record from.</summary>
    internal const int AttemptsMax = 3;

    private readonly Dictionary<long, ColdRecord> _records = [];
    private readonly ulong _logId;

    internal ColdRead(ulong logId, ColdRead? earlier)
    {
        _logId = logId;
        if (earlier == null)
            return;
        foreach ((long address, ColdRecord record) in earlier._records)
            _records.Add(address, record);
    }

    /// <summary>Reads. Never throws for a record that cannot be read: the call it is passed back to says <see cref="FindOutcome.Damaged"/>.</summary>
    public void Run(IDisk disk)
    {
        foreach (ColdRecord record in _records.Values)
        {
            if (record.State != ColdState.Pending)
                continue;
            if (!record.Segment.TryEnterRead())
            {
                record.State = ColdState.Gone;
                continue;
            }
            try
            {
                for (int attempt = 0; attempt < AttemptsMax && record.State != ColdState.Intact; attempt++)
                    Read(record);
            }
            finally
            {
                record.Segment.ExitRead();
            }
        }
    }

    internal void Add(long address, Segment segment, int offset) => _records[address] = new ColdRecord(segment, offset);

    /// <summary>The record that was read from an address, if that address still means the same segment.</summary>
    internal ColdRecord? Get(long address, Segment segment) =>
        _records.TryGetValue(address, out ColdRecord? record) && record.Segment == segment
            && record.State is ColdState.Intact or ColdState.Damaged ? record : null;

    /// <summary>Where the first damaged record of this read lies; null when none is.</summary>
    internal Damage? FirstDamage()
    {
        foreach (ColdRecord record in _records.Values)
        {
            if (record.State == ColdState.Damaged)
                return new Damage(FileNames.Segment(record.Segment.Sequence), record.Offset, "a record that cannot be read or whose checksum is wrong");
        }
        return null;
    }

    /// <summary>What was read intact is a suspect no more. True: some of it left the directory.</summary>
    internal bool Settle(Suspects suspects)
    {
        bool left = false;
        foreach (ColdRecord record in _records.Values)
        {
            if (record.State == ColdState.Intact)
                left |= suspects.Settle(record.Segment, record.Offset, record.Record, record.Header);
        }
        return left;
    }

    private void Read(ColdRecord record)
    {
        Segment segment = record.Segment;
        int room = segment.End - record.Offset;
        byte[] bytes = new byte[Math.Min(FirstReadBytes, room)];
        record.State = ColdState.Damaged;
        if (segment.File!.Read(record.Offset, bytes) != DiskOutcome.Done)
            return;
        record.Bytes = bytes;
        if (!RecordCodec.TryReadHeader(bytes, room, out RecordHeader header))
            return;
        record.Header = header;
        if (header.Size > bytes.Length)
        {
            bytes = new byte[header.Size];
            if (segment.File.Read(record.Offset, bytes) != DiskOutcome.Done)
                return;
        }
        record.Bytes = bytes;
        if (RecordCodec.IsIntact(record.Record, RecordCodec.Seed(_logId, segment.Sequence, record.Offset)))
            record.State = ColdState.Intact;
    }
}

/// <summary>One record of a <see cref="ColdRead"/>.</summary>
internal sealed class ColdRecord(Segment segment, int offset)
{
    public Segment Segment { get; } = segment;

    public int Offset { get; } = offset;

    public ColdState State { get; set; }

    public byte[] Bytes { get; set; } = [];

    public RecordHeader Header { get; set; }

    public ReadOnlySpan<byte> Record => Bytes.AsSpan(0, Math.Min(Header.Size, Bytes.Length));

    /// <summary>Whether the record's bytes, damaged or not, hold exactly this key at the key's place.</summary>
    public bool HoldsKey(ReadOnlySpan<byte> key) =>
        Bytes.Length >= RecordCodec.HeaderBytes + key.Length && RecordCodec.KeyLength(Bytes) == key.Length
            && Bytes.AsSpan(RecordCodec.HeaderBytes, key.Length).SequenceEqual(key);
}
