using Torc.Core.Consensus;
using Torc.Core.Placement;
using Torc.Node;
using Torc.Simulator.Checkers;
using Torc.Simulator.Cluster;
using Torc.Simulator.Time;

namespace Torc.Simulator.Runs;

/// <summary>Turns what nodes report into what the checkers take, and into the event hash.</summary>
/// <remarks>
/// Machines are not nodes: a machine that joins gets a node's id from the map. Losses are of machines; who counted towards a level is told by ids.
/// </remarks>
internal sealed class RunObserver(RunSettings settings, EventQueue queue, History history, PlacementLog placements, Func<int, bool> isCorrupted) : INodeObserver
{
    private readonly Dictionary<int, TorcNode> _nodes = [];
    private readonly SortedDictionary<string, long> _counts = new(StringComparer.Ordinal);
    private readonly List<(long AtMicros, int Partition)> _hintedWrites = [];
    private readonly Dictionary<UInt128, long> _stampedMicros = [];
    private readonly SortedSet<int> _damaged = [];

    public StampChecker Stamps { get; } = new();

    public MapChecker Maps { get; } = new();

    public FenceChecker Fences { get; } = new();

    public QueueChecker Queues { get; } = new();

    public ArrivalChecker Arrivals { get; } = new();

    public VoteChecker Votes { get; } = new();

    public QuorumChecker Quorums { get; } = new();

    /// <summary>Every map that was decided.</summary>
    public PlacementLog Placements => placements;

    public IReadOnlyDictionary<string, long> Counts => _counts;

    /// <summary>The replicas by the newest map.</summary>
    public IReadOnlyList<int> ReplicasOf(int partition) => Placements.SetsOf(Placements.Newest!.Epoch, partition).Present;

    public void OnNodeStarted(int node, TorcNode torc)
    {
        _nodes[node] = torc;
        _damaged.Remove(node);
        for (int partition = 0; partition < torc.PartitionCount; partition++)
            Quorums.SetComplete(torc.Identity.Self.Id, partition, torc.IsCompleteHere(partition), queue.NowMicros);
        MarkRecovered(node);
    }

    public void OnMapDurable(int node, NodeIdentity identity, ClusterMap map)
    {
        Maps.Held(node, identity.Self.Birth, map);
        if (map.IsRemoved(identity.Self.Id))
            Fences.Learned(node, identity.Incarnation);
        if (!Placements.TryAdd(map, queue.NowMicros))
            return;
        Fences.Decided(map);
        foreach (int machine in _nodes.Keys)
        {
            // Whatever it lost is no copy of anything any more; with hints that counted, see MarkRecovered.
            if (!Placements.WasSloppy && !IsMember(machine))
                history.Losses.Recovered(machine, queue.NowMicros);
        }
    }

    /// <summary>By the newest map.</summary>
    public bool IsMember(int machine) => Placements.Newest?.Nodes.Any(listed => listed.PeerAddress == SimulatedMachine.AddressOf(machine)) ?? false;

    public void OnWriteArrived(ushort node, UInt128 version, ulong epoch) => Arrivals.Arrived(node, version, epoch);

    public void OnVoteDurable(int node, AcceptorState vote) => Votes.Saved(node, vote);

    public void OnDiskFailed(int node)
    {
        if (settings.PowerLossLosesData && (Placements.Newest is null || IsMember(node)))
            history.Losses.Lost(node, queue.NowMicros);
    }

    public void OnNodeEvent(int node, in NodeEvent happened)
    {
        queue.Observe(((ulong)happened.Kind << 32) | ((ulong)node << 16) | happened.Partition);
        queue.Observe(happened.Version.Stamp);
        string name = happened.Kind.ToString();
        _counts[name] = _counts.GetValueOrDefault(name) + 1;
        NodeIdentity identity = _nodes[node].Identity;
        switch (happened.Kind)
        {
            case NodeEventKind.Stamped:
                Fences.Acted(queue.NowMicros, node, identity.Incarnation, "stamped a write");
                _stampedMicros.TryAdd(happened.Version.ToUInt128(), queue.NowMicros);
                Stamps.Issued(new StampIssued(queue.NowMicros, node, happened.Partition, happened.Version.ToUInt128()));
                break;
            case NodeEventKind.LevelMet:
                if (happened.Hinted != 0)
                    _hintedWrites.Add((queue.NowMicros, happened.Partition));
                Fences.Acted(queue.NowMicros, node, identity.Incarnation, "acknowledged a write");
                WriteDecided decided = Describe(identity.Self.Id, happened);
                Quorums.Decided(decided);
                Arrivals.Decided(decided, happened.Version.ToUInt128(), placements.MapOf(happened.Epoch).EpochOf(happened.Partition));
                break;
            case NodeEventKind.DamagedRead:
                _damaged.Add(node);
                break;
            case NodeEventKind.PartitionComplete:
                Quorums.SetComplete(identity.Self.Id, happened.Partition, true, queue.NowMicros);
                MarkRecovered(node);
                break;
            case NodeEventKind.PartitionIncomplete:
                Quorums.SetComplete(identity.Self.Id, happened.Partition, false, queue.NowMicros);
                break;
            case NodeEventKind.Removed:
                Fences.Learned(node, identity.Incarnation);
                break;
        }
    }

