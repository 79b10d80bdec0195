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

/// <summary>A record where it lies: valid until the lock is left or the store is next called, whichever is first.</summary>
public readonly ref struct RecordView
{
    internal RecordView(scoped in RecordPlace place) => Place = place;

    internal RecordView(ulong hash, ReadOnlySpan<byte> key, ReadOnlySpan<byte> row, UInt128 version, RecordFlags flags, long endOffset, scoped in RecordPlace place = default)
    {
        Place = place;
        Hash = hash;
        Key = key;
        Row = row;
        Version = version;
        Flags = flags;
        EndOffset = endOffset;
    }

    public ulong Hash { get; }

    public ReadOnlySpan<byte> Key { get; }

    public ReadOnlySpan<byte> Row { get; }

    public UInt128 Version { get; }

    public RecordFlags Flags { get; }

    /// <summary>The log offset after the record: it is durable once <see cref="ShardStore.DurableOffset"/> reached this.</summary>
    public long EndOffset { get; }

    /// <summary>For a put of the same key in the same turn. Also that of a key that was not found, all else is empty then.</summary>
    public RecordPlace Place { get; }
}

/// <summary>Takes the records of a <see cref="ShardStore.Scan"/>.</summary>
public interface IScanVisitor
{
    /// <summary>Called in ascending order of hash; must not call the store.</summary>
    void Visit(in RecordView record);
}
