namespace Torc.Storage;

public enum FindOutcome
{
    Found,
    NotFound,

    /// <summary>The record may be on disk only: run the cold read outside the lock, then ask again with it.</summary>
    Cold,

    /// <summary>The record is there but fails its checksum or cannot be read. Never to be taken for "not found".</summary>
    Damaged,
}

public enum PutOutcome
{
    Done,

    /// <summary>No space for another segment. Reads go on; deletes and compaction use the reserve; freed space heals it.</summary>
    DiskFull,

    /// <summary>Key or record above <see cref="StorageOptions.RecordBytesMax"/>.</summary>
    TooLarge,

    /// <summary>No prepared segment yet, or too many unflushed bytes: try again when a flush or a maintenance task ended.</summary>
    Stalled,

    /// <summary>
    /// A record on disk may be this key's. Call <see cref="ShardStore.Find"/> for the key first, in the same turn (which a
    /// read-merge-write does anyway); a Put that directly follows it never says this.
    /// </summary>
    Unresolved,

    /// <summary>No memory for another key: see <see cref="StorageOptions.DirectoryBytesMax"/>. Replacing and deleting go on.</summary>
    MemoryFull,
}

public enum ScanOutcome
{
    /// <summary>Every record of the range was visited.</summary>
    Done,

    /// <summary>Nothing was visited: run the cold read outside the lock, then ask again with it.</summary>
    Cold,

    /// <summary>Every readable record was visited, and at least one could not be read.</summary>
    Damaged,
}

public enum OpenOutcome
{
    Opened,

    /// <summary>The directory holds a format that this version does not know. Nothing was changed.</summary>
    OtherFormat,

    /// <summary>The directory holds files that are not this shard's log. Nothing was changed.</summary>
    OtherData,

    /// <summary>Whose log it is cannot be read, maybe for the moment. Nothing was changed.</summary>
    Unreadable,
}
