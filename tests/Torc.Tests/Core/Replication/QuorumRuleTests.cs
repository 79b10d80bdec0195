using Torc.Core.Replication;

namespace Torc.Tests.Core.Replication;

/// <summary>Rules of several sets: each set needs its own answers.</summary>
public sealed class QuorumRuleTests
{
    private static readonly ReplicaSet East = new(0b000111), West = new(0b111000);

    [Fact]
    public void Is_met_when_each_set_has_enough()
    {
        QuorumRule rule = QuorumRule.Of(East, 2);
        rule.Require(West, 1);
        rule.IsMetBy(new ReplicaSet(0b000111)).ShouldBeFalse();
        rule.IsMetBy(new ReplicaSet(0b111001)).ShouldBeFalse();
        rule.IsMetBy(new ReplicaSet(0b010110)).ShouldBeTrue();
        rule.Required.ShouldBe(3);
        rule.Members.ShouldBe(East.Or(West));
    }

    [Fact]
    public void Lacks_members_of_the_sets_that_are_short_only()
    {
        QuorumRule rule = QuorumRule.Of(East, 2);
        rule.Require(West, 2);
        rule.Lacking(new ReplicaSet(0b000011)).ShouldBe(West);
        rule.Lacking(new ReplicaSet(0b001001)).ShouldBe(new ReplicaSet(0b110110));
        rule.Lacking(new ReplicaSet(0b011011)).ShouldBe(ReplicaSet.Empty);
    }

    [Fact]
    public void A_set_that_is_too_small_is_never_enough()
    {
        QuorumRule rule = QuorumRule.Of(ReplicaSet.Empty, 1);
        rule.IsMetBy(new ReplicaSet(ushort.MaxValue)).ShouldBeFalse();
        rule.Lacking(ReplicaSet.Empty).ShouldBe(ReplicaSet.Empty);
    }

    [Fact]
    public void A_write_waits_for_each_set_and_fails_when_one_cannot_be_reached()
    {
        QuorumRule rule = QuorumRule.Of(East, 2);
        rule.Require(West, 2);
        var write = new QuorumWrite();
        write.Begin(6, rule);
        foreach (int replica in new[] { 0, 1, 2, 3 })
            write.Acknowledge(replica, reflected: true, default, complete: true);
        write.Decision.ShouldBe(WriteDecision.Waiting);
        write.Fail(4);
        write.Decision.ShouldBe(WriteDecision.Waiting);
        write.Fail(5);
        write.Decision.ShouldBe(WriteDecision.CannotReach);

        write.Begin(6, rule);
        foreach (int replica in new[] { 5, 0, 3, 2 })
            write.Acknowledge(replica, reflected: true, default, complete: true);
        write.Decision.ShouldBe(WriteDecision.Acknowledged);
    }

    [Fact]
    public void A_read_agrees_and_repairs_by_sets()
    {
        QuorumRule rule = QuorumRule.Of(East, 2);
        rule.Require(West, 1);
        var read = new QuorumRead();
        read.Begin(6, rule, localIndex: 0);
        read.Answer(0, digest: 7, default, complete: true, hasData: true);
        read.Answer(1, digest: 7, default, complete: true, hasData: false);
        read.Decision.ShouldBe(ReadDecision.Waiting);
        read.Answer(4, digest: 9, default, complete: true, hasData: true);
        read.Decision.ShouldBe(ReadDecision.Merge);
        read.Merged(9);
        read.Decision.ShouldBe(ReadDecision.Repair);
        read.TakeRepairsNeeded().ShouldBe(new ReplicaSet(0b11));
        read.RepairAcknowledged(0, complete: true);
        read.Decision.ShouldBe(ReadDecision.Repair);
        read.RepairAcknowledged(1, complete: true);
        read.Decision.ShouldBe(ReadDecision.Repaired);
    }
}
