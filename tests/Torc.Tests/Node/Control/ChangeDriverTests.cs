using Torc.Core.Placement;
using Torc.Core.Replication;
using Torc.Node.Control;

namespace Torc.Tests.Node.Control;

public class ChangeDriverTests
{
    private const int CopiesMax = 2;
    private readonly World _world = new();

    private static ClusterMap Four => OfLevel(ClusterLevel.Newest);

    private static ClusterMap OfLevel(byte level) => Planner.Create(
        [.. Enumerable.Range(0, 4).Select(id => new NodeInfo((ushort)id, $"10.0.0.{id}:7379", $"10.0.0.{id}", 6379, 8379, "", "", 1, (ulong)id + 1))],
        16, 3, [new KeyspaceSettings(0, ConsistencyLevel.Quorum, ConsistencyLevel.Quorum)], out _, level);

    private static ClusterMap LeavingThree => ChangePlanner.Plan(Four, new ChangeRequest.Leave([3])).First!;

    [Fact]
    public void The_first_voter_that_lives_drives()
    {
        ClusterMap map = Four;
        ChangeDriver.IsDriver(map, 0, _world).ShouldBeTrue();
        ChangeDriver.IsDriver(map, 1, _world).ShouldBeFalse();
        _world.Dead.Add(0);
        ChangeDriver.IsDriver(map, 1, _world).ShouldBeTrue();
        map.Voters.ShouldNotContain((ushort)3);
        _world.Dead.Add(1);
        _world.Dead.Add(2);
        ChangeDriver.IsDriver(map, 3, _world).ShouldBeFalse("it is no voter");
    }

    [Fact]
    public void A_change_is_carried_out_some_copies_at_a_time()
    {
        ClusterMap map = LeavingThree;
        var begun = new List<int>();
        while (map.Nodes.Count == 4)
        {
            _world.Epoch = map.Epoch;
            ClusterMap next = ChangeDriver.Next(map, _world, CopiesMax).ShouldNotBeNull();
            next.Epoch.ShouldBe(map.Epoch + 1);
            for (ushort node = 0; node < 3; node++)
                Enumerable.Range(0, next.PartitionCount).Count(partition => next.IsNewcomer(partition, node)).ShouldBeLessThanOrEqualTo(CopiesMax);
            begun.AddRange(Enumerable.Range(0, next.PartitionCount).Where(partition => map.PendingOf(partition).IsEmpty && !next.PendingOf(partition).IsEmpty));
            map = next;
        }
        begun.ShouldBeUnique();
        begun.Count.ShouldBe(12, "each of the node's replicas");
        map.IsChanging.ShouldBeFalse();
        map.IsRemoved(3).ShouldBeTrue();
        ChangeDriver.Next(map, _world, CopiesMax).ShouldBeNull();
    }

    [Fact]
    public void A_newcomer_that_is_not_whole_is_waited_for()
    {
        ClusterMap begun = ChangeDriver.Next(LeavingThree, _world, CopiesMax)!;
        _world.Epoch = begun.Epoch;
        _world.IsWhole = false;
        ClusterMap? next = ChangeDriver.Next(begun, _world, CopiesMax);
        next.ShouldBeNull();
    }

    [Fact]
    public void A_node_that_leaves_delivers_its_hints_first_unless_it_is_dead()
    {
        ClusterMap map = LeavingThree;
        while (map.Nodes.Any(node => map.MoveOf(0) is not null) || Enumerable.Range(0, 16).Any(partition => map.MoveOf(partition) is not null))
        {
            _world.Epoch = map.Epoch;
            map = ChangeDriver.Next(map, _world, CopiesMax)!;
        }
        _world.Epoch = map.Epoch;
        _world.KeepingHints.Add(3);
        ChangeDriver.Next(map, _world, CopiesMax).ShouldBeNull();
        _world.Dead.Add(3);
        ChangeDriver.Next(map, _world, CopiesMax)!.IsRemoved(3).ShouldBeTrue();
        _world.Dead.Clear();
        _world.KeepingHints.Clear();
        ChangeDriver.Next(map, _world, CopiesMax)!.IsRemoved(3).ShouldBeTrue();
    }

    [Fact]
    public void A_member_with_another_birth_is_taken_in_again_before_all_else()
    {
        _world.Births[2] = 77;
        ChangeDriver.Next(LeavingThree, _world, CopiesMax)!.NodeOf(2)!.Birth.ShouldBe(77UL);
        _world.Dead.Add(2);
        ChangeDriver.Next(Four, _world, CopiesMax).ShouldBeNull();
    }

    [Fact]
    public void The_level_rises_when_the_last_member_has_told_that_it_agrees()
    {
        ClusterMap old = OfLevel(ClusterLevel.Oldest);
        _world.Levels[1] = ClusterLevel.Oldest;
        ChangeDriver.Next(old, _world, CopiesMax).ShouldBeNull("node 1 runs the version before");
        _world.Levels[1] = 0;
        ChangeDriver.Next(old, _world, CopiesMax).ShouldBeNull("node 1 has not told");
        _world.Levels[1] = ClusterLevel.Newest;
        ClusterMap raised = ChangeDriver.Next(old, _world, CopiesMax)!;
        (raised.Level, raised.Epoch).ShouldBe((ClusterLevel.Newest, old.Epoch + 1));
        raised.EpochOf(0).ShouldBe(old.EpochOf(0), "no request has to begin again");
        _world.Levels[2] = ClusterLevel.Oldest;
        ChangeDriver.Next(raised, _world, CopiesMax).ShouldBeNull("it never goes down");
    }

    [Fact]
    public void A_dead_member_that_is_to_go_does_not_hold_the_level()
    {
        ClusterMap removing = ChangePlanner.Plan(OfLevel(ClusterLevel.Oldest), new ChangeRequest.Remove([3])).First!;
        removing.NodeOf(3)!.State.ShouldBe(NodeState.Leaving, "maps of that level know none that is gone");
        _world.Levels[3] = 0;
        ChangeDriver.Next(removing, _world, CopiesMax)!.Level.ShouldBe(ClusterLevel.Oldest);
        _world.Dead.Add(3);
        ChangeDriver.Next(removing, _world, CopiesMax)!.Level.ShouldBe(ClusterLevel.Newest);
    }

    /// <summary>Nodes that all hold the newest map and are whole, unless told otherwise.</summary>
    private sealed class World : ChangeDriver.IReports
    {
        public ulong Epoch { get; set; } = 1;

        public bool IsWhole { get; set; } = true;

        public HashSet<ushort> Dead { get; } = [];

        public HashSet<ushort> KeepingHints { get; } = [];

        public Dictionary<ushort, ulong> Births { get; } = [];

        public Dictionary<ushort, byte> Levels { get; } = [];

        public bool IsAlive(ushort node) => !Dead.Contains(node);

        public bool KeepsHints(ushort node) => KeepingHints.Contains(node);

        public ulong BirthOf(ushort node) => Births.GetValueOrDefault(node, (ulong)node + 1);

        public byte LevelOf(ushort node) => Levels.GetValueOrDefault(node, ClusterLevel.Newest);

        public ulong MapEpochOf(ushort node) => Epoch;

        public bool IsComplete(ushort node, int partition) => IsWhole;

        public bool IsBehind(ushort node, int partition) => false;
    }
}
