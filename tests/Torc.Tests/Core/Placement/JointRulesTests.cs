using Torc.Base;
using Torc.Core.Placement;
using Torc.Core.Replication;

namespace Torc.Tests.Core.Placement;

public sealed class JointRulesTests
{
    private static readonly ConsistencyLevel[] Everywhere = [ConsistencyLevel.One, ConsistencyLevel.Two, ConsistencyLevel.Quorum, ConsistencyLevel.All];

    [Fact]
    public void A_quorum_is_one_of_both_sets()
    {
        ClusterMap map = Moving([0, 1, 2], [0, 3, 4]);
        QuorumRule rule = JointRules.Of(map, ConsistencyLevel.Quorum, 0, 0);
        map.MembersOf(0).ToArray().ShouldBe([0, 1, 2, 3, 4]);
        map.IsNewcomer(0, 3).ShouldBeTrue();
        map.IsNewcomer(0, 1).ShouldBeFalse();
        rule.IsMetBy(Set(0, 1)).ShouldBeFalse("the new set has one");
        rule.IsMetBy(Set(0, 3, 4)).ShouldBeFalse("the old set has one");
        rule.IsMetBy(Set(1, 2, 3, 4)).ShouldBeTrue();
        rule.IsMetBy(Set(0, 1, 3)).ShouldBeTrue("one node counts in both");
    }

    /// <summary>What a move must not break: who reads by either set, or by both, meets every write that both sets held.</summary>
    [Fact]
    public void Any_two_joint_quorums_meet_each_other_and_the_quorums_of_either_set()
    {
        for (ulong seed = 0; seed < 60; seed++)
        {
            var random = new SeededRandom(seed);
            ushort[] now = Pick(random), then = Pick(random);
            if (now.SequenceEqual(then))
                continue;
            ClusterMap map = Moving(now, then);
            ushort[] nodes = map.MembersOf(0).ToArray();
            int count = nodes.Length;
            QuorumRule joint = JointRules.Of(map, ConsistencyLevel.Quorum, 0, 0);
            foreach (ushort[] set in new[] { now, then })
            {
                ReplicaSet members = Set([.. set.Select(node => Array.IndexOf(nodes, node, 0, count))]);
                QuorumRule single = QuorumRule.Of(members, members.Count / 2 + 1);
                for (int one = 0; one < 1 << count; one++)
                {
                    var written = new ReplicaSet((ushort)one);
                    if (joint.IsMetBy(written))
                        single.IsMetBy(ReplicaSet.FirstOf(count).Except(written)).ShouldBeFalse($"seed {seed}: what a joint write missed is no quorum of a set");
                }
            }
        }
    }

    [Fact]
    public void Every_level_asks_both_sets()
    {
        ClusterMap map = Moving([0, 1, 2], [3, 4, 5]);
        foreach (ConsistencyLevel level in Everywhere)
        {
            int each = Levels.Required(level, 3);
            QuorumRule rule = JointRules.Of(map, level, 0, 0);
            rule.IsMetBy(Set([.. Enumerable.Range(0, each).Concat(Enumerable.Range(3, each))])).ShouldBeTrue($"{level}");
            rule.IsMetBy(Set([.. Enumerable.Range(0, 3).Concat(Enumerable.Range(3, each - 1))])).ShouldBeFalse($"{level}");
            rule.IsMetBy(Set([.. Enumerable.Range(0, each - 1).Concat(Enumerable.Range(3, 3))])).ShouldBeFalse($"{level}");
        }
    }

    [Fact]
    public void Levels_of_data_centres_ask_both_sets_in_each()
    {
        ClusterMap map = Moving([0, 1, 2, 6, 7, 8], [0, 1, 3, 6, 7, 8]);
        QuorumRule local = JointRules.Of(map, ConsistencyLevel.LocalQuorum, 0, 0);
        local.IsMetBy(Set(1, 2)).ShouldBeFalse("of the new set only 1 is there");
        local.IsMetBy(Set(0, 1)).ShouldBeTrue();
        QuorumRule each = JointRules.Of(map, ConsistencyLevel.EachQuorum, 0, 0);
        each.IsMetBy(Set(0, 1, 3, 4)).ShouldBeTrue();
        each.IsMetBy(Set(0, 2, 3, 4)).ShouldBeFalse();
        each.Required.ShouldBe(6, "the far data centre does not change, and is asked once");
    }

    [Fact]
    public void Without_a_pending_move_it_is_the_rule_of_the_one_set()
    {
        ClusterMap map = Planner.Create(Nodes(), 1, 3, [], out _);
        QuorumRule joint = JointRules.Of(map, ConsistencyLevel.Quorum, 0, 0), single = LevelRules.Of(map, ConsistencyLevel.Quorum, 0, 0);
        for (int replicas = 0; replicas < 1 << 3; replicas++)
            joint.IsMetBy(new ReplicaSet((ushort)replicas)).ShouldBe(single.IsMetBy(new ReplicaSet((ushort)replicas)));
        ClusterMap planned = ChangePlanner.Plan(map, new ChangeRequest.ReplicationFactor(2)).First!;
        JointRules.Of(planned, ConsistencyLevel.All, 0, 0).Required.ShouldBe(3, "a move that has not begun changes nothing");
    }

    private static ReplicaSet Set(params int[] replicas) => replicas.Aggregate(ReplicaSet.Empty, (set, replica) => set.With(replica));

    private static ushort[] Pick(SeededRandom random) =>
        [.. Enumerable.Range(0, 7).OrderBy(_ => random.Next()).Take(1 + random.Below(5)).Select(node => (ushort)node)];

    /// <summary>Nodes 0 to 5 are in one data centre, 6 to 9 in another.</summary>
    private static NodeInfo[] Nodes() => [.. Enumerable.Range(0, 10).Select(id => SampleCluster.Node(id, 1, id < 6 ? "near" : "far"))];

    private static ClusterMap Moving(ushort[] now, ushort[] then)
    {
        ClusterMapDraft draft = ClusterMapDraft.After(Planner.Create(Nodes(), 1, 3, [], out _));
        draft.Replicas[0] = now;
        draft.Moves[0] = new ReplicaMove(MoveStage.Pending, then);
        return draft.ToMap();
    }
}
