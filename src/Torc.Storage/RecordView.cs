using System.Runtime.CompilerServices;
using Torc.Storage.Partitions;
using Torc.Storage.Records;
using Torc.Storage.Segments;

namespace Torc.Storage;

/// <summary>What the store needs to know of a record to count it. Persisted; frozen by a test.</summary>
[Flags]
public enum RecordFlags : byte
{
    None = 0,

    /// <summary>A delete: kept, but not counted as a live key.</summary>
    Tombstone = 1,

    HasDeadline = 2,
}

/// <summary>
/// A record where it lies: valid until the lock is left or the store is next called, whichever is first. It is decoded
/// member by member when asked: most callers want two or three.
/// </summary>
public readonly ref struct RecordView
{
    private readonly ReadOnlySpan<byte> _record;
    private readonly long _stamp, _address;
    private readonly PartitionState? _partition;
    private readonly Segment? _segment;

    /// <summary>Of a record that a find found, or, without segment and record, of a key that has none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal RecordView(ulong hash, ReadOnlySpan<byte> record, long endOffset, long stamp, PartitionState? partition, Segment? segment, long address)
    {
        Hash = hash;
        EndOffset = endOffset;
        _record = record;
        _stamp = stamp;
        _partition = partition;
        _segment = segment;
        _address = address;
    }

    /// <summary>Of a record that a scan met: its place is unknown.</summary>
    internal RecordView(ulong hash, ReadOnlySpan<byte> record, long endOffset)
    {
        Hash = hash;
        EndOffset = endOffset;
        _record = record;
    }

    public ulong Hash { get; }

    public ReadOnlySpan<byte> Key => _record.IsEmpty ? default : RecordCodec.Key(_record);

    public ReadOnlySpan<byte> Row => _record.IsEmpty ? default : RecordCodec.Row(_record);

    public UInt128 Version => _record.IsEmpty ? default : RecordCodec.Version(_record);

    public RecordFlags Flags => _record.IsEmpty ? default : RecordCodec.Flags(_record);

    /// <summary>The log offset after the record: it is durable once <see cref="ShardStore.DurableOffset"/> reached this.</summary>
    public long EndOffset { get; }

    /// <summary>For a put of the same key in the same turn. Also that of a key that was not found, all else is empty then.</summary>
    public RecordPlace Place => new(_stamp, Hash, _partition, _segment, _address, _record.Length, Flags);
}

/// <summary>Takes the records of a <see cref="ShardStore.Scan"/>.</summary>
public interface IScanVisitor
{
    /// <summary>Called in ascending order of hash; must not call the store.</summary>
    void Visit(in RecordView record);
}
