using Torc.Core.Replication;

namespace Torc.Core.Placement;

/// <summary>What nodes last reported of themselves, each by the map that it acted on when it did.</summary>
public interface IPlacementReports
{
    /// <summary>The epoch of the map that all shards of the node act on, durable there; 0 when nothing was heard of the node's present run.</summary>
    ulong MapEpochOf(ushort node);

    /// <summary>Whether the node's copy of a partition is complete, by the map of that epoch.</summary>
    bool IsComplete(ushort node, int partition);

    /// <summary>Whether the node, which stays in the partition's set, has yet to catch up (<see cref="StayerRule"/>), by the map of that epoch.</summary>
    bool IsBehind(ushort node, int partition);
}

/// <summary>
/// When the next map of a change may be proposed: see <see cref="ChangeSteps"/> for why. It is asked of each data centre's part of a set, so that what
/// a level of one data centre acknowledged is not lost either; that is more than to ask it of the whole.
/// </summary>
public static class StepRules
{
    /// <summary>
    /// A pending move may end: so many of the present set refuse requests from before the move began that the others are no quorum; every newcomer's
    /// copy is complete; and a majority of the new set hold all that the present set acknowledged, or what a quorum of it would not miss
    /// (<see cref="StayerRule"/>).
    /// </summary>
    public static bool MayComplete(ClusterMap map, int partition, IPlacementReports reports)
    {
        ReadOnlySpan<ushort> present = map.ReplicasOf(partition), then = map.PendingOf(partition);
        if (then.IsEmpty || !IsFenced(map, partition, present, reports) || !HasMajorities(map, partition, then, reports))
            return false;
        foreach (ushort node in then)
        {
            if (!present.Contains(node) && !IsWhole(map, partition, node, reports))
                return false;
        }
        return true;
    }

    /// <summary>A change without moves left may end: of each partition so many refuse requests from before its last move ended that the others are no quorum.</summary>
    public static bool MayFinish(ClusterMap map, IPlacementReports reports)
    {
        for (int partition = 0; partition < map.PartitionCount; partition++)
        {
            if (map.MoveOf(partition) is not null || !IsFenced(map, partition, map.ReplicasOf(partition), reports))
                return false;
        }
        return true;
    }

    /// <summary>
    /// Those of the set that do not answer by this map are too few for a quorum in each data centre. Where so many are gone for ever that the others are
    /// not enough for that, all others answer by this map, and those that are gone answer nobody, on the operator's word.
    /// </summary>
    private static bool IsFenced(ClusterMap map, int partition, ReadOnlySpan<ushort> set, IPlacementReports reports)
    {
        foreach (ushort node in set)
        {
            (int members, int fenced) = Count(map, set, node, other => AnswersByThis(map, partition, other, reports));
            int gone = Count(map, set, node, other => map.NodeOf(other)!.State == NodeState.Gone).Suit;
            if (fenced < Math.Min(Levels.LeftOutByQuorum(members) + 1, members - gone))
                return false;
        }
        return true;
    }

    private static bool HasMajorities(ClusterMap map, int partition, ReadOnlySpan<ushort> set, IPlacementReports reports)
    {
        foreach (ushort node in set)
        {
            (int members, int whole) = Count(map, set, node, other => IsWhole(map, partition, other, reports) && !reports.IsBehind(other, partition));
            if (whole < members - Levels.LeftOutByQuorum(members))
                return false;
        }
        return true;
    }

    /// <summary>How many of the set are in the node's data centre, and how many of those suit.</summary>
    private static (int Members, int Suit) Count(ClusterMap map, ReadOnlySpan<ushort> set, ushort node, Func<ushort, bool> suits)
    {
        int members = 0, suit = 0;
        foreach (ushort other in set)
        {
            if (map.DataCentreOf(other) != map.DataCentreOf(node))
                continue;
            members++;
            suit += suits(other) ? 1 : 0;
        }
        return (members, suit);
    }

    private static bool AnswersByThis(ClusterMap map, int partition, ushort node, IPlacementReports reports) =>
        reports.MapEpochOf(node) >= map.EpochOf(partition);

    private static bool IsWhole(ClusterMap map, int partition, ushort node, IPlacementReports reports) =>
        AnswersByThis(map, partition, node, reports) && reports.IsComplete(node, partition);
}
