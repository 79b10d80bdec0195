using Torc.Base;
using Torc.Storage.Disk;

namespace Torc.Storage;

/// <summary>
/// The store of one shard: one log, one key directory per (keyspace, partition). Single-threaded: the caller holds the shard's lock
/// for every member; the <c>Run</c> of flush groups, cold reads and maintenance tasks is called outside it.
/// </summary>
public sealed class ShardStore : IDisposable
{
    private ShardStore()
    {
    }

    /// <summary>The log offset after the last appended record.</summary>
    public long AppendedOffset => throw new NotImplementedException();

    /// <summary>Everything below it survives a power failure (memory mode: equals <see cref="AppendedOffset"/>).</summary>
    public long DurableOffset => throw new NotImplementedException();

    public StoreStatistics Statistics => throw new NotImplementedException();

    /// <summary>Opens or makes the log in a directory; reads synchronously. Anything but <see cref="OpenOutcome.Opened"/> leaves it untouched.</summary>
    public static OpenOutcome Open(IDisk disk, StorageOptions options, Instant now, out ShardStore? store, out RecoveryReport report) =>
        throw new NotImplementedException();

    /// <summary>Finds a record. Pass the cold read that an earlier call gave, once it has run.</summary>
    public FindOutcome Find(in RecordKey key, ColdRead? finished, out RecordView view, out ColdRead? cold) => throw new NotImplementedException();

    /// <summary>Brings the key's bucket towards the processor cache: call it for a whole batch before the first Find.</summary>
    public void Prefetch(in RecordKey key) => throw new NotImplementedException();

    /// <summary>Inserts or replaces.</summary>
    public PutOutcome Put(in RecordKey key, RecordFlags flags, UInt128 version, ReadOnlySpan<byte> row) => throw new NotImplementedException();

    /// <summary>Drops a record for good (a collected tombstone, a moved key) and logs that. Done too when there is none.</summary>
    public PutOutcome Forget(in RecordKey key) => throw new NotImplementedException();

    /// <summary>Drops all records of a (keyspace, partition) in one step, and logs that.</summary>
    public PutOutcome DropPartition(byte keyspace, ushort partition) => throw new NotImplementedException();

    /// <summary>
    /// Visits every record of a (keyspace, partition) with a hash in [<paramref name="fromHash"/>, <paramref name="end"/>), in ascending order of hash, where
    /// <paramref name="end"/> is chosen after about <paramref name="budget"/> records; 0 means that the hash space is finished.
    /// </summary>
    public ScanOutcome Scan(byte keyspace, ushort partition, ulong fromHash, int budget, ColdRead? finished, IScanVisitor visitor, out ulong end, out ColdRead? cold) =>
        throw new NotImplementedException();

    public PartitionCounts Counts(byte keyspace, ushort partition) => throw new NotImplementedException();

    /// <summary>Takes everything appended so far; null when there is nothing to do, or a group is under way.</summary>
    public FlushGroup? BeginFlush(Instant now) => throw new NotImplementedException();

    /// <summary>After <see cref="FlushGroup.Run"/>: advances <see cref="DurableOffset"/>.</summary>
    public void EndFlush(FlushGroup group) => throw new NotImplementedException();

    /// <summary>The next step of background work; null when there is nothing to do now, or a task is under way.</summary>
    public MaintenanceTask? BeginMaintenance(Instant now) => throw new NotImplementedException();

    /// <summary>After <see cref="MaintenanceTask.Run"/>.</summary>
    public void EndMaintenance(MaintenanceTask task, Instant now) => throw new NotImplementedException();

    /// <summary>Appends the clean-stop mark. The caller then flushes, disposes, and calls nothing else. Stalled: flush, and ask again.</summary>
    public PutOutcome CloseClean() => throw new NotImplementedException();

    /// <summary>Frees memory and closes files; flushes nothing.</summary>
    public void Dispose() => throw new NotImplementedException();
}
