using Torc.Core.Replication;
using Version = Torc.Core.Clocks.Version;

namespace Torc.Tests.Core.Replication;

public sealed class QuorumReadTests
{
    private const ulong Old = 11, New = 22, Other = 33, Joined = 44;
    private readonly QuorumRead _read = new();

    [Fact]
    public void Agrees_when_enough_complete_digests_are_equal_and_prefers_local_data()
    {
        _read.Begin(3, 2, localIndex: 1);
        Answer(0, New, data: true);
        _read.Decision.ShouldBe(ReadDecision.Waiting);
        Answer(1, New, data: true);
        _read.Decision.ShouldBe(ReadDecision.Agreed);
        _read.DataReplica.ShouldBe(1);
        _read.TakeRepairsNeeded().IsEmpty.ShouldBeTrue();
    }

    [Fact]
    public void Absent_everywhere_is_an_agreement_without_data()
    {
        _read.Begin(3, 2);
        Answer(0, 0);
        Answer(2, 0);
        _read.Decision.ShouldBe(ReadDecision.Agreed);
    }

    [Fact]
    public void Asks_one_replica_per_differing_digest_for_its_row_once()
    {
        _read.Begin(5, 3, localIndex: 4);
        Answer(4, Old, data: true);
        Answer(1, New);
        Answer(2, New);
        _read.Decision.ShouldBe(ReadDecision.FetchData);
        _read.TakeDataNeeded().ShouldBe(ReplicaSet.Single(1));
        _read.TakeDataNeeded().IsEmpty.ShouldBeTrue("each is given once");
        Answer(1, New, data: true);
        _read.Decision.ShouldBe(ReadDecision.Merge);
    }

    [Fact]
    public void A_replica_that_is_behind_is_repaired_before_the_reply()
    {
        _read.Begin(3, 2, localIndex: 0);
        Answer(0, Old, data: true);
        Answer(1, New, data: true);
        _read.Decision.ShouldBe(ReadDecision.Merge);
        _read.Merged(New);
        _read.Decision.ShouldBe(ReadDecision.Repair);
        _read.TakeRepairsNeeded().ShouldBe(ReplicaSet.Single(0));
        _read.TakeRepairsNeeded().IsEmpty.ShouldBeTrue("each is given once");
        _read.Answered.ShouldBe(1);
        _read.RepairAcknowledged(0, complete: true);
        _read.Decision.ShouldBe(ReadDecision.Repaired);
        _read.Answered.ShouldBe(2);
    }

    [Fact]
    public void Both_are_repaired_when_neither_holds_the_join()
    {
        _read.Begin(3, 2);
        Answer(0, New, data: true);
        Answer(1, Other, data: true);
        _read.Merged(Joined);
        _read.TakeRepairsNeeded().ShouldBe(ReplicaSet.FirstOf(2));
        _read.RepairAcknowledged(0, true);
        _read.Decision.ShouldBe(ReadDecision.Repair);
        _read.RepairAcknowledged(0, true);
        _read.Decision.ShouldBe(ReadDecision.Repair, "the same replica counts once");
        _read.RepairAcknowledged(1, true);
        _read.Decision.ShouldBe(ReadDecision.Repaired);
    }

    [Fact]
    public void A_missing_row_needs_no_data_but_a_repair()
    {
        _read.Begin(3, 2);
        Answer(0, 0);
        Answer(1, New, data: true);
        _read.Decision.ShouldBe(ReadDecision.Merge);
        _read.Merged(New);
        _read.TakeRepairsNeeded().ShouldBe(ReplicaSet.Single(0));
    }

    [Fact]
    public void Incomplete_replicas_do_not_count_and_their_misses_say_nothing()
    {
        _read.Begin(3, 2);
        Answer(0, New, data: true);
        Answer(1, 0, complete: false);
        _read.Decision.ShouldBe(ReadDecision.Waiting);
        Answer(2, New);
        _read.Decision.ShouldBe(ReadDecision.Agreed);
    }

    [Fact]
    public void What_an_incomplete_replica_holds_is_merged_and_it_is_repaired_without_waiting()
    {
        _read.Begin(3, 2);
        Answer(1, Other, complete: false);
        Answer(0, New, data: true);
        Answer(2, New);
        _read.Decision.ShouldBe(ReadDecision.FetchData);
        _read.TakeDataNeeded().ShouldBe(ReplicaSet.Single(1));
        Answer(1, Other, complete: false, data: true);
        _read.Decision.ShouldBe(ReadDecision.Merge);
        _read.Merged(New);
        _read.Decision.ShouldBe(ReadDecision.Repaired, "two complete replicas hold the merged row already");
        _read.TakeRepairsNeeded().ShouldBe(ReplicaSet.Single(1));
    }

