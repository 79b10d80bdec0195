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

/// <summary>A node's report that a request at a strict level was decided in the client's favour, by the sets of the map that it went by.</summary>
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
    public required DecidedSets Sets { get; init; }

    /// <summary>By the map that it went by.</summary>
    public bool MayCountHints { get; init; }

    /// <summary>Replicas that counted because a fallback kept a hint for them.</summary>
    public IReadOnlyList<int> HintedFor { get; init; } = [];

    public override string ToString() =>
        $"{(IsRead ? "read" : "write")} of partition {Partition} at {Level} by node {Coordinator} in [{StartedMicros}, {DecidedMicros}], "
        + $"counted {string.Join(' ', Counted.Select(counted => $"{counted.Node}:{counted.Answer}"))}"
        + (HintedFor.Count == 0 ? "" : $" and hints for {string.Join(' ', HintedFor)}")
        + $" of {string.Join(' ', Sets.Present)}{(Sets.Pending.Count == 0 ? "" : $" moving to {string.Join(' ', Sets.Pending)}")}";
}

/// <summary>
/// Invariants 3 and 8: towards a strict level count only distinct replicas of the sets that were complete at some time during the
/// request, enough of them in the present set and, while the partition moves, in the new one, and hints only for other replicas of the sets, in
/// sloppy keyspaces, for writes below ALL; and neither a read error nor a miss on an incomplete replica becomes "not found". A newcomer's copy
/// counts towards the new set alone, complete or not: whole copies of the present set say what the row is.
/// </summary>
public sealed class QuorumChecker
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
        var nodes = new HashSet<int>();
        foreach (CountedReplica counted in request.Counted)
        {
            int invariant = request.FoundNothing ? 8 : 3;
            if (!request.Sets.Members.Contains(counted.Node))
                Report(3, request, $"counted node {counted.Node}, which is no replica");
            else if (!request.Sets.IsNewcomer(counted.Node) && !WasComplete(counted.Node, request))
                Report(invariant, request, $"counted node {counted.Node}, which was incomplete");
            if (counted.Answer == CountedAnswer.Damaged)
                Report(8, request, $"counted the read error of node {counted.Node}");
            if (!nodes.Add(counted.Node))
                Report(3, request, $"counted node {counted.Node} twice");
        }
        foreach (int target in request.HintedFor)
        {
            if (!request.MayCountHints || request.IsRead || request.Level == ConsistencyLevel.All)
                Report(3, request, $"counted a hint for node {target}");
            else if (!request.Sets.Members.Contains(target) || !nodes.Add(target))
                Report(3, request, $"counted a hint for node {target}, which is no replica or counted already");
        }
        CheckSet(request, nodes, request.Sets.Present);
        if (request.Sets.Pending.Count > 0)
            CheckSet(request, nodes, request.Sets.Pending);
    }

    private void CheckSet(RequestDecided request, HashSet<int> nodes, IReadOnlyList<int> set)
    {
        Func<int, int> dataCentreOf = request.Sets.DataCentreOf;
        if (Levels.IsLocal(request.Level))
            CheckDataCentre(request, nodes, set, dataCentreOf(request.Coordinator), request.Level);
        else if (request.Level != ConsistencyLevel.EachQuorum)
            CheckCount(request, set.Count(nodes.Contains), Levels.Required(request.Level, set.Count));
        else
            foreach (int dataCentre in set.Select(dataCentreOf).Distinct())
                CheckDataCentre(request, nodes, set, dataCentre, ConsistencyLevel.Quorum);
    }

    private void CheckDataCentre(RequestDecided request, HashSet<int> nodes, IReadOnlyList<int> set, int dataCentre, ConsistencyLevel level)
    {
        int[] there = [.. set.Where(node => request.Sets.DataCentreOf(node) == dataCentre)];
        CheckCount(request, there.Count(nodes.Contains), Levels.Required(level, Math.Max(there.Length, 1)));
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
