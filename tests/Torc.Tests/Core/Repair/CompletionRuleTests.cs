using Torc.Core.Repair;
using Torc.Core.Replication;

namespace Torc.Tests.Core.Repair;

public sealed class CompletionRuleTests
{
    [Theory]
    [InlineData(1, 0, 0, true)]
    [InlineData(2, 0, 0, false)]
    [InlineData(2, 1, 0, true)]
    [InlineData(3, 1, 1, false)]
    [InlineData(3, 2, 0, true)]
    [InlineData(5, 2, 2, false)]
    [InlineData(5, 3, 3, true)]
    [InlineData(5, 3, 2, false)]
    [InlineData(4, 1, 1, false)]
    [InlineData(4, 2, 2, true)]
    [InlineData(5, 4, 0, true)]
    public void More_complete_others_than_a_quorum_leaves_out_or_all_others(int replicas, int finished, int complete, bool expected) =>
        CompletionRule.IsComplete(replicas, replicas - 1, ReplicaSet.FirstOf(finished), ReplicaSet.FirstOf(complete)).ShouldBe(expected);

    [Fact]
    public void Only_finished_exchanges_count() =>
        CompletionRule.IsComplete(5, 4, ReplicaSet.FirstOf(2), ReplicaSet.FirstOf(4)).ShouldBeFalse();

    /// <summary>A partition of one replica that moves: the only one that has it is to be pulled from.</summary>
    [Theory]
    [InlineData(1, 0, 0, false)]
    [InlineData(1, 1, 0, true)]
    [InlineData(2, 1, 0, false)]
    [InlineData(2, 1, 1, true)] // the other may be gone for ever
    [InlineData(3, 2, 0, false)]
    [InlineData(3, 2, 2, true)]
    [InlineData(3, 3, 0, true)]
    public void A_newcomer_needs_more_of_the_present_set_than_a_quorum_leaves_out(int replicas, int finished, int complete, bool expected) =>
        CompletionRule.IsComplete(replicas, replicas, ReplicaSet.FirstOf(finished), ReplicaSet.FirstOf(complete)).ShouldBe(expected);

    /// <summary>What a local level acknowledged is on a majority of the data centre, of which this copy may have been one.</summary>
    [Theory]
    [InlineData(0, 0, true)]
    [InlineData(2, 0, false)]
    [InlineData(2, 1, true)]
    [InlineData(3, 1, false)]
    [InlineData(3, 2, true)]
    [InlineData(5, 3, true)]
    public void Enough_of_the_own_data_centre(int near, int complete, bool expected) =>
        CompletionRule.MeetsLocalQuorums(near, complete).ShouldBe(expected);
}
