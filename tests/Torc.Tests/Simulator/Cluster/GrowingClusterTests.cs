using Torc.Base;
using Torc.Core.Consensus;
using Torc.Core.Membership;
using Torc.Core.Placement;
using Torc.Core.Replication;
using Torc.Node;
using Torc.Node.Control;
using Torc.Simulator.Cluster;
using Torc.Simulator.Network;
using Torc.Simulator.Runs;
using Torc.Simulator.Time;

namespace Torc.Tests.Simulator.Cluster;

/// <summary>Machines beyond the first nodes: they join over the simulated network by the shipped code, consensus included.</summary>
public sealed class GrowingClusterTests
{
    private const int FirstNodes = 3;
    private readonly EventQueue _queue = new();
    private readonly List<SimulatedMachine> _machines = [];

    [Theory]
    [InlineData(1UL)]
    [InlineData(2UL)]
    public void A_machine_with_seeds_waits_is_let_in_and_is_known_again_after_a_restart(ulong seed)
    {
        Start(seed);
        Until(() => IsMember(0) && IsMember(1) && IsMember(2) && ControlOf(0).Admissions.Candidates.Length == 1);
        _machines[3].Host!.Node.View.Standing.ShouldBe(Standing.Joining);

        NodeInfo candidate = ControlOf(0).View.Candidates.ShouldHaveSingleItem();
        _machines[0].Host!.ControlTurn((control, outbox) =>
            control.Ask(new ClusterRequest(1, new ClusterWish.Change(new ChangeRequest.Join([candidate]))), _machines[0].Host!.Now, outbox));
        Until(() => IsMember(3) && Enumerable.Range(0, 3).All(node => ControlOf(node).View.IsUp(3) && ControlOf(3).View.IsUp((ushort)node)));
        ControlOf(3).Self.Id.ShouldBe((ushort)3);

        _machines[3].Kill();
        Until(() => !ControlOf(0).View.IsUp(3));
        _machines[3].Start();
        Until(() => _machines[3].Host is not null && IsMember(3) && ControlOf(0).View.IsUp(3));
        ControlOf(3).Self.Id.ShouldBe((ushort)3);
    }

    /// <summary>Nodes of the version before and of this one work together; what came with this one is used once the last is upgraded.</summary>
    [Fact]
    public void A_rolling_upgrade_raises_the_level_with_its_last_node()
    {
        Start(seed: 3, isUpgraded: true);
        Until(() => IsMember(0) && IsMember(1) && IsMember(2));
        ControlOf(0).View.Map!.Level.ShouldBe(ClusterLevel.Oldest);
        for (int machine = 0; machine < FirstNodes; machine++)
        {
            ControlOf(1).View.Map!.Level.ShouldBe(ClusterLevel.Oldest, $"node {machine} runs the version before");
            _machines[machine].Kill();
            _machines[machine].Start();
            Until(() => _machines[machine].Host is not null && IsMember(machine) && Enumerable.Range(0, FirstNodes).All(other => ControlOf(other).View.IsUp((ushort)machine)));
        }
        Until(() => Enumerable.Range(0, FirstNodes).All(node => ControlOf(node).View.Map!.Level == ClusterLevel.Newest));
    }

    [Fact]
    public void First_nodes_of_two_versions_begin_at_the_level_that_both_know()
    {
        Start(seed: 4, isUpgraded: true, oneIsNew: true);
        Until(() => IsMember(0) && IsMember(1) && IsMember(2));
        ControlOf(2).View.Map!.Level.ShouldBe(ClusterLevel.Oldest);
    }

    private void Start(ulong seed, bool isUpgraded = false, bool oneIsNew = false)
    {
        var random = new SeededRandom(seed);
        var settings = new RunSettings { Nodes = FirstNodes, HasClusterSecret = seed % 2 == 0, IsUpgraded = isUpgraded };
        var network = new SimulatedNetwork(_queue, random.Fork("network"), settings.Network);
        var formation = new FormationSettings(
            [.. Enumerable.Range(0, FirstNodes).Select(SimulatedMachine.AddressOf)], settings.Partitions, settings.ReplicationFactor,
            [.. Enumerable.Range(0, KeyspaceSettings.UserKeyspacesMax).Select(id => new KeyspaceSettings((byte)id, ConsistencyLevel.Quorum, ConsistencyLevel.Quorum))]);
        var context = new ClusterContext(settings, formation, _queue, network, TorcNode.MakeCommandTable(), new NoObserver(), Defect.None);
        for (int machine = 0; machine <= FirstNodes; machine++)
        {
            _machines.Add(new SimulatedMachine(machine, context, random.Fork($"machine {machine}")));
            _machines[machine].Install();
        }
        if (!oneIsNew)
            return;
        Until(() => _machines[2].Host is not null);
        _machines[2].Wipe();
        _machines[2].Start();
    }

    private ControlPlane ControlOf(int machine) => _machines[machine].Host!.Node.Control;

    private bool IsMember(int machine) => _machines[machine].Host?.Node.View.Standing == Standing.Member;

    private void Until(Func<bool> condition)
    {
        const long microsMax = 60_000_000, stepMicros = 50_000;
        for (long began = _queue.NowMicros; !condition(); _queue.RunUntil(_queue.NowMicros + stepMicros))
            (_queue.NowMicros - began).ShouldBeLessThan(microsMax);
    }

    private sealed class NoObserver : INodeObserver
    {
        public void OnNodeEvent(int node, in NodeEvent happened)
        {
        }

        public void OnNodeStarted(int node, TorcNode torc)
        {
        }

        public void OnWriteArrived(ushort node, UInt128 version, ulong epoch)
        {
        }

        public void OnVoteDurable(int node, AcceptorState vote)
        {
        }

        public void OnDiskFailed(int node)
        {
        }

        public void OnMapDurable(int node, ulong previous, ClusterMap map)
        {
        }
    }
}
