using Torc.Base;
using Torc.Core.Placement;
using Torc.Core.Replication;
using Torc.Node.Control;
using Torc.Simulator.Checkers;
using Torc.Simulator.Cluster;
using Torc.Simulator.Faults;
using Torc.Simulator.Runs;
using Torc.Simulator.Time;

namespace Torc.Simulator.Changes;

/// <summary>
/// Asks nodes for changes of the cluster as TORC.CLUSTER does, whatever else goes on: a node may be down, cut off, or no member; another change may be
/// under way. What is refused is forgotten, as a hasty operator does, but for one duty: machines that died for good are taken out, since
/// nobody else can, after cancelling what waits for them.
/// </summary>
internal sealed class Operator
{
    private const ulong OperatorLabel = 4UL << 60;
    private const long TendMicros = 1_000_000;
    private const long AskForCandidateMicros = 250_000;
    private const int AsksForCandidateMax = 60;
    private const double DutyChance = 0.3;
    private const double RetireChance = 0.1;
    private const double CopiesByDataCentreShare = 0.5;
    private readonly RunSettings _settings;
    private readonly EventQueue _queue;
    private readonly Machines _machines;
    private readonly PlacementLog _placements;
    private readonly DataLossLog _losses;
    private readonly SeededRandom _random;
    private long _requests;
    private bool _isHealed;

    public Operator(RunSettings settings, EventQueue queue, Machines machines, PlacementLog placements, DataLossLog losses, SeededRandom random)
    {
        _settings = settings;
        _queue = queue;
        _machines = machines;
        _placements = placements;
        _losses = losses;
        _random = random;
    }

    /// <summary>What was asked for, by kind.</summary>
    public SortedDictionary<ChangeKind, int> Counts { get; } = [];

    public void Schedule(IReadOnlyList<PlannedChange> changes)
    {
        if (!_settings.Changes.IsAny)
            return;
        foreach (PlannedChange change in changes)
            At(change.AtMicros, () => Begin(change, new SeededRandom(change.Seed)));
        At(TendMicros, Tend);
    }

    /// <summary>From now on no change is asked for but those without which the cluster cannot become whole.</summary>
    public void Heal() => _isHealed = true;

    /// <summary>No machine that died for good is a member any more, and no change is under way.</summary>
    public bool IsDone => _placements.Newest is not { } map || (!map.IsChanging && !_machines.Members.Any(machine => machine.IsRetired));

    private void Begin(PlannedChange change, SeededRandom random)
    {
        if (_isHealed || _placements.Newest is not { } map)
            return;
        switch (change.Kind)
        {
            case ChangeKind.Join when map.Nodes.Count < _settings.Changes.NodesMax:
                AskOfCandidate(random, ChangeKind.Join, candidate => new ChangeRequest.Join([candidate]));
                break;
            case ChangeKind.Replace:
                NodeInfo old = map.Nodes.FirstOrDefault(node => _machines.Of(node).IsRetired) ?? Pick(random, map);
                AskOfCandidate(random, ChangeKind.Replace, candidate => new ChangeRequest.Replace(old.Id, candidate, _machines.Of(old).IsRetired));
                break;
            case ChangeKind.Leave when MayGo(map):
                Ask(random, ChangeKind.Leave, _ => new ClusterWish.Change(new ChangeRequest.Leave([Pick(random, map).Id])));
                break;
            case ChangeKind.Remove when MayGo(map):
                LoseForGood(random, map);
                break;
            case ChangeKind.Weight:
                Ask(random, ChangeKind.Weight, _ => new ClusterWish.Change(new ChangeRequest.Weight(Pick(random, map).Id, 1 + random.Below(4))));
                break;
            case ChangeKind.Copies:
                Ask(random, ChangeKind.Copies, _ => new ClusterWish.Change(new ChangeRequest.ReplicationFactor(DrawCopies(random, map))));
                break;
            case ChangeKind.Keyspace:
                Ask(random, ChangeKind.Keyspace, view => view.Map!.KeyspaceOf(0) is not { } keyspace ? null : new ClusterWish.Change(
                    new ChangeRequest.Keyspaces([keyspace with { Read = DrawLevel(random), Write = DrawLevel(random) }])));
                break;
            case ChangeKind.Cancel:
                Ask(random, ChangeKind.Cancel, _ => new ClusterWish.Cancel());
                break;
        }
    }

    private static ConsistencyLevel DrawLevel(SeededRandom random) => (ConsistencyLevel)random.Below(Levels.Count);

    /// <summary>Bits that have turned unnoticed in what becomes an only copy are lost for good, whatever is done: where bits turn, two copies at least stay.</summary>
    private CopiesWanted DrawCopies(SeededRandom random, ClusterMap map)
    {
        CopiesWanted drawn = map.DataCentreCount > 1 && random.Chance(CopiesByDataCentreShare)
            ? RunSettings.DrawCopies(random, [.. map.Nodes.CountBy(node => node.DataCentre).Select(centre => (centre.Key, centre.Value))])
            : 1 + random.Below(Math.Min(5, map.Nodes.Count));
        return drawn.Total == 1 && _settings.Faults.Kinds.Contains(FaultKind.FlipBits) ? 2 : drawn;
    }

    private static NodeInfo Pick(SeededRandom random, ClusterMap map) => map.Nodes[random.Below(map.Nodes.Count)];

    private bool MayGo(ClusterMap map) => map.Nodes.Count(node => !node.IsGoing) > Math.Max(_settings.Changes.NodesMin, map.ReplicationFactor);

