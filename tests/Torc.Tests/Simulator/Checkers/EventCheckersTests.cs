using Torc.Core.Clocks;
using Torc.Core.Consensus;
using Torc.Core.Replication;
using Torc.Simulator.Checkers;

namespace Torc.Tests.Simulator.Checkers;

/// <summary>The checkers that live on the nodes' reports rather than on what clients saw.</summary>
public class EventCheckersTests
{
    private static readonly int[] Replicas = [1, 2, 3];
    private static readonly DecidedSets Sets = new(Replicas, [], Replicas, _ => 0);

    [Fact]
    public void Stamps_are_unique_and_those_of_an_actor_only_rise()
    {
        var checker = new StampChecker();
        checker.Issued(new StampIssued(1, 1, 7, Stamp(10, actor: 1)));
        checker.Issued(new StampIssued(2, 2, 7, Stamp(10, actor: 2)));
        checker.Issued(new StampIssued(3, 2, 7, Stamp(11, actor: 2)));
        checker.Issued(new StampIssued(4, 2, 8, Stamp(9, actor: 2)));
        checker.Violations.ShouldBeEmpty();

        checker.Issued(new StampIssued(5, 1, 7, Stamp(10, actor: 1)));
        checker.Issued(new StampIssued(6, 2, 7, Stamp(9, actor: 2)));
        checker.Violations.Select(violation => violation.Invariant).ShouldBe([2, 2]);
    }

    [Fact]
    public void A_tree_is_that_of_its_rows_and_of_the_other_replicas()
    {
        ReplicaTree tree = new(1, 5, 0, IsBuilt: true, Root: 9, OfRows: 9);
        TreeChecker.Check([tree, tree with { Node = 2 }, tree with { Node = 3, IsBuilt = false, Root = 0 }, tree with { Partition = 6, Root = 7, OfRows = 7 }])
            .ShouldBeEmpty();
        TreeChecker.Check([tree, tree with { Node = 2, OfRows = 8 }]).Select(violation => violation.Invariant).ShouldBe([7]);
        TreeChecker.Check([tree, tree with { Node = 2, Root = 8, OfRows = 8 }]).Select(violation => violation.Invariant).ShouldBe([10]);
    }

    [Fact]
    public void Complete_replicas_of_the_set_make_a_quorum()
    {
        QuorumChecker checker = MakeQuorumChecker();
        checker.Decided(Write(100, 200, 1, 2));
        checker.Violations.ShouldBeEmpty();
    }

    [Fact]
    public void Only_a_replica_that_the_write_came_to_is_counted()
    {
        var checker = new ArrivalChecker();
        checker.Arrived(2, 8, epoch: 3);
        checker.Arrived(3, 7, epoch: 3);
        checker.Decided(Write(100, 200, 1, 2), 8, epoch: 3);
        checker.Violations.ShouldBeEmpty();
        checker.Decided(Write(100, 200, 1, 3), 8, epoch: 3);
        checker.Violations.Select(violation => violation.Invariant).ShouldBe([3]);
    }

    [Fact]
    public void A_replica_that_goes_by_a_later_map_is_not_counted()
    {
        var checker = new ArrivalChecker();
        checker.Arrived(2, 8, epoch: 2);
        checker.Arrived(2, 8, epoch: 4);
        checker.Decided(Write(100, 200, 1, 2), 8, epoch: 3);
        checker.Violations.ShouldBeEmpty();
        checker.Arrived(3, 9, epoch: 4);
        checker.Decided(Write(100, 200, 1, 3), 9, epoch: 3);
        checker.Violations.Select(violation => violation.Invariant).ShouldBe([9]);
    }

    [Fact]
    public void A_vote_only_rises()
    {
        var low = new Ballot(1, new Actor(1));
        var high = new Ballot(2, new Actor(1));
        var checker = new VoteChecker();
        checker.Saved(1, new AcceptorState(5, 77, low, Ballot.None, default));
        checker.Saved(1, new AcceptorState(5, 77, high, high, new byte[] { 1 }));
        checker.Saved(1, new AcceptorState(6, 77, low, Ballot.None, default));
        checker.Saved(2, new AcceptorState(5, 78, low, Ballot.None, default));
        checker.Violations.ShouldBeEmpty();
        checker.Saved(1, new AcceptorState(5, 77, high, Ballot.None, default));
        checker.Violations.Select(violation => violation.Invariant).ShouldBe([9]);
    }

