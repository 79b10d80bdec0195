using Torc.Base;
using Torc.Core.Membership;
using Torc.Core.Placement;
using Torc.Node;
using Torc.Node.Commands;
using Torc.Simulator.Checkers;
using Torc.Simulator.Clients;
using Torc.Simulator.Cluster;
using Torc.Simulator.Faults;
using Torc.Simulator.Network;
using Torc.Simulator.Time;

namespace Torc.Simulator.Runs;

/// <summary>
/// One run of a plan. Safety phase: clients work while faults come. Then everything is healed, the cluster must become
/// whole, a reader reads every key at level ALL, and the replicas must agree. At the end the checkers judge the history.
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
    private readonly List<SimulatedMachine> _machines = [];
    private readonly List<SimulatedClient> _clients = [];
    private readonly List<Violation> _violations = [];

    private SimulationRun(RunPlan plan)
    {
        _plan = plan;
        RunSettings settings = SettingsOf(plan);
        var random = new SeededRandom(plan.Seed);
        _network = new SimulatedNetwork(_queue, random.Fork("network"), settings.Network);
        _history = new History(settings.ReplicationFactor, ClusterContext.EpochWallMs);
        _injector = new FaultInjector(settings, _queue, _network, _machines, _history.Losses);
        _observer = new RunObserver(settings, _queue, _history, _injector.IsCorrupted);
        _trees = new TreeSampling(_machines, node => _injector.IsCorrupted(node) || _observer.HasMetDamage(node));
        KeyspaceSettings[] keyspaces = [.. Enumerable.Range(0, KeyspaceSettings.UserKeyspacesMax)
            .Select(id => new KeyspaceSettings((byte)id, settings.ReadLevel, settings.WriteLevel, settings.Sloppy || plan.Defect == Defect.HintCountedInStrict))];
        string[] addresses = [.. Enumerable.Range(0, settings.Nodes).Select(SimulatedMachine.AddressOf)];
        var formation = new FormationSettings(addresses, settings.Partitions, settings.ReplicationFactor, keyspaces);
        var context = new ClusterContext(settings, formation, _queue, _network, Commands, _observer, plan.Defect);
        for (int node = 0; node < settings.Nodes; node++)
            _machines.Add(new SimulatedMachine(node, context, random.Fork($"machine {node}")));
        var clients = new ClientContext(settings.Workload, _queue, _network, _history, settings.Nodes, ReportNonsense, plan.Defect);
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
        foreach (SimulatedMachine machine in _machines)
            machine.Start();
        foreach (SimulatedClient client in _clients)
            client.Start();
        _injector.Schedule(_plan.Faults);
        while (_queue.NowMicros < _plan.DurationMicros)
            Step();
        foreach (SimulatedClient client in _clients)
            client.Stop();
        _injector.HealAll();
        if (Converge("the cluster did not become whole", IsWhole) && Converge("not every hint was delivered", HasNoHints))
            ReadEverything();
        _history.ClockErrorMsMax = _injector.ClockErrorMsMax;
        _observer.MarkHinted();
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
        foreach (SimulatedMachine machine in _machines)
        {
            if (machine.Host is { } host)
                _observer.Sample(machine.Id, host);
        }
        _trees.Look(_queue.NowMicros);
    }

    private bool IsWhole()
    {
        foreach (SimulatedMachine machine in _machines)
        {
            if (machine.Host is not { } host || !RunObserver.IsWhole(host.Node))
                return false;
            foreach (SimulatedMachine other in _machines)
            {
                if (!host.Node.View.IsUp((ushort)other.Id) || !host.Node.View.IsAlive((ushort)other.Id))
                    return false;
            }
        }
        return true;
    }

    private bool HasNoHints() => _machines.All(machine => machine.Host is { } host && host.Shards.All(shard => shard.Shard.HintBytes.Count == 0));

    private void ReadEverything()
    {
        _history.HintsDeliveredMicros = _queue.NowMicros;
        var reader = new VerifyingReader(_queue, _network, _history, _plan.Settings.Nodes, ReportNonsense);
        reader.Start([.. _history.Operations.Select(operation => operation.Key).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)]);
        if (Converge("not every key could be read at level ALL", () => reader.IsDone))
            Converge("the replicas did not agree", () => !Disagreements().Any());
    }

    private IEnumerable<Violation> Disagreements()
    {
        var rows = new List<ReplicaRow>();
        var trees = new List<ReplicaTree>();
        foreach (SimulatedMachine machine in _machines)
        {
            if (machine.Host is not { } host)
                return [new Violation(ConvergenceInvariant, $"node {machine.Id} is down")];
            var contents = new ReplicaContents(machine.Id, rows, trees);
            foreach (ShardHost shard in host.Shards)
                contents.Collect(shard.Shard, machine.Disks[shard.Shard.Index], host.Node);
        }
        return AgreementChecker.Check(rows, _observer.ReplicasOf)
            .Concat(TreeChecker.Check(trees));
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
            _observer.Queues.Violations,
            _observer.Maps.Violations,
            _trees.Violations,
            DiffersAfterHealing ? Disagreements() : [],
        ];
        foreach (IEnumerable<Violation> ofOneChecker in found)
            _violations.AddRange(ofOneChecker.Take(ViolationsPerCheckerMax));
    }

    private bool DiffersAfterHealing => _observer.Map is not null && _violations.Exists(violation => violation.Invariant == ConvergenceInvariant);

    private string DescribeMachines() => string.Join("; ", _machines.Select(machine => machine.Host is not { } host
        ? $"node {machine.Id} is down"
        : $"node {machine.Id} formed {host.Node.View.IsFormed} whole {RunObserver.IsWhole(host.Node)} "
            + $"up [{string.Join(' ', _machines.Where(other => host.Node.View.IsUp((ushort)other.Id)).Select(other => other.Id))}]"));

    private void ReportNonsense(string what)
    {
        if (_violations.Count < ViolationsPerCheckerMax)
            _violations.Add(new Violation(0, $"at {_queue.NowMicros} us: {what}"));
    }

    private void StopMachines()
    {
        foreach (SimulatedMachine machine in _machines)
            machine.Host?.Stop();
    }

    private string[] TraceOf(string? key) =>
        [.. _history.Operations.Where(operation => operation.Key == key).Select(operation => operation.ToString())];

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
        KeyTrace = TraceOf(_violations.Find(violation => violation.Key.Length > 0)?.Key),
        Answers = [.. _history.Operations.Where(operation => operation.Outcome is OperationOutcome.Done or OperationOutcome.NotApplied)
            .Select(operation => (operation.InvokedMicros, operation.CompletedMicros - operation.InvokedMicros))],
        OperationsPerClient = _history.Operations.GroupBy(operation => operation.Observer).ToDictionary(group => group.Key, group => group.Count()),
    };
}
