namespace Torc.Storage;

/// <summary>What replies wait for, and when the log is synced; the first flush group of a run, compaction and a clean stop always sync. The numbers are persisted in segment headers and frozen by a test.</summary>
public enum Durability : byte
{
    /// <summary>Every flush group is synced; a reply leaves only when the log is durable past what it observed.</summary>
    Always = 1,

    /// <summary>A reply leaves only when the log is written past what it observed; a sync follows about once a second, beside the writes.</summary>
    EverySecond = 2,

    /// <summary>A reply leaves only when the log is written past what it observed; the operating system decides when it reaches the disk.</summary>
    OperatingSystem = 3,
}

/// <summary>Where segments live.</summary>
public enum StorageMode
{
    /// <summary>In files, with a budget of them in memory as well.</summary>
    Log,

    /// <summary>In memory only: a cache, whose oldest segments are evicted whole with their recently read records reinserted.</summary>
    Memory,
}

/// <summary>The tunables of one shard's store.</summary>
public sealed record StorageOptions
{
    public const int SegmentBytesMin = 4 << 10;
    public const int SegmentBytesMax = 1 << 30;

    /// <summary>Size of a segment: a power of two. Used when the directory is made; a directory keeps the size it was made with.</summary>
    public int SegmentBytes { get; init; } = 64 << 20;

    /// <summary>Memory for segments, in bytes; at least four segments are used whatever it says. In memory mode it is the size of the cache.</summary>
    public long ResidentBytesMax { get; init; } = 1L << 30;

    /// <summary>Memory for the key directories, in bytes, at about 12 a key.</summary>
    public long DirectoryBytesMax { get; init; } = 256L << 30;

    public Durability Durability { get; init; } = Durability.Always;

    public StorageMode Mode { get; init; } = StorageMode.Log;

    /// <summary>Compaction keeps the live share of full segments above this, and copies each segment below it while nobody writes. Disk used is up to live bytes / this.</summary>
    public double CompactionLiveRatioMax { get; init; } = 0.5;

    /// <summary>The same while the disk is full: more work for less space.</summary>
    public double CompactionLiveRatioWhenFullMax { get; init; } = 0.9;

    /// <summary>How fast compaction walks its sources, in bytes a second, while space is not short.</summary>
    public long CompactionBytesPerSecondMax { get; init; } = 128L << 20;

    /// <summary>One bounded step of compaction, promotion or hint reading, in source bytes (a larger record is one step).</summary>
    public int MaintenanceStepBytes { get; init; } = 64 << 10;

    /// <summary>Appended bytes not yet written to the disk before <see cref="PutOutcome.Stalled"/>.</summary>
    public long UnflushedBytesMax { get; init; } = 32L << 20;

    /// <summary>Segment files kept ready for compaction and deletes alone, so that a full disk can still be emptied.</summary>
    public int ReservedSegments { get; init; } = 2;

    /// <summary>A segment that leaves memory may take at most this share of itself along as promoted (recently read) records.</summary>
    public double PromotedShareMax { get; init; } = 0.25;

    /// <summary>Recorded in every segment, so that a shard never opens the files of another.</summary>
    public int ShardIndex { get; init; }

    /// <summary>The largest record: 32 bytes of header, key and row.</summary>
    public int RecordBytesMax => SegmentBytes / 2;
}
