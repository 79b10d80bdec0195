using Torc.Core.Placement;
using Torc.Core.Replication;
using Torc.Simulator.Checkers;

namespace Torc.Tests.Simulator.Checkers;

public class MapCheckerTests
{
    private static readonly ClusterMap First = Planner.Create(
        [.. Enumerable.Range(0, 3).Select(id => new NodeInfo((ushort)id, $"10.0.0.{id}:7379", $"10.0.0.{id}", 6379, 8379, "", "", 1, (ulong)id + 1))],
        4, 3, [new KeyspaceSettings(0, ConsistencyLevel.Quorum, ConsistencyLevel.Quorum)], out _);

    private readonly MapChecker _checker = new();

    [Fact]
    public void Nodes_hold_the_same_maps_one_after_another()
    {
        foreach (int node in new[] { 0, 1, 2 })
            _checker.Held(node, 1, First);
        _checker.Held(1, 1, With(ConsistencyLevel.One));
        _checker.Held(0, 1, With(ConsistencyLevel.One));
        _checker.Violations.ShouldBeEmpty();
    }

    [Fact]
    public void Two_maps_of_one_epoch_are_reported()
    {
        _checker.Held(0, 1, With(ConsistencyLevel.One));
        _checker.Held(1, 1, With(ConsistencyLevel.All));
        _checker.Violations.Select(violation => violation.Invariant).ShouldBe([9]);
    }

    [Fact]
    public void A_node_that_goes_back_is_reported_unless_its_disk_was_wiped()
    {
        _checker.Held(0, 1, With(ConsistencyLevel.One));
        _checker.Held(0, 2, First);
        _checker.Violations.ShouldBeEmpty();
        _checker.Held(1, 1, With(ConsistencyLevel.One));
        _checker.Held(1, 1, First);
        _checker.Violations.Select(violation => violation.Invariant).ShouldBe([9]);
    }

    private static ClusterMap With(ConsistencyLevel level) =>
        ChangePlanner.Plan(First, new ChangeRequest.Keyspaces([new KeyspaceSettings(0, level, ConsistencyLevel.Quorum)])).First!;
}
