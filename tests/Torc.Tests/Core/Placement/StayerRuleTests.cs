using Torc.Base;
using Torc.Core.Placement;
using Torc.Core.Replication;

namespace Torc.Tests.Core.Placement;

public sealed class StayerRuleTests
{
    [Theory]
    [InlineData(3, 2, 0, true)] // {1, 2} may have what 0 lacks, and a quorum of {0, 1} is both: one of them holds it, and the next shrinking would forget that
    [InlineData(3, 1, 0, true)]
    [InlineData(5, 3, 0, true)]
    [InlineData(5, 4, 0, true)]
    [InlineData(4, 3, 0, false)]
    [InlineData(2, 1, 0, false)]
    [InlineData(3, 2, 1, false)]
    [InlineData(3, 3, 2, false)]
    [InlineData(3, 0, 3, false)]
    public void Those_that_stay_in_a_set_that_shrinks_catch_up(int now, int stay, int come, bool expected)
    {
        ClusterMap map = Pending(now, stay, come, dataCentres: 1);
        for (ushort node = 0; node < stay; node++)
            StayerRule.MustCatchUp(map, 0, node).ShouldBe(expected);
        for (int node = stay; node < now + come; node++)
            StayerRule.MustCatchUp(map, 0, (ushort)node).ShouldBeFalse("it goes, or comes with a complete copy");
    }

    /// <summary>3 copies here and 3 there; those there go down to 1.</summary>
    [Fact]
    public void The_part_of_each_data_centre_is_judged_too()
    {
        ClusterMap map = Pending([0, 2, 4, 1, 3, 5], [0, 2, 4, 1], dataCentres: 2);
        StayerRule.MustCatchUp(map, 0, 1).ShouldBeTrue();
        map = Pending([0, 2, 4, 1, 3, 5], [0, 2, 4, 6, 1], dataCentres: 2);
        StayerRule.MustCatchUp(map, 0, 1).ShouldBeTrue("the whole loses one, its data centre two");
    }

    /// <summary>
    /// The rule is what is needed: whichever quorum holds a write, and however sets change, with those that catch up or come holding all, a
    /// quorum of the last set holds it.
    /// </summary>
    [Fact]
    public void A_quorum_of_every_later_set_holds_what_was_acknowledged()
    {
        for (ulong seed = 0; seed < 2_000; seed++)
        {
            var random = new SeededRandom(seed);
            int[] set = Draw(random, 1 + random.Below(6));
            HashSet<int> holders = [.. set.OrderBy(_ => random.Next()).Take(Levels.Required(ConsistencyLevel.Quorum, set.Length))];
            for (int step = 0; step < 5; step++)
            {
                int[] next = Draw(random, 1 + random.Below(6));
                ClusterMap map = Pending(set, next, dataCentres: 1);
                holders.IntersectWith(next);
                holders.UnionWith(next.Except(set));
                foreach (int node in next.Where(node => StayerRule.MustCatchUp(map, 0, (ushort)node)))
                    holders.Add(node);
                set = next;
                holders.Count.ShouldBeGreaterThanOrEqualTo(Levels.Required(ConsistencyLevel.Quorum, set.Length), $"seed {seed}, step {step}");
            }
        }
    }

    private static int[] Draw(SeededRandom random, int count) => [.. Enumerable.Range(0, 10).OrderBy(_ => random.Next()).Take(count)];

    private static ClusterMap Pending(int now, int stay, int come, int dataCentres) =>
        Pending([.. Enumerable.Range(0, now)], [.. Enumerable.Range(0, stay), .. Enumerable.Range(now, come)], dataCentres);

    private static ClusterMap Pending(int[] now, int[] then, int dataCentres)
    {
        NodeInfo[] nodes = [.. Enumerable.Range(0, 10).Select(id => SampleCluster.Node(id, 1, $"dc{id % dataCentres}"))];
        ClusterMapDraft draft = ClusterMapDraft.After(Planner.Create(nodes, 1, 3, [], out _));
        draft.Replicas[0] = [.. now.Select(id => (ushort)id)];
        if (now.ToHashSet().SetEquals(then))
            return draft.ToMap();
        draft.Moves[0] = new ReplicaMove(MoveStage.Planned, [.. then.Select(id => (ushort)id)]);
        return ChangeSteps.Begin(draft.ToMap(), [0]);
    }
}
