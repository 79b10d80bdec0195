using Torc.Base;
using Torc.Core.Membership;
using Torc.Core.Placement;
using Torc.Node;
using Torc.Node.Commands;
using Torc.Simulator.Changes;
using Torc.Simulator.Checkers;
using Torc.Simulator.Clients;
using Torc.Simulator.Cluster;
using Torc.Simulator.Faults;
using Torc.Simulator.Network;
using Torc.Simulator.Time;

namespace Torc.Simulator.Runs;

/// <summary>
/// One run of a plan. Safety phase: clients work while faults come and an operator changes the cluster. Then everything is healed, changes under way must
/// end, the cluster must become whole, a reader reads every key at level ALL, and the replicas must agree. At the end the checkers judge the history.
/// </summary>
public sealed class SimulationRun
{
    private const long ConvergenceMicrosMax = 60_000_000;
    private const long StepMicros = 100_000;
    private const int ViolationsPerCheckerMax = 4;
    private const int ConvergenceInvariant = 10;
    private static readonly CommandTable Commands = TorcNode.MakeCommandTable();

    private readonly RunPlan _plan;
    private readonly EventQueue _queue = new();
    private readonly SimulatedNetwork _network;
    private readonly History _history;
    private readonly RunObserver _observer;
    private readonly FaultInjector _injector;
    private readonly TreeSampling _trees;
    private readonly Machines _machines;
    private readonly Operator _operator;
    private readonly List<SimulatedClient> _clients = [];
    private readonly List<Violation> _violations = [];

    private SimulationRun(RunPlan plan)
    {
        _plan = plan;
        RunSettings settings = SettingsOf(plan);
        var random = new SeededRandom(plan.Seed);
        _network = new SimulatedNetwork(_queue, random.Fork("network"), settings.Network);
        _history = new History(settings.ReplicationFactor, ClusterContext.EpochWallMs);
        var placements = new PlacementLog();
        _machines = new Machines(placements);
        _injector = new FaultInjector(settings, _queue, _network, _machines, _history.Losses);
        _observer = new RunObserver(settings, _queue, _history, placements, _injector.IsCorrupted);
        _operator = new Operator(settings, _queue, _machines, placements, _history.Losses, random.Fork("operator"));
        _trees = new TreeSampling(_machines, node => _injector.IsCorrupted(node) || _observer.HasMetDamage(node));
        KeyspaceSettings[] keyspaces = [.. Enumerable.Range(0, KeyspaceSettings.UserKeyspacesMax)
            .Select(id => new KeyspaceSettings((byte)id, settings.ReadLevel, settings.WriteLevel, settings.Sloppy || plan.Defect == Defect.HintCountedInStrict))];
        string[] addresses = [.. Enumerable.Range(0, settings.Nodes).Select(SimulatedMachine.AddressOf)];
        var formation = new FormationSettings(addresses, settings.Partitions, settings.Copies, keyspaces);
        var context = new ClusterContext(settings, formation, _queue, _network, Commands, _observer, plan.Defect)
        {
            Members = () => [.. placements.Newest?.Nodes.Select(node => node.PeerAddress) ?? []],
        };
        for (int machine = 0; machine < RunPlan.MachinesOf(settings); machine++)
            _machines.Add(new SimulatedMachine(machine, context, random.Fork($"machine {machine}")));
        var clients = new ClientContext(settings.Workload, _queue, _network, _history, () => _machines.InService, ReportNonsense, plan.Defect);
        foreach (int client in plan.Clients)
        {
            _clients.Add(new SimulatedClient(
                clients, client, random.Fork($"client {client}"), (settings.ReadLevel, settings.WriteLevel),
                number => plan.IsDropped(client, number)));
        }
    }

    /// <summary>Fallbacks that keep nothing refuse hints; the defect makes that an acknowledgement on its way.</summary>
    private static RunSettings SettingsOf(RunPlan plan) => plan.Defect == Defect.HintDroppedBeforeAck
        ? plan.Settings with { Node = plan.Settings.Node with { HintBytesPerTargetMax = 0 } }
        : plan.Settings;

    public static RunResult Run(RunPlan plan)
    {
        var run = new SimulationRun(plan);
        try
        {
            run.RunPhases();
        }
        catch (Exception failure) when (failure is not OutOfMemoryException)
        {
            // Whatever the shipped code throws is a finding: its place names it.
            run._violations.Add(new Violation(0, $"at {run._queue.NowMicros} us: {failure.GetType().Name}: {failure.Message}\n{failure.StackTrace}"));
        }
        run.StopMachines();
        return run.MakeResult();
    }

