using Torc.Core.Cells;
using Torc.Core.Placement;
using Torc.Storage;
using Torc.Storage.Disk;

namespace Torc.Node.Shards;

/// <summary>
/// What a shard learns from its recovered log before it serves: floors, and a clock above every version in it. Reads the disk
/// synchronously; nothing else runs yet.
/// </summary>
internal static class ShardRecovery
{
    public static void Run(ShardStore store, IDisk disk, Shard shard, int partitionCount)
    {
        for (ushort partition = 0; partition < partitionCount; partition++)
        {
            for (byte keyspace = 0; keyspace < KeyspaceSettings.UserKeyspacesMax; keyspace++)
                shard.Clock.Observe(Version.FromUInt128(store.Counts(keyspace, partition).VersionMax));
            shard.Clock.Observe(Version.FromUInt128(store.Counts(KeyspaceSettings.SystemId, partition).VersionMax));
            LoadFloors(store, disk, shard, partition);
        }
    }

    private static void LoadFloors(ShardStore store, IDisk disk, Shard shard, ushort partition)
    {
        if (store.Counts(KeyspaceSettings.SystemId, partition).Records == 0)
            return;
        Span<byte> name = stackalloc byte[1];
        for (byte keyspace = 0; keyspace < KeyspaceSettings.UserKeyspacesMax; keyspace++)
        {
            name[0] = keyspace;
            var key = new RecordKey(KeyspaceSettings.SystemId, partition, name);
            FindOutcome outcome = store.Find(key, null, out RecordView record, out ColdRead? cold);
            while (outcome == FindOutcome.Cold)
            {
                cold!.Run(disk);
                outcome = store.Find(key, cold, out record, out cold);
            }
            // A damaged floor is reported by recovery as damage: the partition is incomplete and gets it from a peer.
            if (outcome == FindOutcome.Found && RowView.TryDecode(Version.FromUInt128(record.Version), record.Row, out RowView row))
                shard.Floors.Raise(keyspace, partition, row.BaseVersion, record.EndOffset);
        }
    }
}
