using Torc.Core.Placement;
using Torc.Storage;

namespace Torc.Node.Shards;

/// <summary>
/// Decides when this node attempts to raise the floor of one of its partitions: when it holds enough tombstones there, the floor could rise by a good part of the age, and every node of the map is up.
/// One attempt at a time in each shard. The first replica begins; the others only when it has not, later by one such part each.
/// </summary>
/// <remarks>The age keeps floors from rising for a handful of tombstones, and away from writes under way; no safety hangs on it.</remarks>
internal sealed class FloorAttempts(Shard shard)
{
    /// <summary>A floor rises by at least this part of the age.</summary>
    private const int StepsPerAge = 4;

    private const int PartitionsPerTickMax = 32;

    /// <summary>
    /// Finding tombstones reads every record of a partition. In one with more records than the first of these it is worth that when one in so many of them is a tombstone, or after so many
    /// steps in any case.
    /// </summary>
    private const int RecordsAlwaysMax = 16_384;
    private const int RecordsPerTombstoneMax = 64;
    private const int StepsMax = 16;

    /// <summary>Another's attempt asks again much sooner while it lasts; two that ran against each other would both come to nothing.</summary>
    private const int YieldMs = 1_000;

    private FloorOperation? _underWay;
    private long[] _notBeforeMicros = [];
    private int _next;

    public void OnEnded(ushort partition)
    {
        _underWay = null;
        Wait(partition, StepMs);
    }

    /// <summary>Another replica attempts it.</summary>
    public void OnAsked(ushort partition) => Wait(partition, YieldMs);

    /// <summary>Called each tick.</summary>
    public void Run()
    {
        ClusterMap map = shard.View.Map!;
        if (_underWay is not null || map.Level < ClusterLevel.GarbageFloors || shard.Options.TombstoneAgeMs <= 0 || !shard.Tombstones.Keeping.TakesPart || !shard.View.ClockIsTrusted)
            return;
        if (_notBeforeMicros.Length == 0)
            _notBeforeMicros = new long[map.PartitionCount];
        for (int looked = 0; looked < Math.Min(PartitionsPerTickMax, map.PartitionCount); looked++)
        {
            _next = (_next + 1) % map.PartitionCount;
            var partition = (ushort)_next;
            if (!IsDue(map, partition) || !AreAllUp(map, partition))
                continue;
            _underWay = new FloorOperation(shard, partition, StampFor(map, partition), map);
            shard.Operations.Add(_underWay, shard.Deadline(shard.Options.FloorTimeoutMs));
            _underWay.Begin();
            return;
        }
    }

    private void Wait(ushort partition, long milliseconds)
    {
        if (partition < _notBeforeMicros.Length)
            _notBeforeMicros[partition] = Math.Max(_notBeforeMicros[partition], shard.Now.MonotonicMicros + milliseconds * Instant.MicrosPerMs);
    }

    private long StepMs => Math.Max(1, shard.Options.TombstoneAgeMs / StepsPerAge);

    /// <summary>Each replica's own: two that make an attempt in the same millisecond have different stamps.</summary>
    private ulong StampFor(ClusterMap map, int partition) =>
        (ulong)(shard.Now.WallMs - shard.Options.TombstoneAgeMs) << Version.CounterBits | (uint)map.ReplicasOf(partition).IndexOf(shard.View.Self);

    private bool IsDue(ClusterMap map, ushort partition)
    {
        if (shard.Now.MonotonicMicros < _notBeforeMicros[partition] || !shard.Owns(partition) || !shard.IsComplete(partition) || map.IsPending(partition))
            return false;
        int place = map.ReplicasOf(partition).IndexOf(shard.View.Self);
        long floorMs = (long)(shard.Garbage.Of(partition).Floor >> Version.CounterBits);
        long risesByMs = shard.Now.WallMs - shard.Options.TombstoneAgeMs - floorMs;
        return risesByMs >= StepMs * (place + 1) && IsWorthReading(partition, risesByMs >= StepMs * StepsMax);
    }

    private bool IsWorthReading(ushort partition, bool isLongAgo)
    {
        for (int keyspace = 0; keyspace < KeyspaceSettings.UserKeyspacesMax; keyspace++)
        {
            PartitionCounts counts = shard.Store.Counts((byte)keyspace, partition);
            long tombstones = counts.Records - counts.Live;
            if (tombstones > 0 && (isLongAgo || counts.Records <= RecordsAlwaysMax || counts.Records / tombstones <= RecordsPerTombstoneMax))
                return true;
        }
        return false;
    }

    private bool AreAllUp(ClusterMap map, ushort partition)
    {
        foreach (NodeInfo node in map.Nodes)
        {
            if (node.Id == shard.View.Self)
                continue;
            // By a map of before, a node may still listen to one that was removed since, which nobody asks.
            bool isReady = shard.View.PeerOf(node.Id) is { IsUp: true } peer && peer.MapEpoch == map.Epoch
                && (!map.IsReplica(partition, node.Id) || peer.IsComplete(partition));
            if (!isReady)
                return false;
        }
        return true;
    }
}
