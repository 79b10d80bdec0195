using Torc.Core.Placement;

namespace Torc.Node.Shards;

/// <summary>
/// What a new map means for a shard: which of its copies count no longer, and that operations under way begin again where
/// their partition has changed, so that every one counts by the sets of the map that its messages carry the epoch of.
/// </summary>
internal sealed class MapChange(Shard shard)
{
    private ulong _epoch;

    /// <summary>The epoch of the map that the shard acts by; its copies are judged by it. Read by other threads.</summary>
    public ulong Epoch => Volatile.Read(ref _epoch);

    /// <summary>The view has the new map already. <paramref name="previous"/>: the one before in this run, null at first.</summary>
    public void Take(ClusterMap? previous, ClusterMap map)
    {
        for (ushort partition = 0; partition < map.PartitionCount; partition++)
        {
            if (shard.IsHere(partition))
                Judge(previous, map, partition);
        }
        Volatile.Write(ref _epoch, map.Epoch);
        if (previous is null)
            return;
        shard.ReadsOfTurn.Clear();
        shard.RemoteWrites.OnMapChanged(previous, map);
        shard.Relays.OnMapChanged(previous, map);
        shard.Operations.MapChanged(previous, map, shard.Pool);
    }

    /// <summary>
    /// A copy of a node that is no member of a partition misses what is written, and so may that of one that was none for a while. So a newcomer
    /// begins without a complete copy each time that the partition's sets change, and when it starts; what it holds already need not be copied again.
    /// </summary>
    private void Judge(ClusterMap? previous, ClusterMap map, ushort partition)
    {
        ushort self = shard.View.Self;
        bool changed = previous is null || previous.EpochOf(partition) != map.EpochOf(partition);
        if (!map.IsMember(partition, self) || (changed && map.IsNewcomer(partition, self)))
        {
            shard.SetComplete(partition, false);
            shard.Garbage.OnUnknown(partition);
        }
        if (changed)
        {
            shard.Tombstones.Abandon(partition);
            shard.SetBehind(partition, StayerRule.MustCatchUp(map, partition, self));
        }
    }
}
