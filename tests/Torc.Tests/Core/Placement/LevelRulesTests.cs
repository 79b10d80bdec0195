using Torc.Core.Placement;
using Torc.Core.Replication;

namespace Torc.Tests.Core.Placement;

/// <summary>What levels ask for when the replicas of a partition are in two data centres.</summary>
public sealed class LevelRulesTests
{
    private static readonly ClusterMap Map = Planner.Create(
        [.. Enumerable.Range(0, 5).Select(id => SampleCluster.Node(id, dataCentre: id < 3 ? "east" : "west"))],
        16, 5, SampleCluster.Keyspaces, out _);

    [Theory]
    [InlineData(ConsistencyLevel.One, 0, 1)]
    [InlineData(ConsistencyLevel.Quorum, 0, 3)]
    [InlineData(ConsistencyLevel.All, 4, 5)]
    [InlineData(ConsistencyLevel.LocalOne, 0, 1)]
    [InlineData(ConsistencyLevel.LocalQuorum, 0, 2)]
    [InlineData(ConsistencyLevel.LocalQuorum, 4, 2)]
    [InlineData(ConsistencyLevel.EachQuorum, 4, 4)]
    public void Ask_for_so_many(ConsistencyLevel level, int coordinator, int required) =>
        LevelRules.Of(Map, level, 3, (ushort)coordinator).Required.ShouldBe(required);

    [Fact]
    public void Local_levels_count_only_the_coordinators_data_centre()
    {
        for (int partition = 0; partition < Map.PartitionCount; partition++)
        {
            ushort[] replicas = Map.ReplicasOf(partition).ToArray();
            QuorumRule east = LevelRules.Of(Map, ConsistencyLevel.LocalQuorum, partition, 1);
            foreach (int member in east.Members)
                replicas[member].ShouldBeLessThan((ushort)3);
            east.Members.Count.ShouldBe(3);
            LevelRules.Of(Map, ConsistencyLevel.LocalOne, partition, 4).Members.Count.ShouldBe(2);
        }
    }

    [Fact]
    public void Each_quorum_needs_a_majority_of_both()
    {
        ushort[] replicas = Map.ReplicasOf(0).ToArray();
        QuorumRule rule = LevelRules.Of(Map, ConsistencyLevel.EachQuorum, 0, 0);
        rule.IsMetBy(IndicesOf(replicas, 0, 1, 3, 4)).ShouldBeTrue();
        rule.IsMetBy(IndicesOf(replicas, 0, 1, 2, 3)).ShouldBeFalse();
        rule.IsMetBy(IndicesOf(replicas, 0, 3, 4)).ShouldBeFalse();
    }

    [Fact]
    public void A_local_level_without_a_local_replica_is_never_met()
    {
        ClusterMap map = Planner.Create(
            [SampleCluster.Node(0, dataCentre: "east"), SampleCluster.Node(1, dataCentre: "west")], 16, 1, SampleCluster.Keyspaces, out _);
        int partition = Enumerable.Range(0, 16).First(index => map.ReplicasOf(index)[0] == 1);
        LevelRules.Of(map, ConsistencyLevel.LocalOne, partition, 0).IsMetBy(new ReplicaSet(ushort.MaxValue)).ShouldBeFalse();
        LevelRules.Of(map, ConsistencyLevel.LocalOne, partition, 1).IsMetBy(ReplicaSet.FirstOf(1)).ShouldBeTrue();
    }

    private static ReplicaSet IndicesOf(ushort[] replicas, params ushort[] nodes)
    {
        ReplicaSet set = ReplicaSet.Empty;
        foreach (ushort node in nodes)
            set = set.With(Array.IndexOf(replicas, node));
        return set;
    }
}
