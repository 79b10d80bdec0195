using Torc.Storage.Partitions;
using Torc.Storage.Segments;

namespace Torc.Storage;

/// <summary>
/// Where <see cref="ShardStore.Find"/> found a key's record, or that there is none. Given to a put of the same key it saves the second
/// probe of the directory. It is a hint only: a place that a later change of the store made stale, one of another key and
/// the default one are noticed, and looked up again.
/// </summary>
public struct RecordPlace
{
    /// <summary>How often the store had changed when the place was right; no store has ever changed zero times.</summary>
    internal long Stamp;
    internal ulong Hash;
    internal PartitionState? Partition;

    /// <summary>Null: the key has no record.</summary>
    internal Segment? Segment;
    internal long Address;
    internal int Size;
    internal RecordFlags Flags;
}
