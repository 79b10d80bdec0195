using Torc.Core.Replication;

namespace Torc.Tests.Core.Replication;

public sealed class LevelsTests
{
    [Theory]
    [InlineData(1, 1, 1, 1, 1)]
    [InlineData(2, 1, 2, 2, 2)]
    [InlineData(3, 1, 2, 2, 3)]
    [InlineData(4, 1, 2, 3, 4)]
    [InlineData(5, 1, 2, 3, 5)]
    public void Require_so_many_replicas(int replicas, int one, int two, int quorum, int all)
    {
        Levels.Required(ConsistencyLevel.One, replicas).ShouldBe(one);
        Levels.Required(ConsistencyLevel.Two, replicas).ShouldBe(two);
        Levels.Required(ConsistencyLevel.Quorum, replicas).ShouldBe(quorum);
        Levels.Required(ConsistencyLevel.All, replicas).ShouldBe(all);
    }

    [Fact]
    public void Two_quorums_always_meet()
    {
        for (int replicas = 1; replicas <= ReplicaSet.ReplicasMax; replicas++)
            (2 * Levels.Required(ConsistencyLevel.Quorum, replicas)).ShouldBeGreaterThan(replicas);
    }

    [Fact]
    public void Names_go_there_and_back_and_numbers_are_frozen()
    {
        foreach (ConsistencyLevel level in Enum.GetValues<ConsistencyLevel>())
        {
            Levels.TryParse(Levels.NameOf(level), out ConsistencyLevel same).ShouldBeTrue();
            same.ShouldBe(level);
            Levels.IsKnown((byte)level).ShouldBeTrue();
        }
        Levels.TryParse("quorum", out _).ShouldBeTrue();
        Levels.TryParse("3", out _).ShouldBeFalse();
        Levels.IsKnown(7).ShouldBeFalse();
        Enum.GetValues<ConsistencyLevel>().Select(level => $"{level} {(int)level}")
            .ShouldBe(["One 0", "Two 1", "Quorum 2", "All 3", "LocalOne 4", "LocalQuorum 5", "EachQuorum 6"]);
    }
}
