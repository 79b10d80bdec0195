using Torc.Core.Placement;
using Torc.Simulator.Checkers;
using Torc.Simulator.Cluster;

namespace Torc.Simulator.Changes;

/// <summary>The machines of a run: those of the first nodes, and spare ones that are started when the operator wants a new node.</summary>
internal sealed class Machines(PlacementLog placements)
{
    private readonly List<SimulatedMachine> _all = [];

    /// <summary>All there are, the place of each being its number.</summary>
    public IReadOnlyList<SimulatedMachine> All => _all;

    /// <summary>Those that were started and have not been given up.</summary>
    public IReadOnlyList<SimulatedMachine> InService { get; private set; } = [];

    /// <summary>The next that was never started; null when all were.</summary>
    public SimulatedMachine? Spare => _all.Find(machine => !machine.IsInstalled);

    public void Add(SimulatedMachine machine) => _all.Add(machine);

    /// <summary>Starts a machine for the first time.</summary>
    public void Install(SimulatedMachine machine)
    {
        machine.Install();
        Refresh();
    }

    /// <summary>Kills what runs there; it never runs again.</summary>
    public void Retire(SimulatedMachine machine)
    {
        machine.Retire();
        Refresh();
    }

    /// <summary>A machine that was given up runs again.</summary>
    public void Return(SimulatedMachine machine)
    {
        machine.Return();
        Refresh();
    }

    /// <summary>The machine of a member by some map.</summary>
    public SimulatedMachine Of(NodeInfo node) => _all[SimulatedMachine.IdOf(node.PeerAddress)];

    /// <summary>By the newest map; before the first, nobody is.</summary>
    public bool IsMember(SimulatedMachine machine) => NodeOf(machine) is not null;

    /// <summary>What the newest map says of a machine; null when it is no member.</summary>
    public NodeInfo? NodeOf(SimulatedMachine machine) => placements.Newest?.Nodes.FirstOrDefault(node => node.PeerAddress == SimulatedMachine.AddressOf(machine.Id));

    /// <summary>Whether its data count: before the first map everybody's do, or may.</summary>
    public bool MayHoldData(SimulatedMachine machine) => placements.Newest is null || IsMember(machine);

    /// <summary>
    /// Whether the cluster can do without the disks of a machine: copies of everything and a majority of the voters' votes are left. A vote is lost
    /// from the wipe until a map names the voter's new birth.
    /// </summary>
    public bool CanLose(SimulatedMachine lost)
    {
        if (placements.Newest is not { } map || NodeOf(lost) is not { } node)
            return false;
        int votes = map.Voters.Count(voter => voter != node.Id && map.NodeOf(voter) is { } listed && !Of(listed).IsRetired && Of(listed).Birth == listed.Birth);
        bool hasCopies = true;
        for (int partition = 0; partition < map.PartitionCount; partition++)
            hasCopies &= map.ReplicasOf(partition).Length > 1;
        return hasCopies && votes > map.Voters.Count / 2;
    }

    /// <summary>By the newest map.</summary>
    public IEnumerable<SimulatedMachine> Members => placements.Newest is { } map ? map.Nodes.Select(Of) : [];

    private void Refresh() => InService = [.. _all.Where(machine => machine.IsInstalled && !machine.IsRetired)];
}
