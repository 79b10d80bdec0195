namespace Torc.Core.Placement;

/// <summary>What nodes last reported of themselves, each by the map that it acted on when it did.</summary>
public interface IPlacementReports
{
    /// <summary>The epoch of the map that all shards of the node act on, durable there; 0 when nothing was heard of the node's present run.</summary>
    ulong MapEpochOf(ushort node);

    /// <summary>Whether the node's copy of a partition is complete, by the map of that epoch.</summary>
    bool IsComplete(ushort node, int partition);
}

/// <summary>
/// When the next map of a change may be proposed: see <see cref="ChangeSteps"/> for why. Majorities are of each data centre's part of a set, so that what
/// a level of one data centre acknowledged is not lost either; they are majorities of the whole set too.
/// </summary>
public static class StepRules
{
    /// <summary>
    /// A pending move may end: a majority of the present set and one of the new set refuse requests from before the move began; every newcomer's
    /// copy is complete; and a majority of the new set's copies are.
    /// </summary>
    public static bool MayComplete(ClusterMap map, int partition, IPlacementReports reports)
    {
        ReadOnlySpan<ushort> present = map.ReplicasOf(partition), then = map.PendingOf(partition);
        if (then.IsEmpty || !HasMajorities(map, partition, present, reports, complete: false) || !HasMajorities(map, partition, then, reports, complete: true))
            return false;
        foreach (ushort node in then)
        {
            if (!present.Contains(node) && !Reports(map, partition, node, reports, complete: true))
                return false;
        }
        return true;
    }

    /// <summary>A change without moves left may end: of each partition a majority refuses requests from before its last move ended.</summary>
    public static bool MayFinish(ClusterMap map, IPlacementReports reports)
    {
        for (int partition = 0; partition < map.PartitionCount; partition++)
        {
            if (map.MoveOf(partition) is not null || !HasMajorities(map, partition, map.ReplicasOf(partition), reports, complete: false))
                return false;
        }
        return true;
    }

    private static bool HasMajorities(ClusterMap map, int partition, ReadOnlySpan<ushort> set, IPlacementReports reports, bool complete)
    {
        foreach (ushort node in set)
        {
            int members = 0, reported = 0;
            foreach (ushort other in set)
            {
                if (map.DataCentreOf(other) != map.DataCentreOf(node))
                    continue;
                members++;
                reported += Reports(map, partition, other, reports, complete) ? 1 : 0;
            }
            if (reported < members / 2 + 1)
                return false;
        }
        return true;
    }

    private static bool Reports(ClusterMap map, int partition, ushort node, IPlacementReports reports, bool complete) =>
        reports.MapEpochOf(node) >= map.EpochOf(partition) && (!complete || reports.IsComplete(node, partition));
}