    [Fact]
    public void Two_of_three_incomplete_cannot_reach_a_quorum()
    {
        _read.Begin(3, 2);
        Answer(1, New, complete: false, data: true);
        _read.Decision.ShouldBe(ReadDecision.Waiting);
        Answer(2, New, complete: false, data: true);
        _read.Decision.ShouldBe(ReadDecision.CannotReach);
    }

    [Fact]
    public void ONE_takes_the_first_complete_answer_and_never_repairs()
    {
        _read.Begin(3, 1, localIndex: 0);
        Answer(1, Other, complete: false, data: true);
        _read.Decision.ShouldBe(ReadDecision.Waiting);
        Answer(0, Old, data: true);
        _read.Decision.ShouldBe(ReadDecision.Agreed);
        _read.DataReplica.ShouldBe(0);
        _read.TakeRepairsNeeded().IsEmpty.ShouldBeTrue();
    }

    [Fact]
    public void Fails_when_too_few_are_left()
    {
        _read.Begin(3, 2);
        _read.Fail(0);
        _read.Decision.ShouldBe(ReadDecision.Waiting);
        _read.Fail(2);
        _read.Decision.ShouldBe(ReadDecision.CannotReach);
        Answer(1, New, data: true);
        _read.Decision.ShouldBe(ReadDecision.CannotReach);
    }

    [Fact]
    public void A_data_replica_that_fails_is_replaced_by_one_that_agrees_with_it()
    {
        _read.Begin(3, 2);
        Answer(0, New);
        Answer(1, New);
        _read.TakeDataNeeded().ShouldBe(ReplicaSet.Single(0));
        _read.Fail(0);
        _read.Decision.ShouldBe(ReadDecision.Waiting, "one complete answer is left");
        Answer(2, New);
        _read.TakeDataNeeded().ShouldBe(ReplicaSet.Single(1));
        Answer(1, New, data: true);
        _read.Decision.ShouldBe(ReadDecision.Agreed);
    }

    [Fact]
    public void An_answer_during_the_fetch_steps_in_for_a_failure()
    {
        _read.Begin(3, 2);
        Answer(0, Old, data: true);
        Answer(1, New);
        _read.TakeDataNeeded().ShouldBe(ReplicaSet.Single(1));
        Answer(2, Old);
        _read.Decision.ShouldBe(ReadDecision.FetchData, "the question stays as it is");
        _read.Fail(1);
        _read.Decision.ShouldBe(ReadDecision.Agreed);
        _read.DataReplica.ShouldBe(0);
    }

    [Fact]
    public void A_row_that_grew_between_digest_and_data_is_merged_with_the_rest()
    {
        _read.Begin(3, 2);
        Answer(0, Old);
        Answer(1, Old);
        _read.TakeDataNeeded().ShouldBe(ReplicaSet.Single(0));
        Answer(0, New, data: true);
        _read.TakeDataNeeded().ShouldBe(ReplicaSet.Single(1));
        Answer(1, New, data: true);
        _read.Decision.ShouldBe(ReadDecision.Agreed, "both grew alike");
    }

    [Fact]
    public void A_repair_that_cannot_finish_is_a_timeout()
    {
        _read.Begin(3, 2);
        Answer(0, Old, data: true);
        Answer(1, New, data: true);
        _read.Merged(New);
        _read.Fail(0);
        _read.Decision.ShouldBe(ReadDecision.Repair, "the third may still answer");
        _read.Fail(2);
        _read.Decision.ShouldBe(ReadDecision.CannotReach);
    }

    [Fact]
    public void A_late_answer_counts_or_is_repaired_during_the_repair()
    {
        _read.Begin(3, 2);
        Answer(0, Old, data: true);
        Answer(1, New, data: true);
        _read.Merged(New);
        _read.TakeRepairsNeeded();
        Answer(2, Old);
        _read.TakeRepairsNeeded().ShouldBe(ReplicaSet.Single(2));
        _read.RepairAcknowledged(2, true);
        _read.Decision.ShouldBe(ReadDecision.Repaired);

        _read.Begin(3, 2);
        Answer(0, Old, data: true);
        Answer(1, New, data: true);
        _read.Merged(New);
        Answer(2, New);
        _read.Decision.ShouldBe(ReadDecision.Repaired);
    }

    [Fact]
    public void A_repair_of_an_incomplete_replica_does_not_count()
    {
        _read.Begin(3, 2);
        Answer(0, Old, data: true);
        Answer(1, New, data: true);
        _read.Merged(New);
        _read.TakeRepairsNeeded();
        _read.RepairAcknowledged(0, complete: false);
        _read.Decision.ShouldBe(ReadDecision.Repair);
    }

    private void Answer(int replica, ulong digest, bool complete = true, bool data = false) =>
        _read.Answer(replica, digest, new Version(digest, 0), complete, data);
}