    [Theory]
    [InlineData(3, 1)]
    [InlineData(3, 1, 4)]
    [InlineData(3, 1, 1)]
    [InlineData(3, 1, 3)]
    public void Too_few_foreign_repeated_or_incomplete_replicas_do_not(int invariant, params int[] nodes)
    {
        QuorumChecker checker = MakeQuorumChecker();
        checker.Decided(Write(100, 200, nodes));
        checker.Violations[0].Invariant.ShouldBe(invariant);
    }

    [Fact]
    public void A_replica_counts_when_it_was_complete_at_some_time_during_the_request()
    {
        QuorumChecker checker = MakeQuorumChecker();
        checker.SetComplete(2, 7, false, 150);
        checker.Decided(Write(100, 200, 1, 2));
        checker.Violations.ShouldBeEmpty();
        checker.Decided(Write(160, 200, 1, 2));
        checker.Violations.Count.ShouldBe(1);
    }

    [Fact]
    public void A_queue_over_its_limit_is_reported_once()
    {
        var checker = new QueueChecker();
        checker.Sampled(new QueueSample(1, 1, "hints", 10, 10));
        checker.Violations.ShouldBeEmpty();
        checker.Sampled(new QueueSample(2, 1, "hints", 11, 10));
        checker.Sampled(new QueueSample(3, 1, "hints", 12, 10));
        checker.Violations.Count.ShouldBe(1);
    }

    [Fact]
    public void Replicas_agree_when_every_key_has_one_digest()
    {
        ReplicaRow[] rows = [new(1, 7, "a", 5), new(2, 7, "a", 5), new(3, 7, "a", 5)];
        AgreementChecker.Check(rows, _ => Replicas).ShouldBeEmpty();
        AgreementChecker.Check([.. rows[..2], new(3, 7, "a", 6)], _ => Replicas).Count().ShouldBe(1);
        AgreementChecker.Check(rows[..2], _ => Replicas).Single().Key.ShouldBe("a", "a missing row");
        AgreementChecker.Check(rows, _ => [1, 2]).ShouldBeEmpty("node 3 is no replica");
    }

    [Theory]
    [InlineData(ConsistencyLevel.LocalQuorum, new[] { 1, 3 }, true)]
    [InlineData(ConsistencyLevel.LocalQuorum, new[] { 1, 2, 4 }, false)]
    [InlineData(ConsistencyLevel.LocalOne, new[] { 2, 4 }, false)]
    [InlineData(ConsistencyLevel.EachQuorum, new[] { 1, 3, 2, 4 }, true)]
    [InlineData(ConsistencyLevel.EachQuorum, new[] { 1, 3, 5, 2 }, false)]
    public void Levels_across_data_centres_count_in_the_right_ones(ConsistencyLevel level, int[] counted, bool isMet)
    {
        int[] replicas = [1, 2, 3, 4, 5];
        var checker = new QuorumChecker();
        foreach (int node in replicas)
            checker.SetComplete(node, 7, true, 0);
        checker.Decided(new WriteDecided(1, 2, 5, 7, level, counted)
        {
            Sets = new DecidedSets(replicas, [], replicas, node => node % 2),
        });
        checker.Violations.Any().ShouldBe(!isMet);
    }

    /// <summary>Nodes 1 and 2 are complete from the start, 3 never is, 4 is complete and no replica.</summary>
    private static QuorumChecker MakeQuorumChecker()
    {
        var checker = new QuorumChecker();
        foreach (int node in (int[])[1, 2, 4])
            checker.SetComplete(node, 7, true, 0);
        return checker;
    }

    private static WriteDecided Write(long started, long decided, params int[] counted) => new(started, decided, 1, 7, ConsistencyLevel.Quorum, counted) { Sets = Sets };

    private static UInt128 Stamp(ulong stamp, ulong actor) => new(stamp, actor);
}
