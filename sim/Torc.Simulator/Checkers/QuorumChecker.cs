using Torc.Core.Replication;

namespace Torc.Simulator.Checkers;

/// <summary>A node's report that a write was acknowledged to its client, by the sets of the map that it went by.</summary>
/// <param name="StartedMicros">From when on answers could be counted.</param>
/// <param name="DecidedMicros">When it was acknowledged.</param>
/// <param name="Coordinator">The node.</param>
/// <param name="Partition">Of the key.</param>
/// <param name="Level">That it met.</param>
/// <param name="Counted">Replicas whose acknowledgements counted, itself included.</param>
public sealed record WriteDecided(long StartedMicros, long DecidedMicros, int Coordinator, int Partition, ConsistencyLevel Level, IReadOnlyList<int> Counted)
{
    public required DecidedSets Sets { get; init; }

    /// <summary>By the map that it went by.</summary>
    public bool MayCountHints { get; init; }

    /// <summary>Replicas that counted because a fallback kept a hint for them.</summary>
    public IReadOnlyList<int> HintedFor { get; init; } = [];

    public override string ToString() =>
        $"write of partition {Partition} at {Level} by node {Coordinator} in [{StartedMicros}, {DecidedMicros}], counted {string.Join(' ', Counted)}"
        + (HintedFor.Count == 0 ? "" : $" and hints for {string.Join(' ', HintedFor)}")
        + $" of {string.Join(' ', Sets.Present)}{(Sets.Pending.Count == 0 ? "" : $" moving to {string.Join(' ', Sets.Pending)}")}";
}

/// <summary>
/// Invariant 3: towards a strict level count only distinct replicas of the sets that were complete at some time during the write, enough of them in the
/// present set and, while the partition moves, in the new one, and hints only for other replicas of the sets, in sloppy keyspaces, below ALL. A newcomer's copy
/// counts towards the new set alone, complete or not: whole copies of the present set say what the row is.
/// </summary>
public sealed class QuorumChecker
{
    private const int Invariant = 3;
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

    public void Decided(WriteDecided write)
    {
        var nodes = new HashSet<int>();
        foreach (int node in write.Counted)
        {
            if (!write.Sets.Members.Contains(node))
                Report(write, $"counted node {node}, which is no replica");
            else if (!write.Sets.IsNewcomer(node) && !WasComplete(node, write))
                Report(write, $"counted node {node}, which was incomplete");
            if (!nodes.Add(node))
                Report(write, $"counted node {node} twice");
        }
        foreach (int target in write.HintedFor)
        {
            if (!write.MayCountHints || write.Level == ConsistencyLevel.All)
                Report(write, $"counted a hint for node {target}");
            else if (!write.Sets.Members.Contains(target) || !nodes.Add(target))
                Report(write, $"counted a hint for node {target}, which is no replica or counted already");
        }
        CheckSet(write, nodes, write.Sets.Present);
        if (write.Sets.Pending.Count > 0)
            CheckSet(write, nodes, write.Sets.Pending);
    }

    private void CheckSet(WriteDecided write, HashSet<int> nodes, IReadOnlyList<int> set)
    {
        Func<int, int> dataCentreOf = write.Sets.DataCentreOf;
        if (Levels.IsLocal(write.Level))
            CheckDataCentre(write, nodes, set, dataCentreOf(write.Coordinator), write.Level);
        else if (write.Level != ConsistencyLevel.EachQuorum)
            CheckCount(write, set.Count(nodes.Contains), Levels.Required(write.Level, set.Count));
        else
            foreach (int dataCentre in set.Select(dataCentreOf).Distinct())
                CheckDataCentre(write, nodes, set, dataCentre, ConsistencyLevel.Quorum);
    }

    private void CheckDataCentre(WriteDecided write, HashSet<int> nodes, IReadOnlyList<int> set, int dataCentre, ConsistencyLevel level)
    {
        int[] there = [.. set.Where(node => write.Sets.DataCentreOf(node) == dataCentre)];
        CheckCount(write, there.Count(nodes.Contains), Levels.Required(level, Math.Max(there.Length, 1)));
    }

    private void CheckCount(WriteDecided write, int counted, int required)
    {
        if (counted < required)
            Report(write, $"counted {counted} replicas of {required} required");
    }

    private void Report(WriteDecided write, string what) =>
        _violations.Add(new Violation(Invariant, $"{write}: {what}"));

    /// <summary>A copy that stops counting in the instant in which the write began counted at its beginning: both may be of one turn, in either order.</summary>
    private bool WasComplete(int node, WriteDecided write)
    {
        if (!_completeness.TryGetValue((node, write.Partition), out List<(long AtMicros, bool Complete)>? changes))
            return false;
        bool before = false;
        foreach ((long at, bool complete) in changes)
        {
            if (at < write.StartedMicros)
                before = complete;
            else if (at <= write.DecidedMicros && complete)
                return true;
        }
        return before;
    }
}