    private void RunPhases()
    {
        foreach (SimulatedMachine machine in _machines.All.Take(_plan.Settings.Nodes))
            _machines.Install(machine);
        foreach (SimulatedClient client in _clients)
            client.Start();
        _injector.Schedule(_plan.Faults);
        _operator.Schedule(_plan.Changes);
        while (_queue.NowMicros < _plan.DurationMicros)
            Step();
        foreach (SimulatedClient client in _clients)
            client.Stop();
        _injector.HealAll();
        _operator.Heal();
        if (Converge("changes of the cluster did not end", () => _operator.IsDone) && Converge("the cluster did not become whole", IsWhole) && Converge("not every hint was delivered", HasNoHints))
            ReadEverything();
        _history.ClockErrorMsMax = _injector.ClockErrorMsMax;
        _observer.MarkOperations();
        CheckAll();
    }

    /// <summary>Runs events until the condition holds; a violation when that takes longer than allowed.</summary>
    private bool Converge(string what, Func<bool> condition)
    {
        long deadline = _queue.NowMicros + ConvergenceMicrosMax;
        while (!condition())
        {
            if (_queue.NowMicros >= deadline)
            {
                _violations.Add(new Violation(ConvergenceInvariant, $"{what} within {ConvergenceMicrosMax / 1_000_000} s: {DescribeMachines()}"));
                return false;
            }
            Step();
        }
        return true;
    }

    private void Step()
    {
        _queue.RunUntil(_queue.NowMicros + StepMicros);
        foreach (SimulatedMachine machine in _machines.InService)
        {
            if (machine.Host is { } host)
                _observer.Sample(machine.Id, host);
        }
        _trees.Look(_queue.NowMicros);
    }

    /// <summary>All members go by the newest map, hold whole copies, and find each other up.</summary>
    private bool IsWhole()
    {
        if (_observer.Placements.Newest is not { } map)
            return false;
        foreach (SimulatedMachine machine in _machines.Members)
        {
            if (machine.Host is not { } host || host.Node.View.Map?.Epoch != map.Epoch || !RunObserver.IsWhole(host.Node))
                return false;
            foreach (NodeInfo other in map.Nodes)
            {
                if (!host.Node.View.IsUp(other.Id) || !host.Node.View.IsAlive(other.Id))
                    return false;
            }
        }
        return true;
    }

    private bool HasNoHints() => _machines.Members.All(machine => machine.Host is { } host && host.Shards.All(shard => shard.Shard.HintBytes.Count == 0));

