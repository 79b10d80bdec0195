using Torc.Core.Replication;

namespace Torc.Core.Placement;

/// <summary>What each consistency level asks of the replicas of a partition that does not move, by index in its preference list.</summary>
public static class LevelRules
{
    /// <param name="map">The map that the operation runs by.</param>
    /// <param name="level">Local levels count the replicas in <paramref name="coordinator"/>'s data centre; without one there they are never met.</param>
    /// <param name="partition">Whose replicas.</param>
    /// <param name="coordinator">The node that runs the operation.</param>
    public static QuorumRule Of(ClusterMap map, ConsistencyLevel level, int partition, ushort coordinator)
    {
        ReadOnlySpan<ushort> replicas = map.ReplicasOf(partition);
        QuorumRule rule = default;
        Require(ref rule, map, level, replicas, ReplicaSet.FirstOf(replicas.Length), coordinator);
        return rule;
    }

    /// <summary>Adds what the level asks of some of the nodes that a rule counts.</summary>
    /// <param name="rule">Grows.</param>
    /// <param name="map">The map that the operation runs by.</param>
    /// <param name="level">As above.</param>
    /// <param name="members">The list by whose index replicas count.</param>
    /// <param name="set">Those of the list that have to meet the level among themselves.</param>
    /// <param name="coordinator">The node that runs the operation.</param>
    internal static void Require(
        ref QuorumRule rule, ClusterMap map, ConsistencyLevel level, ReadOnlySpan<ushort> members, ReplicaSet set, ushort coordinator)
    {
        switch (level)
        {
            case ConsistencyLevel.LocalOne or ConsistencyLevel.LocalQuorum:
                ReplicaSet local = In(map, members, set, map.DataCentreOf(coordinator));
                rule.Require(local, Levels.Required(level, Math.Max(1, local.Count)));
                break;
            case ConsistencyLevel.EachQuorum:
                for (ReplicaSet left = set; !left.IsEmpty;)
                {
                    ReplicaSet together = In(map, members, left, map.DataCentreOf(members[left.First]));
                    rule.Require(together, Levels.Required(ConsistencyLevel.Quorum, together.Count));
                    left = left.Except(together);
                }
                break;
            default:
                rule.Require(set, Levels.Required(level, set.Count));
                break;
        }
    }

    /// <summary>Those of the set that are in a data centre.</summary>
    /// <param name="map">That knows where nodes are.</param>
    /// <param name="members">The list by whose index replicas count.</param>
    /// <param name="set">Of which some are returned.</param>
    /// <param name="dataCentre">As <see cref="ClusterMap.DataCentreOf"/> numbers them.</param>
    public static ReplicaSet In(ClusterMap map, ReadOnlySpan<ushort> members, ReplicaSet set, int dataCentre)
    {
        ReplicaSet found = ReplicaSet.Empty;
        foreach (int replica in set)
        {
            if (map.DataCentreOf(members[replica]) == dataCentre)
                found = found.With(replica);
        }
        return found;
    }
}
