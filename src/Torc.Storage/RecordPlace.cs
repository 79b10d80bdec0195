using System.Runtime.CompilerServices;
using Torc.Storage.Partitions;
using Torc.Storage.Segments;

namespace Torc.Storage;

/// <summary>
/// Where <see cref="ShardStore.Find"/> found a key's record, or that there is none. Given to a put of the same key it saves the second
/// probe of the directory. It is a hint only: a place that a later change of the store made stale, one of another key and
/// the default one are noticed, and looked up again.
/// </summary>
public readonly struct RecordPlace
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal RecordPlace(long stamp, ulong hash, PartitionState? partition, Segment? segment, long address, int size, RecordFlags flags)
    {
        Stamp = stamp;
        Hash = hash;
        Partition = partition;
        Segment = segment;
        Address = address;
        Size = size;
        Flags = flags;
    }

    /// <summary>How often the store had changed when the place was right; no store has ever changed zero times.</summary>
    internal long Stamp { get; }

    internal ulong Hash { get; }

    internal PartitionState? Partition { get; }

    /// <summary>Null: the key has no record.</summary>
    internal Segment? Segment { get; }

    internal long Address { get; }

    internal int Size { get; }

    internal RecordFlags Flags { get; }
}
