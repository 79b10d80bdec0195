using System.Runtime.Intrinsics.X86;
using Torc.Base;
using Torc.Storage.Partitions;
using Torc.Storage.Records;
using Torc.Storage.Segments;

namespace Torc.Storage.Log;

internal enum MoveOutcome
{
    /// <summary>The directory names another record for the key, or none.</summary>
    Dead,

    Moved,

    /// <summary>The tail has no room now; ask again later.</summary>
    NoRoom,
}

/// <summary>Copies live records to the tail of the log: compaction and promotion. A copy is the newest record of its key, as its source was.</summary>
internal sealed class RecordMover(SegmentTable segments, PartitionTable partitions, Suspects suspects, LogTail log)
{
    /// <summary>So far ahead memory is asked for: a segment that was not looked at for long is in no cache, and records of any length make a stride that the processor does not guess.</summary>
    private const int AheadBytes = 2_048;

    private const int LineBytes = 64;

    /// <summary>
    /// Hashes the keys of the records at the start of <paramref name="chunk"/>, which lies at an offset of the source, but for those known to
    /// be dead; at most as many as there is room for, and asks for their buckets. Gives how many there are; 0 when no whole record follows.
    /// </summary>
    public int Approach(Segment source, int offset, ReadOnlySpan<byte> chunk, Span<ulong> hashes)
    {
        int count = 0;
        while (count < hashes.Length && RecordCodec.TryReadHeader(chunk, chunk.Length, out RecordHeader header))
        {
            if (!IsKnownDead(source, offset, header))
            {
                ulong hash = StableHash.Hash64(RecordCodec.Key(chunk));
                partitions.Get(header.Keyspace, header.Partition)?.Directory.Prefetch(hash);
                hashes[count++] = hash;
            }
            PrefetchAhead(chunk, header.Size);
            chunk = chunk[header.Size..];
            offset += header.Size;
        }
        return count;
    }

    private static unsafe void PrefetchAhead(ReadOnlySpan<byte> chunk, int bytes)
    {
        if (!Sse.IsSupported || chunk.Length < AheadBytes + bytes)
            return;
        fixed (byte* ahead = &chunk[AheadBytes])
        {
            for (int line = 0; line < Math.Min(bytes, AheadBytes); line += LineBytes)
                Sse.Prefetch0(ahead + line);
        }
    }

    /// <summary>Whether a record needs no look at the directory.</summary>
    public static bool IsKnownDead(Segment source, int offset, in RecordHeader header) =>
        header.Kind == RecordKind.Put && source.IsKnownDead(offset);

    public MoveOutcome Move(Segment source, int offset, ReadOnlySpan<byte> record, in RecordHeader header, ulong hash, AppendUse use) =>
        Move(source, offset, record, header, hash, use, out _);

    public MoveOutcome Move(Segment source, int offset, ReadOnlySpan<byte> record, in RecordHeader header, ulong hash, AppendUse use, out long to)
    {
        to = -1;
        if (!suspects.IsEmpty)
            suspects.Settle(source, offset, record, header);
        if (!IsLive(source, offset, header, hash, out PartitionState? partition))
            return MoveOutcome.Dead;
        if (log.Reserve(record.Length, use) != PutOutcome.Done)
            return MoveOutcome.NoRoom;
        to = log.AppendCopy(record);
        Check.That(partition!.Directory.Replace(hash, segments.AddressOf(source, offset), to));
        source.RemoveLive(record.Length);
        log.Active!.AddLive(record.Length);
        return MoveOutcome.Moved;
    }

    /// <summary>Takes a record out of the directory without a trace in the log: what a cache does when it is full.</summary>
    public bool Evict(Segment source, int offset, ReadOnlySpan<byte> record, in RecordHeader header)
    {
        ulong hash = StableHash.Hash64(RecordCodec.Key(record));
        if (!IsLive(source, offset, header, hash, out PartitionState? partition))
            return false;
        partition!.Directory.Remove(hash, segments.AddressOf(source, offset));
        partition.Remove(header.Flags, record.Length);
        source.RemoveLive(record.Length);
        return true;
    }

    /// <summary>
    /// Carries a forget or drop record over, with the offset that it covers up to, while any older segment may still hold what it
    /// covers. False: no room now.
    /// </summary>
    public bool MoveControl(Segment source, ReadOnlySpan<byte> record, in RecordHeader header)
    {
        var coversUpTo = (long)(ulong)header.Version;
        int oldest = segments.Ordered[0] == source ? 1 : 0;
        if (oldest == segments.Ordered.Count || segments.Ordered[oldest].Base >= coversUpTo)
            return true;
        if (log.Reserve(record.Length, AppendUse.Compaction) != PutOutcome.Done)
            return false;
        log.AppendCopy(record);
        log.Active!.AddControl(record.Length);
        return true;
    }

    private bool IsLive(Segment source, int offset, in RecordHeader header, ulong hash, out PartitionState? partition)
    {
        partition = partitions.Get(header.Keyspace, header.Partition);
        return partition != null && partition.Directory.Contains(hash, segments.AddressOf(source, offset));
    }
}
