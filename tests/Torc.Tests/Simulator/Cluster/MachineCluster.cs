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

/// <summary>Three first nodes on simulated machines, and one machine more, which has them for seeds; no clients, and no faults but those that a test makes.</summary>
internal sealed class MachineCluster : INodeObserver
{
    public const int FirstNodes = 3;
    private readonly EventQueue _queue = new();
    private readonly List<SimulatedMachine> _machines = [];
    private readonly SimulatedNetwork _network;

    public MachineCluster(ulong seed, bool isUpgraded = false, int machines = FirstNodes + 1)
    {
        var random = new SeededRandom(seed);
        var settings = new RunSettings { Nodes = FirstNodes, HasClusterSecret = seed % 2 == 0, IsUpgraded = isUpgraded };
        _network = new SimulatedNetwork(_queue, random.Fork("network"), settings.Network);
        var formation = new FormationSettings(
            [.. Enumerable.Range(0, FirstNodes).Select(SimulatedMachine.AddressOf)], settings.Partitions, settings.ReplicationFactor,
            [.. Enumerable.Range(0, KeyspaceSettings.UserKeyspacesMax).Select(id => new KeyspaceSettings((byte)id, ConsistencyLevel.Quorum, ConsistencyLevel.Quorum))]);
        var context = new ClusterContext(settings, formation, _queue, _network, TorcNode.MakeCommandTable(), this, Defect.None);
        for (int machine = 0; machine < machines; machine++)
        {
            _machines.Add(new SimulatedMachine(machine, context, random.Fork($"machine {machine}")));
            _machines[machine].Install();
        }
    }

    public SimulatedMachine this[int machine] => _machines[machine];

    /// <summary>What nodes told of themselves.</summary>
    public List<(int Node, NodeEvent Event)> Events { get; } = [];

    public ControlPlane ControlOf(int machine) => _machines[machine].Host!.Node.Control;

    public bool IsMember(int machine) => _machines[machine].Host?.Node.View.Standing == Standing.Member;

    /// <summary>All first nodes are members and linked with each other.</summary>
    public bool IsWhole => Enumerable.Range(0, FirstNodes).All(node => IsMember(node) && Enumerable.Range(0, FirstNodes).All(other => ControlOf(node).View.IsUp((ushort)other)));

    /// <summary>Cuts a machine off from the others, or ends that.</summary>
    public void SetAlone(int machine, bool isAlone)
    {
        int address = ClusterContext.PeerAddress(machine);
        foreach (int other in Enumerable.Range(0, _machines.Count).Where(other => other != machine).Select(ClusterContext.PeerAddress))
        {
            if (isAlone)
            {
                _network.Cut(address, other);
                _network.Cut(other, address);
                continue;
            }
            _network.Heal(address, other);
            _network.Heal(other, address);
        }
    }

    public void Until(Func<bool> condition)
    {
        const long microsMax = 60_000_000, stepMicros = 50_000;
        for (long began = _queue.NowMicros; !condition(); _queue.RunUntil(_queue.NowMicros + stepMicros))
            (_queue.NowMicros - began).ShouldBeLessThan(microsMax);
    }

    public void Elapse(long milliseconds) => _queue.RunUntil(_queue.NowMicros + milliseconds * Instant.MicrosPerMs);

    void INodeObserver.OnNodeEvent(int node, in NodeEvent happened) => Events.Add((node, happened));

    void INodeObserver.OnNodeStarted(int node, TorcNode torc)
    {
    }

    void INodeObserver.OnWriteArrived(ushort node, UInt128 version, ulong epoch)
    {
    }

    void INodeObserver.OnVoteDurable(int node, AcceptorState vote)
    {
    }

    void INodeObserver.OnDiskFailed(int node)
    {
    }

    void INodeObserver.OnMapDurable(int node, NodeIdentity identity, ClusterMap map)
    {
    }
}
