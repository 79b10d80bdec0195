using Torc.Core.Placement;
using Torc.Node;
using Torc.Simulator.Checkers;
using Torc.Simulator.Cluster;
using Torc.Simulator.Time;

namespace Torc.Simulator.Runs;

/// <summary>Turns what nodes report into what the checkers take, and into the event hash.</summary>
internal sealed class RunObserver(RunSettings settings, EventQueue queue, History history, Func<int, bool> isCorrupted) : INodeObserver
{
    private readonly Dictionary<int, TorcNode> _nodes = [];
    private readonly SortedDictionary<string, long> _counts = new(StringComparer.Ordinal);
    private readonly List<(long AtMicros, int Partition)> _hintedWrites = [];
    private readonly SortedSet<int> _damaged = [];
    private ClusterMap? _map;
    private QuorumChecker? _checker;

    public StampChecker Stamps { get; } = new();

    public MapChecker Maps { get; } = new();

    public QueueChecker Queues { get; } = new();

    public ArrivalChecker Arrivals { get; } = new();

    public QuorumChecker Quorums => _checker ??= new QuorumChecker(settings.ReplicationFactor, ReplicasOf, node => node % settings.DataCentres, settings.Sloppy);

    public IReadOnlyDictionary<string, long> Counts => _counts;

    public ClusterMap? Map => _map;

    public IReadOnlyList<int> ReplicasOf(int partition)
    {
        ReadOnlySpan<ushort> replicas = _map!.ReplicasOf(partition);
        var nodes = new int[replicas.Length];
        for (int index = 0; index < nodes.Length; index++)
            nodes[index] = replicas[index];
        return nodes;
    }

    public void OnNodeStarted(int node, TorcNode torc)
    {
        _nodes[node] = torc;
        _damaged.Remove(node);
        for (int partition = 0; partition < torc.PartitionCount; partition++)
            Quorums.SetComplete(node, partition, torc.IsCompleteHere(partition), queue.NowMicros);
        MarkRecovered(node);
    }

    public void OnMapDurable(int node, ulong birth, ClusterMap map) => Maps.Held(node, birth, map);

    public void OnWriteArrived(ushort node, UInt128 version) => Arrivals.Arrived(node, version);

    public void OnDiskFailed(int node)
    {
        if (settings.PowerLossLosesData)
            history.Losses.Lost(node, queue.NowMicros);
    }

    public void OnNodeEvent(int node, in NodeEvent happened)
    {
        queue.Observe(((ulong)happened.Kind << 32) | ((ulong)node << 16) | happened.Partition);
        queue.Observe(happened.Version.Stamp);
        string name = happened.Kind.ToString();
        _counts[name] = _counts.GetValueOrDefault(name) + 1;
        switch (happened.Kind)
        {
            case NodeEventKind.Stamped:
                Stamps.Issued(new StampIssued(queue.NowMicros, node, happened.Partition, happened.Version.ToUInt128(), 0));
                break;
            case NodeEventKind.LevelMet:
                if (happened.Hinted != 0)
                    _hintedWrites.Add((queue.NowMicros, happened.Partition));
                RequestDecided decided = Describe(node, happened);
                Quorums.Decided(decided);
                Arrivals.Decided(decided, happened.Version.ToUInt128());
                break;
            case NodeEventKind.DamagedRead:
                _damaged.Add(node);
                break;
            case NodeEventKind.PartitionComplete:
                Quorums.SetComplete(node, happened.Partition, true, queue.NowMicros);
                MarkRecovered(node);
                break;
            case NodeEventKind.PartitionIncomplete:
                Quorums.SetComplete(node, happened.Partition, false, queue.NowMicros);
                break;
            case NodeEventKind.Formed:
                _map ??= _nodes[node].View.Map;
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

    /// <summary>Whether every copy that a node should have counts.</summary>
    public static bool IsWhole(TorcNode torc)
    {
        if (torc.View.Map is not { } map)
            return false;
        for (int partition = 0; partition < map.PartitionCount; partition++)
        {
            if (map.IsReplica(partition, torc.Identity.Self.Id) && !torc.IsCompleteHere(partition))
                return false;
        }
        return true;
    }

    /// <summary>
    /// Marks the acknowledged writes that hints may have helped: those during which some write of their partition was met by hints. All others
    /// are held to what a strict level promises.
    /// </summary>
    public void MarkHinted()
    {
        if (_map is not { } map || _hintedWrites.Count == 0)
            return;
        foreach (Operation operation in history.Operations)
        {
            if (operation.Kind != OperationKind.Write || operation.Outcome != OperationOutcome.Done)
                continue;
            int partition = map.PartitionOf(Slots.Of(System.Text.Encoding.UTF8.GetBytes(operation.Key)));
            operation.MayBeHinted = _hintedWrites.Exists(hinted =>
                hinted.Partition == partition && hinted.AtMicros >= operation.InvokedMicros && hinted.AtMicros <= operation.CompletedMicros);
        }
    }

    /// <summary>
    /// A sloppy cluster may have lost a hint with a node, which nobody can give back: there, a loss lasts to the end of the run.
    /// </summary>
    private void MarkRecovered(int node)
    {
        if (!settings.Sloppy && !isCorrupted(node) && IsWhole(_nodes[node]))
            history.Losses.Recovered(node, queue.NowMicros);
    }

    private RequestDecided Describe(int node, in NodeEvent happened)
    {
        _map ??= _nodes[node].View.Map;
        IReadOnlyList<int> replicas = ReplicasOf(happened.Partition);
        var counted = new List<CountedReplica>();
        for (int index = 0; index < 64; index++)
        {
            if ((happened.Replicas & (1UL << index)) != 0)
                counted.Add(new CountedReplica(index < replicas.Count ? replicas[index] : -1, CountedAnswer.Present));
        }
        var hinted = new List<int>();
        for (int index = 0; index < 64; index++)
        {
            if ((happened.Hinted & (1UL << index)) != 0)
                hinted.Add(index < replicas.Count ? replicas[index] : -1);
        }
        long started = queue.NowMicros - 2L * settings.Node.OperationTimeoutMs * Base.Instant.MicrosPerMs;
        return new RequestDecided(started, queue.NowMicros, node, happened.Partition, false, happened.Level, counted, false) { HintedFor = hinted };
    }
}
