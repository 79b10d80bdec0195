using Torc.Core.Replication;

namespace Torc.Simulator.Checkers;

public enum CountedAnswer
{
    /// <summary>A write was stored, or a read found a row.</summary>
    Present,

    /// <summary>A read found no row.</summary>
    Missing,

    /// <summary>A read found a row that it could not read.</summary>
    Damaged,
}

/// <summary>A replica's answer that a coordinator counted towards a level.</summary>
public readonly record struct CountedReplica(int Node, CountedAnswer Answer);

/// <summary>A node's report that a request at a strict level was decided in the client's favour.</summary>
public sealed record RequestDecided(
    long StartedMicros,
    long DecidedMicros,
    int Coordinator,
    int Partition,
    bool IsRead,
    ConsistencyLevel Level,
    IReadOnlyList<CountedReplica> Counted,
    bool FoundNothing)
{
    /// <summary>Replicas that counted because a fallback kept a hint for them.</summary>
    public IReadOnlyList<int> HintedFor { get; init; } = [];

    public override string ToString() =>
        $"{(IsRead ? "read" : "write")} of partition {Partition} at {Level} by node {Coordinator} in [{StartedMicros}, {DecidedMicros}], "
        + $"counted {string.Join(' ', Counted.Select(counted => $"{counted.Node}:{counted.Answer}"))}"
        + (HintedFor.Count == 0 ? "" : $" and hints for {string.Join(' ', HintedFor)}");
}

/// <summary>
/// Invariants 3 and 8: towards a strict level count only distinct replicas of the set that were complete at some time during the
/// request, enough of them, and hints only for other replicas of the set, in sloppy keyspaces, for writes below
/// ALL; and neither a read error nor a miss on an incomplete replica becomes "not found".
/// </summary>
/// <param name="replicationFactor">Copies of each key.</param>
/// <param name="replicasOf">The replicas of a partition.</param>
/// <param name="dataCentreOf">The data centre of a node, by number; by default there is one.</param>
/// <param name="sloppy">Whether hints may count.</param>
public sealed class QuorumChecker(int replicationFactor, Func<int, IReadOnlyList<int>> replicasOf, Func<int, int>? dataCentreOf = null,
    bool sloppy = false)
{
    private readonly Dictionary<(int Node, int Partition), List<(long AtMicros, bool Complete)>> _completeness = [];
    private readonly List<Violation> _violations = [];

    public IReadOnlyList<Violation> Violations => _violations;

    /// <summary>A replica became complete or incomplete. Unless told, a replica is incomplete.</summary>
    public void SetComplete(int node, int partition, bool complete, long atMicros)
    {
        if (!_completeness.TryGetValue((node, partition), out List<(long AtMicros, bool Complete)>? changes))
            _completeness[(node, partition)] = changes = [];
        changes.Add((atMicros, complete));
    }

    public void Decided(RequestDecided request)
    {
        IReadOnlyList<int> replicas = replicasOf(request.Partition);
        var nodes = new HashSet<int>();
        foreach (CountedReplica counted in request.Counted)
        {
            int invariant = request.FoundNothing ? 8 : 3;
            if (!replicas.Contains(counted.Node))
                Report(3, request, $"counted node {counted.Node}, which is no replica");
            else if (!WasComplete(counted.Node, request))
                Report(invariant, request, $"counted node {counted.Node}, which was incomplete");
            if (counted.Answer == CountedAnswer.Damaged)
                Report(8, request, $"counted the read error of node {counted.Node}");
            if (!nodes.Add(counted.Node))
                Report(3, request, $"counted node {counted.Node} twice");
        }
        foreach (int target in request.HintedFor)
        {
            if (!sloppy || request.IsRead || request.Level == ConsistencyLevel.All)
                Report(3, request, $"counted a hint for node {target}");
            else if (!replicas.Contains(target) || !nodes.Add(target))
                Report(3, request, $"counted a hint for node {target}, which is no replica or counted already");
        }
        if (Levels.IsLocal(request.Level))
            CheckDataCentre(request, nodes, replicas, DataCentreOf(request.Coordinator), request.Level);
        else if (request.Level != ConsistencyLevel.EachQuorum)
            CheckCount(request, nodes.Count, Levels.Required(request.Level, replicationFactor));
        else
            foreach (int dataCentre in replicas.Select(DataCentreOf).Distinct())
                CheckDataCentre(request, nodes, replicas, dataCentre, ConsistencyLevel.Quorum);
    }

    private int DataCentreOf(int node) => dataCentreOf?.Invoke(node) ?? 0;

    private void CheckDataCentre(
        RequestDecided request, HashSet<int> nodes, IReadOnlyList<int> replicas, int dataCentre, ConsistencyLevel level)
    {
        int there = replicas.Count(node => DataCentreOf(node) == dataCentre);
        CheckCount(request, nodes.Count(node => DataCentreOf(node) == dataCentre), Levels.Required(level, Math.Max(there, 1)));
    }

    private void CheckCount(RequestDecided request, int counted, int required)
    {
        if (counted < required)
            Report(3, request, $"counted {counted} replicas of {required} required");
    }

    private void Report(int invariant, RequestDecided request, string what) =>
        _violations.Add(new Violation(invariant, $"{request}: {what}"));

    private bool WasComplete(int node, RequestDecided request)
    {
        if (!_completeness.TryGetValue((node, request.Partition), out List<(long AtMicros, bool Complete)>? changes))
            return false;
        bool before = false;
        foreach ((long at, bool complete) in changes)
        {
            if (at <= request.StartedMicros)
                before = complete;
            else if (at <= request.DecidedMicros && complete)
                return true;
        }
        return before;
    }
}