    /// <summary>Looks at the sizes that the node bounds.</summary>
    public void Sample(int node, NodeHost host)
    {
        foreach (ShardHost shard in host.Shards)
        {
            Queues.Sampled(new QueueSample(
                queue.NowMicros, node, "operations under way", shard.Shard.OperationsUnderWay, settings.Node.OperationsMax));
        }
    }

    /// <summary>Whether a node met a record, since it started, that it could not read: what it leaves out is its own to know.</summary>
    public bool HasMetDamage(int node) => _damaged.Contains(node);

    /// <summary>Whether every copy that a node has or is to have counts.</summary>
    public static bool IsWhole(TorcNode torc)
    {
        if (torc.View.Map is not { } map)
            return false;
        for (int partition = 0; partition < map.PartitionCount; partition++)
        {
            if (map.IsMember(partition, torc.Identity.Self.Id) && !torc.IsCompleteHere(partition))
                return false;
        }
        return true;
    }

    /// <summary>
    /// Tells each operation what is known of its partition: since when it may have had other copies, and whether hints may have helped an
    /// acknowledged write, which is when some write of the partition was met by hints meanwhile. All others are held to what a strict level promises.
    /// </summary>
    public void MarkOperations()
    {
        if (Placements.Newest is not { } map)
            return;
        ILookup<int, long> hinted = _hintedWrites.ToLookup(write => write.Partition, write => write.AtMicros);
        foreach (Operation operation in history.Operations)
        {
            int partition = map.PartitionOf(Slots.Of(System.Text.Encoding.UTF8.GetBytes(operation.Key)));
            operation.MovedMicros = Placements.MovedMicros(partition);
            operation.CopiesLeast = Placements.CopiesLeast(partition);
            if (operation.Kind == OperationKind.Write && operation.Outcome == OperationOutcome.Done)
                operation.MayBeHinted = hinted[partition].Any(at => at >= operation.InvokedMicros && at <= operation.CompletedMicros);
        }
    }

    /// <summary>
    /// A sloppy cluster may have lost a hint with a node, which nobody can give back: there, a loss lasts to the end of the run.
    /// </summary>
    private void MarkRecovered(int node)
    {
        if (!Placements.WasSloppy && !isCorrupted(node) && IsWhole(_nodes[node]))
            history.Losses.Recovered(node, queue.NowMicros);
    }

    private WriteDecided Describe(int node, in NodeEvent happened)
    {
        DecidedSets sets = Placements.SetsOf(happened.Epoch, happened.Partition);
        var counted = new List<int>();
        var hinted = new List<int>();
        for (int index = 0; index < 64; index++)
        {
            int member = index < sets.Members.Count ? sets.Members[index] : -1;
            if ((happened.Replicas & (1UL << index)) != 0)
                counted.Add(member);
            if ((happened.Hinted & (1UL << index)) != 0)
                hinted.Add(member);
        }
        // Whatever counted was asked after the stamp, which lies far back when the coordinator was paused. What was not stamped, a deadline that is taken off, has only its time limit.
        long started = _stampedMicros.GetValueOrDefault(happened.Version.ToUInt128(), queue.NowMicros - 2L * settings.Node.OperationTimeoutMs * Base.Instant.MicrosPerMs);
        return new WriteDecided(started, queue.NowMicros, node, happened.Partition, happened.Level, counted)
        {
            Sets = sets,
            HintedFor = hinted,
            MayCountHints = settings.Sloppy,
        };
    }
}
