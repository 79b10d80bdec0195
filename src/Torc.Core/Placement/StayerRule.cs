using Torc.Core.Replication;

namespace Torc.Core.Placement;

/// <summary>
/// When replicas that stay in a partition's set have to catch up before a move ends. What was acknowledged is on a quorum of the present set, so up to
/// as many replicas may lack it as a quorum leaves out, and these may be just those that stay, while those that have it go. A quorum of the new set
/// must hold it too: newcomers do, as their copies are complete, and the new set's quorum leaves out as many as it can. When that is less, stayers pull
/// from the present set until they lack nothing.
/// </summary>
/// <remarks>
/// That is never so while a set keeps its size, or grows. It is when it shrinks, from 3 to 2 or 1, from 5 to 3. Judged for the whole set and for each
/// data centre's part, so that a level of one data centre keeps its promise as well.
/// </remarks>
public static class StayerRule
{
    /// <summary>Whether the node stays in the set of a partition with a pending move, and has to catch up before the move ends.</summary>
    public static bool MustCatchUp(ClusterMap map, int partition, ushort node)
    {
        ReadOnlySpan<ushort> present = map.ReplicasOf(partition), then = map.PendingOf(partition);
        if (!present.Contains(node) || !then.Contains(node))
            return false;
        int dataCentre = map.DataCentreOf(node);
        return MayLack(map, present, then, null) || MayLack(map, present, then, dataCentre);
    }

    private static bool MayLack(ClusterMap map, ReadOnlySpan<ushort> present, ReadOnlySpan<ushort> then, int? dataCentre)
    {
        int now = 0, later = 0, stay = 0;
        foreach (ushort node in present)
            now += IsIn(map, node, dataCentre) ? 1 : 0;
        foreach (ushort node in then)
        {
            later += IsIn(map, node, dataCentre) ? 1 : 0;
            stay += IsIn(map, node, dataCentre) && present.Contains(node) ? 1 : 0;
        }
        return Math.Min(stay, Levels.LeftOutByQuorum(now)) > Levels.LeftOutByQuorum(later);
    }

    private static bool IsIn(ClusterMap map, ushort node, int? dataCentre) => dataCentre is null || map.DataCentreOf(node) == dataCentre;
}
