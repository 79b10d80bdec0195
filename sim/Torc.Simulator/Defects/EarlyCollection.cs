using Torc.Core.Placement;
using Torc.Simulator.Cluster;
using Torc.Storage;
using Version = Torc.Core.Clocks.Version;

namespace Torc.Simulator.Defects;

/// <summary>Tombstones are forgotten after a while, whoever has not seen them yet.</summary>
internal sealed class EarlyCollection(NodeHost host) : IScanVisitor
{
    private const long AgeMs = 300;
    private const int RecordsPerScan = 1024;
    private readonly List<byte[]> _old = [];

    /// <summary>Looks at every partition that is in memory.</summary>
    public void Run()
    {
        for (ushort partition = 0; partition < host.Node.PartitionCount; partition++)
        {
            ShardStore store = host.Shards[host.Node.ShardOf(partition)].Shard.Store;
            for (byte keyspace = 0; keyspace < KeyspaceSettings.UserKeyspacesMax; keyspace++)
                Collect(store, keyspace, partition);
        }
    }

    public void Visit(in RecordView record)
    {
        if ((record.Flags & RecordFlags.Tombstone) != 0 && Version.FromUInt128(record.Version).WallMs + AgeMs < host.Now.WallMs)
            _old.Add(record.Key.ToArray());
    }

    private void Collect(ShardStore store, byte keyspace, ushort partition)
    {
        ulong from = 0;
        do
        {
            _old.Clear();
            if (store.Scan(keyspace, partition, from, RecordsPerScan, null, this, out from, out _) != ScanOutcome.Done)
                return;
            foreach (byte[] key in _old)
            {
                var record = new RecordKey(keyspace, partition, key);
                if (store.Find(record, null, out _, out _) == FindOutcome.Found)
                    store.Forget(record);
            }
        } while (from != 0);
    }
}
