using Torc.Core.Placement;
using Torc.Simulator.Disks;
using Torc.Storage;

namespace Torc.Simulator.Defects;

/// <summary>A node that restarts has forgotten up to where its keyspaces were flushed.</summary>
internal static class ForgottenFloors
{
    public static void Run(ShardStore store, CrashableDisk disk, int partitions)
    {
        for (ushort partition = 0; partition < partitions; partition++)
        {
            for (byte keyspace = 0; keyspace < KeyspaceSettings.UserKeyspacesMax; keyspace++)
                Forget(store, disk, new RecordKey(KeyspaceSettings.SystemId, partition, [keyspace]));
        }
    }

    private static void Forget(ShardStore store, CrashableDisk disk, in RecordKey key)
    {
        FindOutcome found = store.Find(key, null, out _, out ColdRead? cold);
        while (found == FindOutcome.Cold)
        {
            ColdRead read = cold!;
            disk.ReadAside(() => read.Run(disk));
            found = store.Find(key, read, out _, out cold);
        }
        store.Forget(key);
    }
}
