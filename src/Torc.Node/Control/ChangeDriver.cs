using Torc.Core.Placement;

namespace Torc.Node.Control;

/// <summary>
/// Decides what the next map of a change is, from the present map and what the nodes report alone: so any node can go on where another one
/// died. One node does at a time, the first voter that lives; two at once would only outbid each other.
/// </summary>
public static class ChangeDriver
{
    /// <summary>What the driver goes by.</summary>
    public interface IReports : IPlacementReports
    {
        bool IsAlive(ushort node);

        /// <summary>The node told last that it keeps writes for nodes that were down.</summary>
        bool KeepsHints(ushort node);

        /// <summary>The birth that the node greeted with, or the map's when it did not.</summary>
        ulong BirthOf(ushort node);

        /// <summary>The highest level that the node agrees to, as it told over the link that is open; 0 while it has not.</summary>
        byte LevelOf(ushort node);
    }

    /// <summary>Whether this node is the one to propose the next step.</summary>
    public static bool IsDriver(ClusterMap map, ushort self, IReports reports)
    {
        foreach (ushort voter in map.Voters)
        {
            if (voter == self)
                return true;
            if (reports.IsAlive(voter))
                return false;
        }
        return false;
    }

    /// <summary>The map to propose, or null while there is nothing to do or something to wait for.</summary>
    /// <param name="map">The map in use.</param>
    /// <param name="reports">What the nodes told.</param>
    /// <param name="copiesPerNodeMax">Partitions that one node takes at a time.</param>
    public static ClusterMap? Next(ClusterMap map, IReports reports, int copiesPerNodeMax)
    {
        if (Readmitted(map, reports) is { } readmitted)
            return readmitted;
        if (Raised(map, reports) is { } raised)
            return raised;
        if (!map.IsChanging)
            return null;
        var ready = new List<int>();
        var planned = new List<int>();
        var busy = new Dictionary<ushort, int>();
        bool isWaiting = false;
        for (int partition = 0; partition < map.PartitionCount; partition++)
        {
            if (map.MoveOf(partition) is not { } move)
                continue;
            if (move.Stage == MoveStage.Planned)
                planned.Add(partition);
            else if (StepRules.MayComplete(map, partition, reports))
                ready.Add(partition);
            else
            {
                isWaiting = true;
                CountCopies(map, partition, busy);
            }
        }
        if (ready.Count > 0)
            return ChangeSteps.Complete(map, ready);
        List<int> next = Beginnable(map, planned, busy, copiesPerNodeMax);
        if (next.Count > 0)
            return ChangeSteps.Begin(map, next);
        bool mayFinish = planned.Count == 0 && !isWaiting && StepRules.MayFinish(map, reports) && LeaversAreDone(map, reports);
        return mayFinish ? ChangeSteps.Finish(map) : null;
    }

    /// <summary>
    /// Hints may have counted towards a write's level: nodes that leave alive deliver theirs first. Those of a dead one are lost with it, as any
    /// copy on it is.
    /// </summary>
    private static bool LeaversAreDone(ClusterMap map, IReports reports)
    {
        foreach (NodeInfo node in map.Nodes)
        {
            bool mayKeepHints = reports.KeepsHints(node.Id) || reports.MapEpochOf(node.Id) == 0;
            if (node.State == NodeState.Leaving && reports.IsAlive(node.Id) && mayKeepHints)
                return false;
        }
        return true;
    }

    /// <summary>Planned moves whose nodes have room for one more copy, in order of partition.</summary>
    private static List<int> Beginnable(ClusterMap map, List<int> planned, Dictionary<ushort, int> busy, int copiesPerNodeMax)
    {
        var chosen = new List<int>();
        foreach (int partition in planned)
        {
            bool hasRoom = true;
            foreach (ushort node in Newcomers(map, partition))
                hasRoom &= busy.GetValueOrDefault(node) < copiesPerNodeMax;
            if (!hasRoom)
                continue;
            CountCopies(map, partition, busy);
            chosen.Add(partition);
        }
        return chosen;
    }

    private static void CountCopies(ClusterMap map, int partition, Dictionary<ushort, int> busy)
    {
        foreach (ushort node in Newcomers(map, partition))
            busy[node] = busy.GetValueOrDefault(node) + 1;
    }

    private static List<ushort> Newcomers(ClusterMap map, int partition)
    {
        ReadOnlySpan<ushort> present = map.ReplicasOf(partition);
        var newcomers = new List<ushort>();
        foreach (ushort node in map.MoveOf(partition)!.Replicas)
        {
            if (!present.Contains(node))
                newcomers.Add(node);
        }
        return newcomers;
    }

    /// <summary>
    /// A member that came back with another data directory is a voter no more; the map takes its new birth, by the vote of the others, and
    /// it may vote again. Its copies are incomplete by its own word.
    /// </summary>
    private static ClusterMap? Readmitted(ClusterMap map, IReports reports)
    {
        foreach (NodeInfo node in map.Nodes)
        {
            ulong birth = reports.BirthOf(node.Id);
            if (birth != node.Birth && reports.IsAlive(node.Id))
                return ChangeSteps.Readmit(map, node.Id, birth);
        }
        return null;
    }

    /// <summary>The level of the cluster rises when every member has told that it agrees; one that is down holds it where it is, unless it is to go.</summary>
    private static ClusterMap? Raised(ClusterMap map, IReports reports)
    {
        byte common = byte.MaxValue;
        foreach (NodeInfo node in map.Nodes)
        {
            if (!node.IsGoing || reports.IsAlive(node.Id))
                common = Math.Min(common, reports.LevelOf(node.Id));
        }
        return common > map.Level ? ChangeSteps.RaiseLevel(map, common) : null;
    }
}
