using Torc.Storage.Directory;

namespace Torc.Storage.Partitions;

/// <summary>The (keyspace, partition) pairs that have been written to, found by two array lookups.</summary>
internal sealed class PartitionTable(BucketArena buckets, IHashSource hashes) : IDisposable
{
    private readonly PartitionState?[]?[] _byKeyspace = new PartitionState?[byte.MaxValue + 1][];

    /// <summary>Where all directories are.</summary>
    public BucketArena Buckets => buckets;

    public bool HasRoom => buckets.HasRoom;

    public long DirectoryBytes => buckets.MappedBytes;

    public PartitionState? Get(byte keyspace, ushort partition)
    {
        PartitionState?[]? partitions = _byKeyspace[keyspace];
        return partitions != null && partition < partitions.Length ? partitions[partition] : null;
    }

    public PartitionState GetOrAdd(byte keyspace, ushort partition) => Get(keyspace, partition) ?? Make(keyspace, partition);

    /// <summary>Takes a partition out: it is empty from now on, and its directory belongs to the caller.</summary>
    public PartitionState? Detach(byte keyspace, ushort partition)
    {
        PartitionState? state = Get(keyspace, partition);
        if (state != null)
            _byKeyspace[keyspace]![partition] = null;
        return state;
    }

    public long CountRecords()
    {
        long records = 0;
        foreach (PartitionState?[]? partitions in _byKeyspace)
        {
            foreach (PartitionState? state in partitions ?? [])
                records += state?.Records ?? 0;
        }
        return records;
    }

    public void Dispose()
    {
        foreach (PartitionState?[]? partitions in _byKeyspace)
        {
            foreach (PartitionState? state in partitions ?? [])
                state?.Directory.Dispose();
        }
        buckets.Dispose();
    }

    private PartitionState Make(byte keyspace, ushort partition)
    {
        PartitionState?[] partitions = _byKeyspace[keyspace] ?? [];
        if (partition >= partitions.Length)
            Array.Resize(ref partitions, Math.Min(Math.Max(16, (partition + 1) * 2), ushort.MaxValue + 1));
        _byKeyspace[keyspace] = partitions;
        return partitions[partition] = new PartitionState(new KeyDirectory(buckets, hashes));
    }
}