    private void ReadEverything()
    {
        _history.HintsDeliveredMicros = _queue.NowMicros;
        IEnumerable<string> keys = _history.Operations.Select(operation => operation.Key).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal);
        if (keys.GroupBy(Operation.KeyspaceOf).All(ReadKeyspace))
            Converge("the replicas did not agree", () => _operator.IsDone && IsWhole() && !Disagreements().Any());
    }

    private bool ReadKeyspace(IGrouping<int, string> keys)
    {
        var reader = new VerifyingReader(_queue, _network, _history, [.. _machines.Members.Select(machine => machine.Id)], keys.Key, ReportNonsense);
        reader.Start(keys);
        return Converge("not every key could be read at level ALL", () => reader.IsDone);
    }

    private IEnumerable<Violation> Disagreements()
    {
        var rows = new List<ReplicaRow>();
        var trees = new List<ReplicaTree>();
        var former = new List<(int Node, int Partition)>();
        foreach (SimulatedMachine machine in _machines.Members)
        {
            if (machine.Host is not { } host || !host.Node.View.IsFormed)
                return [new Violation(ConvergenceInvariant, $"machine {machine.Id} is down, or knows no map")];
            var contents = new ReplicaContents(host.Node.Identity.Self.Id, rows, trees, former);
            foreach (ShardHost shard in host.Shards)
                contents.Collect(shard.Shard, machine.Disks[shard.Shard.Index], host.Node);
        }
        return AgreementChecker.Check(rows, _observer.ReplicasOf)
            .Concat(TreeChecker.Check(trees))
            .Concat(former.Select(copy => new Violation(ConvergenceInvariant, $"node {copy.Node} keeps rows of partition {copy.Partition}, of which it is no replica")));
    }

    private void CheckAll()
    {
        IEnumerable<Violation>[] found =
        [
            StaleReadChecker.Check(_history),
            AppendChecker.Check(_history),
            ExpiryChecker.Check(_history),
            _observer.Stamps.Violations,
            _observer.Quorums.Violations,
            _observer.Arrivals.Violations,
            _observer.Votes.Violations,
            _observer.Queues.Violations,
            _observer.Maps.Violations,
            _trees.Violations,
            _observer.Fences.Violations,
            DiffersAfterHealing ? Disagreements() : [],
        ];
        foreach (IEnumerable<Violation> ofOneChecker in found)
            _violations.AddRange(ofOneChecker.Take(ViolationsPerCheckerMax));
    }

    private bool DiffersAfterHealing => _observer.Placements.Newest is not null && _violations.Exists(violation => violation.Invariant == ConvergenceInvariant);

    private string DescribeMachines()
    {
        ClusterMap? map = _observer.Placements.Newest;
        string cluster = map is null ? "no map" : $"epoch {map.Epoch}{(map.IsChanging ? " changing" : "")}, voters {string.Join(' ', map.Voters)}{DescribeMoves(map)}";
        return $"{cluster}; " + string.Join("; ", _machines.InService.Select(machine => machine.Host is not { } host
            ? $"machine {machine.Id} is down"
            : $"machine {machine.Id} {host.Node.View.Standing} node {host.Node.Identity.Self.Id} epoch {host.Node.View.Map?.Epoch} whole {RunObserver.IsWhole(host.Node)} "
                + $"up [{string.Join(' ', host.Node.View.Peers.Where(peer => host.Node.View.IsUp(peer.Node.Id)).Select(peer => peer.Node.Id))}]"));
    }

    /// <summary>What each partition that moves, or is not whole, has and is to have; a copy that does not count is marked.</summary>
    private string DescribeMoves(ClusterMap map)
    {
        var text = new System.Text.StringBuilder();
        for (int partition = 0; partition < map.PartitionCount; partition++)
        {
            DecidedSets sets = _observer.Placements.SetsOf(map.Epoch, partition);
            string members = string.Join(' ', sets.Members.Select(node => IsWholeOn(map, node, partition) ? $"{node}" : $"{node}?"));
            if (map.MoveOf(partition) is { } move)
                text.Append($", partition {partition} {move.Stage}: {members} to {string.Join(' ', move.Replicas.ToArray())}");
            else if (members.Contains('?', StringComparison.Ordinal))
                text.Append($", partition {partition}: {members}");
        }
        return text.ToString();
    }

    private bool IsWholeOn(ClusterMap map, int node, int partition) => map.NodeOf((ushort)node) is { } listed && _machines.Of(listed).Host is { } host && host.Node.IsCompleteHere(partition);

    private void ReportNonsense(string what)
    {
        if (_violations.Count < ViolationsPerCheckerMax)
            _violations.Add(new Violation(0, $"at {_queue.NowMicros} us: {what}"));
    }

    private void StopMachines()
    {
        foreach (SimulatedMachine machine in _machines.All)
            machine.Host?.Stop();
    }

    private string[] TraceOf(string? key) =>
        key is null ? [] : [.. _history.On(key).Select(static operation => operation.ToString())];

    private bool IsAcross(int from, int to) =>
        from < _plan.Settings.Nodes && to < _plan.Settings.Nodes && from % _plan.Settings.DataCentres != to % _plan.Settings.DataCentres;

    private RunResult MakeResult() => new(
        _plan,
        _queue.Hash,
        _queue.EventsRun,
        _queue.NowMicros,
        _violations,
        _history.Operations.GroupBy(operation => operation.Outcome).ToDictionary(group => group.Key, group => group.Count()),
        _injector.Counts,
        _observer.Counts)
    {
        Changes = _operator.Counts,
        Maps = _observer.Placements.MapCount,
        ChangesEnded = _observer.Placements.ChangesEnded,
        Flushes = _history.Flushes.Count(static flush => flush.Outcome == OperationOutcome.Done),
        BytesAcross = _network.BytesSent.Where(link => IsAcross(link.Key.From, link.Key.To)).Sum(link => link.Value),
        KeyTrace = TraceOf(_violations.Find(violation => violation.Key.Length > 0)?.Key),
        Answers = [.. _history.Operations.Where(operation => operation.Outcome is OperationOutcome.Done or OperationOutcome.NotApplied)
            .Select(operation => (operation.InvokedMicros, operation.CompletedMicros - operation.InvokedMicros))],
        OperationsPerClient = _history.Operations.GroupBy(operation => operation.Observer).ToDictionary(group => group.Key, group => group.Count()),
    };
}
