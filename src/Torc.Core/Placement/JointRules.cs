using Torc.Core.Replication;

namespace Torc.Core.Placement;

/// <summary>
/// What a level asks for while a partition is moving: that the present set meets it and the new set too. Replicas count by their index in
/// <see cref="ClusterMap.MembersOf"/>: the present set in its order, then the newcomers.
/// </summary>
/// <remarks>
/// The union is short (<see cref="ReplicaSet.ReplicasMax"/>, a rule of the map), and a rule of several sets is what the quorum machines take anyway: so
/// a request without a move pays for nothing but the look whether there is one.
/// <para>
/// A newcomer counts, for the new set only, as soon as it holds a row, though its copy is not complete: what was acknowledged by the present set alone,
/// and what outranks a write, is told by the present set's part of the rule, of which only whole copies count. What the new set's part is for is
/// that a majority of it holds what was written or read, and that whoever counts by the new set alone is met: nobody who answers by this
/// epoch has answered by a later one. So a move does not make a partition less available than it is without.
/// </para>
/// </remarks>
public static class JointRules
{
    /// <summary>Whether what a member of the partition holds counts: a newcomer's copy always does, towards the new set.</summary>
    public static bool Counts(ClusterMap map, int partition, ushort node, bool isComplete) => isComplete || map.IsNewcomer(partition, node);

    /// <summary>What the level asks for, of one set when no move is pending.</summary>
    public static QuorumRule Of(ClusterMap map, ConsistencyLevel level, int partition, ushort coordinator)
    {
        ReadOnlySpan<ushort> pending = map.PendingOf(partition);
        if (pending.IsEmpty)
            return LevelRules.Of(map, level, partition, coordinator);
        ReadOnlySpan<ushort> all = map.MembersOf(partition);
        ReplicaSet then = ReplicaSet.Empty;
        foreach (ushort node in pending)
            then = then.With(all.IndexOf(node));
        QuorumRule rule = default;
        LevelRules.Require(ref rule, map, level, all, ReplicaSet.FirstOf(map.ReplicasOf(partition).Length), coordinator);
        LevelRules.Require(ref rule, map, level, all, then, coordinator);
        return rule;
    }
}
