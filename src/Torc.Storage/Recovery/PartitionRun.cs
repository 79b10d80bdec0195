namespace Torc.Storage.Recovery;

/// <summary>The records of one (keyspace, partition) during recovery.</summary>
internal sealed class PartitionRun(byte keyspace, ushort partition)
{
    public byte Keyspace { get; } = keyspace;

    public ushort Partition { get; } = partition;

    /// <summary>Put and forget records in the whole log.</summary>
    public int Records { get; set; }

    /// <summary>Puts before this log offset were dropped.</summary>
    public long DropOffset { get; set; }

    /// <summary>Where its entries begin in the batch that is sorted now.</summary>
    public int Start { get; set; }

    /// <summary>Where the next one goes; negative while the run is not in the batch.</summary>
    public int Next { get; set; } = -1;

    public UInt128 VersionMax { get; set; }
}
