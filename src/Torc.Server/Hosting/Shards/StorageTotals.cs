using Torc.Core.Placement;
using Torc.Node.Control;
using Torc.Storage;

namespace Torc.Server.Hosting.Shards;

/// <summary>Figures of a node's storage, summed over its shards.</summary>
internal sealed record StorageTotals
{
    internal required IReadOnlyList<StoreStatistics> Shards { get; init; }

    /// <summary>Live keys in the keyspaces of users.</summary>
    internal long LiveKeys { get; init; }

    /// <summary>Keys with a time to live.</summary>
    internal long KeysWithDeadline { get; init; }

    /// <summary>Bytes of writes kept for replicas that are down, by their node id.</summary>
    internal IReadOnlyDictionary<ushort, long> HintBytes { get; init; } = new SortedDictionary<ushort, long>();

    /// <summary>How far replicas in other data centres are behind, by their node id.</summary>
    internal IReadOnlyDictionary<ushort, long> RemoteLagMicros { get; init; } = new SortedDictionary<ushort, long>();

    /// <summary>Records of deletes that are still kept.</summary>
    internal long Tombstones { get; init; }

    internal long TombstonesCollected { get; init; }

    /// <summary>The lowest garbage floor, as Unix milliseconds, of the partitions that hold tombstones; null when none does.</summary>
    internal long? GarbageFloorMs { get; init; }

    internal bool IsDiskFull => Shards.Any(static shard => shard.IsDiskFull);

    /// <summary>How far other data centres are behind what this node coordinated.</summary>
    internal IReadOnlyList<DataCentreLag> LagsIn(ClusterView view) => DataCentreLag.Of(view, RemoteLagMicros, HintBytes);

    internal long Sum(Func<StoreStatistics, long> figure) => Shards.Sum(figure);

    /// <summary>Asks each shard under its lock, one after the other.</summary>
    internal static StorageTotals Gather(IReadOnlyList<ShardHost> shards, int partitions)
    {
        var statistics = new List<StoreStatistics>();
        var hintBytes = new SortedDictionary<ushort, long>();
        var remoteLags = new SortedDictionary<ushort, long>();
        long live = 0, withDeadline = 0, tombstones = 0, collected = 0;
        long? floorMs = null;
        foreach (ShardHost shard in shards)
        {
            lock (shard.Gate)
            {
                statistics.Add(shard.Store.Statistics);
                shard.CollectRemoteLags(remoteLags);
                foreach ((ushort target, long bytes) in shard.HintBytes)
                    hintBytes[target] = hintBytes.GetValueOrDefault(target) + bytes;
                collected += shard.Tombstones.Collected;
                for (int partition = shard.Index; partition < partitions; partition += shards.Count)
                {
                    long tombstonesHere = 0;
                    for (byte keyspace = 0; keyspace < KeyspaceSettings.UserKeyspacesMax; keyspace++)
                    {
                        PartitionCounts counts = shard.Store.Counts(keyspace, (ushort)partition);
                        live += counts.Live;
                        withDeadline += counts.WithDeadline;
                        tombstonesHere += counts.Records - counts.Live;
                    }
                    tombstones += tombstonesHere;
                    if (tombstonesHere > 0)
                        floorMs = Math.Min(floorMs ?? long.MaxValue, shard.Tombstones.FloorMs(partition));
                }
            }
        }
        return new StorageTotals
        {
            Shards = statistics,
            LiveKeys = live,
            KeysWithDeadline = withDeadline,
            HintBytes = hintBytes,
            RemoteLagMicros = remoteLags,
            Tombstones = tombstones,
            TombstonesCollected = collected,
            GarbageFloorMs = floorMs,
        };
    }
}
