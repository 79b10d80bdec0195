using Torc.Core.Placement;

namespace Torc.Node.Shards;

/// <summary>
/// Gives back the space of partitions that have moved away: one partition in a tick, when no change is under way any more. A change ends only
/// after a majority of every partition's replicas act by the map that ended its move, so nobody's request counts on these copies.
/// </summary>
/// <remarks>
/// It is more than tidiness: a copy that was kept would come back, should the partition, with rows whose deletes everyone else has forgotten.
/// Hints stay: they are for others.
/// </remarks>
internal sealed class FormerCopies(Shard shard)
{
    private ClusterMap? _map;
    private ushort _next;

    /// <summary>Called each tick.</summary>
    public void Run()
    {
        ClusterMap map = shard.View.Map!;
        if (map != _map)
            (_map, _next) = (map, 0);
        for (; !map.IsChanging && _next < map.PartitionCount; _next++)
        {
            if (!shard.IsHere(_next) || map.IsMember(_next, shard.View.Self) || !shard.Rows.Has(_next))
                continue;
            if (shard.Rows.TryDrop(_next))
                shard.Emit(new NodeEvent(NodeEventKind.PartitionDropped, _next));
            return;
        }
    }
}
