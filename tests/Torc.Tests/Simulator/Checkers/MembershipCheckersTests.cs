using Torc.Core.Placement;
using Torc.Core.Replication;
using Torc.Simulator.Checkers;
using Torc.Tests.Core.Placement;

namespace Torc.Tests.Simulator.Checkers;

/// <summary>What the checkers hold a cluster to whose members and sets change.</summary>
public class MembershipCheckersTests
{
    private const int Partition = 7;
    private static readonly DecidedSets Moving = new([1, 2, 3], [3, 4, 5], [1, 2, 3, 4, 5], node => node % 2);

    [Theory]
    [InlineData(true, 1, 3, 4)]
    [InlineData(true, 1, 2, 4, 5)]
    [InlineData(false, 1, 2, 3)]
    [InlineData(false, 3, 4, 5)]
    [InlineData(false, 1, 4, 5)]
    public void While_a_partition_moves_both_sets_meet_the_level_and_newcomers_count_for_the_new_one(bool isMet, params int[] counted)
    {
        var checker = new QuorumChecker();
        foreach (int node in Moving.Present)
            checker.SetComplete(node, Partition, true, 0);
        checker.Decided(new WriteDecided(100, 200, 1, Partition, ConsistencyLevel.Quorum, counted) { Sets = Moving });
        checker.Violations.Any().ShouldBe(!isMet);
    }

    [Fact]
    public void A_copy_of_the_present_set_that_is_incomplete_does_not_count_while_it_moves()
    {
        var checker = new QuorumChecker();
        checker.SetComplete(1, Partition, true, 0);
        checker.Decided(new WriteDecided(100, 200, 1, Partition, ConsistencyLevel.Quorum, [1, 3, 4]) { Sets = Moving });
        checker.Violations.Count.ShouldBe(1);
    }

    [Fact]
    public void Who_was_removed_is_never_listed_again_nor_forgotten()
    {
        ClusterMap first = Planner.Create(SampleCluster.Nodes(4), 8, 2, SampleCluster.Keyspaces, out _);
        ClusterMap removed = With(first, 9, Remove);
        var checker = new FenceChecker();
        checker.Decided(first);
        checker.Decided(removed);
        checker.Violations.ShouldBeEmpty();
        checker.Decided(With(first, 10, _ => { }));
        checker.Violations.Select(violation => violation.Invariant).ShouldBe([9, 9]);
    }

    [Fact]
    public void A_node_that_knows_that_it_was_removed_does_nothing_more()
    {
        var checker = new FenceChecker();
        checker.Acted(1, node: 3, incarnation: 5, "stamped a write");
        checker.Learned(3, 5);
        checker.Acted(2, node: 2, incarnation: 5, "stamped a write");
        checker.Violations.ShouldBeEmpty();
        checker.Acted(2, node: 3, incarnation: 5, "stamped a write");
        checker.Violations.Count.ShouldBe(1);
    }

    [Theory]
    [InlineData(ConsistencyLevel.Quorum, true)]
    [InlineData(ConsistencyLevel.All, true)]
    [InlineData(ConsistencyLevel.One, false)]
    public void A_write_outlives_a_move_when_a_majority_acknowledged_it(ConsistencyLevel level, bool isKept)
    {
        var scenario = new Scenario();
        scenario.Do(OperationKind.Write, 0, 1, level: level);
        Operation read = scenario.ReadAt(ConsistencyLevel.All, 20, 21);
        foreach (Operation operation in scenario.History.Operations)
            (operation.MovedMicros, operation.CopiesLeast) = (10_000, 2);
        read.MayHaveMoved.ShouldBeTrue();
        scenario.Broken(StaleReadChecker.Check).Length.ShouldBe(isKept ? 1 : 0);
    }

    [Fact]
    public void With_fewer_copies_fewer_losses_excuse()
    {
        var scenario = new Scenario();
        scenario.Write(0, 1);
        scenario.Read(20, 21);
        foreach (Operation operation in scenario.History.Operations)
            (operation.MovedMicros, operation.CopiesLeast) = (10_000, 1);
        scenario.Broken(StaleReadChecker.Check).ShouldBe([1]);
        scenario.Lost(1, 5);
        scenario.Broken(StaleReadChecker.Check).ShouldBeEmpty("a majority of one copy is one");
    }

    private static void Remove(ClusterMapDraft draft)
    {
        draft.Removed = [new RemovedNode(3, draft.Nodes[3].Birth)];
        draft.Nodes = draft.Nodes[..3];
        Array.Fill(draft.Replicas, [0, 1]);
    }

    private static ClusterMap With(ClusterMap map, ulong epoch, Action<ClusterMapDraft> change)
    {
        ClusterMapDraft draft = ClusterMapDraft.After(map);
        draft.Epoch = epoch;
        change(draft);
        return draft.ToMap();
    }
}
