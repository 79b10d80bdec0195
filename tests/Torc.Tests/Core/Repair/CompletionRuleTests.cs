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
    [InlineData(5, 4, 0, true)]
    public void A_quorum_of_complete_others_or_all_others(int replicas, int finished, int complete, bool expected) =>
        CompletionRule.IsComplete(replicas, ReplicaSet.FirstOf(finished), ReplicaSet.FirstOf(complete)).ShouldBe(expected);

    [Fact]
    public void Only_finished_exchanges_count() =>
        CompletionRule.IsComplete(5, ReplicaSet.FirstOf(2), ReplicaSet.FirstOf(4)).ShouldBeFalse();
}
