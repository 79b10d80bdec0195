namespace Torc.Storage;

/// <summary>Gauges and totals of one store, for metrics. Totals count from <see cref="ShardStore.Open"/>.</summary>
public readonly record struct StoreStatistics
{
    public long Records { get; init; }
    public long LiveBytes { get; init; }

    /// <summary>Bytes of segment files, the spare ones included.</summary>
    public long DiskBytes { get; init; }

    public int Segments { get; init; }
    public int SegmentsResident { get; init; }
    public int SegmentsDamaged { get; init; }
    public int SegmentsSpare { get; init; }
    public long ResidentBytes { get; init; }
    public long DirectoryBytes { get; init; }
    public long UnflushedBytes { get; init; }
    public bool IsDiskFull { get; init; }
    public long AppendedBytesTotal { get; init; }
    public long FlushGroupsTotal { get; init; }
    public long SyncsTotal { get; init; }
    public long ColdReadsTotal { get; init; }
    public long DamagedReadsTotal { get; init; }
    public long CompactedSegmentsTotal { get; init; }
    public long CompactedBytesTotal { get; init; }
    public long PromotedRecordsTotal { get; init; }
    public long EvictedSegmentsTotal { get; init; }
    public long StalledPutsTotal { get; init; }
}
