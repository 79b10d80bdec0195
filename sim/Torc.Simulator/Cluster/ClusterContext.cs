using Torc.Core.Consensus;
using Torc.Core.Membership;
using Torc.Core.Placement;
using Torc.Node;
using Torc.Node.Commands;
using Torc.Node.Peers;
using Torc.Simulator.Network;
using Torc.Simulator.Runs;
using Torc.Simulator.Time;

namespace Torc.Simulator.Cluster;

/// <summary>Hears what nodes report.</summary>
internal interface INodeObserver
{
    void OnNodeEvent(int node, in NodeEvent happened);

    /// <summary>A process is about to serve: what it knows of its copies.</summary>
    void OnNodeStarted(int node, TorcNode torc);

    /// <summary>A process made a map durable, and is about to go by it.</summary>
    void OnMapDurable(int node, NodeIdentity identity, ClusterMap map);

    /// <summary>A write for a replica is there: it is about to be applied.</summary>
    /// <param name="node">Its id.</param>
    /// <param name="version">Of the write.</param>
    /// <param name="epoch">At which the partition last changed, by the node's map.</param>
    void OnWriteArrived(ushort node, UInt128 version, ulong epoch);

    /// <summary>A voter made its vote durable.</summary>
    void OnVoteDurable(int node, AcceptorState vote);

    /// <summary>A process stops itself because a sync failed: what was not synced before is gone.</summary>
    void OnDiskFailed(int node);
}

/// <summary>What all machines of a run share.</summary>
internal sealed record ClusterContext(
    RunSettings Settings,
    FormationSettings Formation,
    EventQueue Queue,
    SimulatedNetwork Network,
    CommandTable Commands,
    INodeObserver Observer,
    Defect Defect)
{
    /// <summary>True wall clock at the start of a run: some day in 2026.</summary>
    public const long EpochWallMs = 1_790_000_000_000;

    private const int ClientAddressOffset = 100;
    private const ulong HostLabel = 1UL << 60;

    /// <summary>
    /// What a machine is told: beyond the first nodes they join the cluster that those make. Its seeds are members, as far as the operator knows. A first
    /// node that lost its disk when none of the others is a member any more is told so too.
    /// </summary>
    public FormationSettings FormationOf(SimulatedMachine machine)
    {
        string own = SimulatedMachine.AddressOf(machine.Id);
        string[] members = [.. Members().Where(address => address != own)];
        bool isFirst = machine.Id < Formation.FirstNodes.Count;
        bool knowsNobody = members.Length > 0 && machine.IsBlank && !members.Intersect(Formation.FirstNodes).Any();
        return isFirst && !knowsNobody ? Formation : Formation with { FirstNodes = [], Seeds = members.Length > 0 ? members : Formation.FirstNodes };
    }

    /// <summary>Addresses of the members by the newest map; empty before the first.</summary>
    public Func<IReadOnlyList<string>> Members { get; init; } = static () => [];

    public SimulatedSurroundings Surroundings { get; } = new();

    /// <summary>The same on every node; null when the run goes without.</summary>
    public ClusterSecret? Secret { get; } = Settings.HasClusterSecret ? new ClusterSecret("the simulated cluster's secret") : null;

    /// <summary>Where a node takes links of peers, as a host of the network.</summary>
    public static int PeerAddress(int node) => node;

    /// <summary>Where it takes clients: a host of its own, so that clients can be cut off from it alone.</summary>
    public static int ClientAddress(int node) => ClientAddressOffset + node;

    public static ulong Label(int node) => HostLabel | (uint)node;
}
