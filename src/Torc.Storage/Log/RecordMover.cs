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
    /// <summary>Asks for the bucket of a key whose record will be moved.</summary>
    public void Prefetch(byte keyspace, ushort partition, ulong hash) => partitions.Get(keyspace, partition)?.Directory.Prefetch(hash);

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
