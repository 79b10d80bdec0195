using Torc.Core.Cells;
using Torc.Core.Placement;
using Torc.Storage;
using Torc.Storage.Disk;

namespace Torc.Node.Shards;

/// <summary>
/// What a shard learns from its recovered log before it serves: floors, and a clock above every version in it. Reads the disk
/// synchronously; nothing else runs yet.
/// </summary>
/// <remarks>
/// A floor that cannot be read makes its partition incomplete: rows below it would come back. Before the copy counts again, other replicas have given the floor,
/// or the scan that builds the tree of floors has met it readable (<see cref="TreeBuilder"/>).
/// </remarks>
internal static class ShardRecovery
{
    public static void Run(ShardStore store, IDisk disk, Shard shard, Completeness completeness, int partitionCount)
    {
        for (ushort partition = 0; partition < partitionCount; partition++)
        {
            for (byte keyspace = 0; keyspace < KeyspaceSettings.UserKeyspacesMax; keyspace++)
                shard.Clock.Observe(Version.FromUInt128(store.Counts(keyspace, partition).VersionMax));
            shard.Clock.Observe(Version.FromUInt128(store.Counts(KeyspaceSettings.SystemId, partition).VersionMax));
            LoadFloors(store, disk, shard, completeness, partition);
        }
    }

    private static void LoadFloors(ShardStore store, IDisk disk, Shard shard, Completeness completeness, ushort partition)
    {
        if (store.Counts(KeyspaceSettings.SystemId, partition).Records == 0)
            return;
        Span<byte> name = stackalloc byte[1];
        for (byte keyspace = 0; keyspace < KeyspaceSettings.UserKeyspacesMax; keyspace++)
        {
            name[0] = keyspace;
            var key = new RecordKey(KeyspaceSettings.SystemId, partition, name);
            FindOutcome outcome = Find(store, disk, key, out RecordView record, out _);
            if (outcome == FindOutcome.Damaged)
            {
                completeness.Set(partition, false);
                shard.Garbage.OnUnknown(partition);
            }
            if (outcome == FindOutcome.Found && RowView.TryDecode(Version.FromUInt128(record.Version), record.Row, out RowView row))
                shard.Floors.Raise(keyspace, partition, row.BaseVersion, record.EndOffset);
        }
    }

    /// <summary>Finds a record, on disk if need be; <paramref name="finished"/> is the read that brought it, or null.</summary>
    internal static FindOutcome Find(ShardStore store, IDisk disk, in RecordKey key, out RecordView record, out ColdRead? finished)
    {
        finished = null;
        FindOutcome outcome = store.Find(key, null, out record, out ColdRead? cold);
        while (outcome == FindOutcome.Cold)
        {
            cold!.Run(disk);
            finished = cold;
            outcome = store.Find(key, cold, out record, out cold);
        }
        return outcome;
    }
}
