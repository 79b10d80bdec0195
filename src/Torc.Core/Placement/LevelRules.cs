using Torc.Core.Replication;

namespace Torc.Core.Placement;

/// <summary>What each consistency level asks of the replicas of a partition, by index in its preference list.</summary>
public static class LevelRules
{
    /// <param name="map">The map that the operation runs by.</param>
    /// <param name="level">Local levels count the replicas in <paramref name="coordinator"/>'s data centre; without one there they are never met.</param>
    /// <param name="partition">Whose replicas.</param>
    /// <param name="coordinator">The node that runs the operation.</param>
    public static QuorumRule Of(ClusterMap map, ConsistencyLevel level, int partition, ushort coordinator)
    {
        ReadOnlySpan<ushort> replicas = map.ReplicasOf(partition);
        switch (level)
        {
            case ConsistencyLevel.LocalOne or ConsistencyLevel.LocalQuorum:
                ReplicaSet local = In(map, replicas, map.DataCentreOf(coordinator));
                return QuorumRule.Of(local, Levels.Required(level, Math.Max(1, local.Count)));
            case ConsistencyLevel.EachQuorum:
                return EachQuorum(map, replicas);
            default:
                return QuorumRule.Of(ReplicaSet.FirstOf(replicas.Length), Levels.Required(level, replicas.Length));
        }
    }

    private static QuorumRule EachQuorum(ClusterMap map, ReadOnlySpan<ushort> replicas)
    {
        QuorumRule rule = default;
        ReplicaSet left = ReplicaSet.FirstOf(replicas.Length);
        while (!left.IsEmpty)
        {
            ReplicaSet together = In(map, replicas, map.DataCentreOf(replicas[left.First]));
            rule.Require(together, Levels.Required(ConsistencyLevel.Quorum, together.Count));
            left = left.Except(together);
        }
        return rule;
    }

    private static ReplicaSet In(ClusterMap map, ReadOnlySpan<ushort> replicas, int dataCentre)
    {
        ReplicaSet set = ReplicaSet.Empty;
        for (int i = 0; i < replicas.Length; i++)
        {
            if (map.DataCentreOf(replicas[i]) == dataCentre)
                set = set.With(i);
        }
        return set;
    }
}