    /// <summary>One loss at a time.</summary>
    private void LoseForGood(SeededRandom random, ClusterMap map)
    {
        SimulatedMachine machine = _machines.Of(Pick(random, map));
        if (machine.IsRetired || !_machines.CanLose(machine) || _machines.All.Any(other => _losses.IsLost(other.Id)))
            return;
        _losses.Lost(machine.Id, _queue.NowMicros);
        _machines.Retire(machine);
        Count(ChangeKind.Remove);
    }

    /// <summary>Starts a new machine, unless one waits already, and asks for it wherever it is seen.</summary>
    private void AskOfCandidate(SeededRandom random, ChangeKind kind, Func<NodeInfo, ChangeRequest> request)
    {
        bool isWaiting = _machines.InService.Any(machine => machine.Host?.Node.View.Standing == Standing.Joining);
        if (!isWaiting && _machines.Spare is { } spare)
            _machines.Install(spare);
        AskOfCandidate(random, kind, request, AsksForCandidateMax);
    }

    private void AskOfCandidate(SeededRandom random, ChangeKind kind, Func<NodeInfo, ChangeRequest> request, int left)
    {
        if (_isHealed || left == 0)
            return;
        // Later the newest map tells more: a member too many is not let in.
        bool mayCome = kind != ChangeKind.Join || _placements.Newest!.Nodes.Count < _settings.Changes.NodesMax;
        SimulatedMachine asked = PickMachine(random);
        if (mayCome && asked.Host is { } host && !host.Node.View.Candidates.IsEmpty)
            Ask(asked, kind, view => view.Candidates.IsEmpty ? null : new ClusterWish.Change(request(view.Candidates[random.Below(view.Candidates.Length)])));
        else
            At(_queue.NowMicros + AskForCandidateMicros, () => AskOfCandidate(random, kind, request, left - 1));
    }

    private SimulatedMachine PickMachine(SeededRandom random) => _machines.InService[random.Below(_machines.InService.Count)];

    private void Ask(SeededRandom random, ChangeKind kind, Func<ClusterView, ClusterWish?> wish) => Ask(PickMachine(random), kind, wish);

    /// <summary>Nothing when nothing runs there.</summary>
    private void Ask(SimulatedMachine machine, ChangeKind kind, Func<ClusterView, ClusterWish?> wish)
    {
        if (machine.Host is not { } host)
            return;
        host.WhenAwake(() =>
        {
            if (host.Node.View.Map is null || wish(host.Node.View) is not { } wanted)
                return;
            Count(kind);
            host.ControlTurn((control, outbox) => control.Ask(new ClusterRequest(++_requests, wanted), host.Now, outbox));
        });
    }

    /// <summary>Looks after what nobody else does: former members are switched off at some time, dead ones taken out.</summary>
    private void Tend()
    {
        At(_queue.NowMicros + TendMicros, Tend);
        if (_placements.Newest is not { } map)
            return;
        foreach (SimulatedMachine machine in _machines.InService)
        {
            if (!_isHealed && machine.Host is { } host && host.Node.View.Standing == Standing.Removed && _random.Chance(RetireChance))
                _machines.Retire(machine);
        }
        if (_settings.Changes.DeadReturn && !_isHealed)
            BringBackTheDead();
        NodeInfo? dead = map.Nodes.FirstOrDefault(node => _machines.Of(node).IsRetired);
        if (_isHealed)
            UpgradeThoseBelow(dead is null ? map.Level : ClusterLevel.GoneNodes);
        if (dead is null || (!_isHealed && !_random.Chance(DutyChance)))
            return;
        if (!map.IsChanging)
            Ask(_random, ChangeKind.Remove, _ => new ClusterWish.Change(new ChangeRequest.Remove([dead.Id])));
        else if (IsAwaited(map, dead.Id) || (_isHealed && dead.State != StateOfRemoved(map)))
            Ask(_random, ChangeKind.Cancel, _ => new ClusterWish.Cancel());
    }

    /// <summary>One at a time: several that have not heard yet that they were removed could be a quorum among themselves, which only the operator's word excludes.</summary>
    private void BringBackTheDead()
    {
        bool isUnaware = _machines.InService.Any(machine => !_machines.IsMember(machine) && machine.PersistedMap?.Nodes.Any(node => _machines.Of(node) == machine) == true);
        if (!isUnaware && _machines.All.FirstOrDefault(machine => machine.IsRetired && !_machines.IsMember(machine)) is { } machine)
            _machines.Return(machine);
    }

    /// <summary>
    /// A machine that was cut off while the cluster's level rose, because it was to go, is refused by all until it runs the next version. And only from
    /// a later level on does nobody wait for what a dead member had.
    /// </summary>
    private void UpgradeThoseBelow(byte level)
    {
        foreach (SimulatedMachine machine in _machines.InService)
        {
            if (machine.Host is null || machine.LevelMax >= level)
                continue;
            machine.Kill();
            machine.Start();
        }
    }

    /// <summary>What a removal makes of a dead member as long as it lasts.</summary>
    private static NodeState StateOfRemoved(ClusterMap map) => map.Level >= ClusterLevel.GoneNodes ? NodeState.Gone : NodeState.Leaving;

    /// <summary>A move waits for a copy on the node, for ever.</summary>
    private static bool IsAwaited(ClusterMap map, ushort node)
    {
        for (int partition = 0; partition < map.PartitionCount; partition++)
        {
            if (map.MoveOf(partition) is { } move && move.Replicas.Contains(node))
                return true;
        }
        return false;
    }

    private void Count(ChangeKind kind) => Counts[kind] = Counts.GetValueOrDefault(kind) + 1;

    private void At(long atMicros, Action action) => _queue.At(atMicros, OperatorLabel, action);
}
