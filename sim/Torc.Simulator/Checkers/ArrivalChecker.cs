namespace Torc.Simulator.Checkers;

/// <summary>
/// Invariant 3, of what was counted: a coordinator counts another replica towards a write only when that very write had come to the replica. An
/// acknowledgement of something else, however true, does not count.
/// </summary>
public sealed class ArrivalChecker
{
    private readonly HashSet<(UInt128 Version, int Node)> _arrived = [];
    private readonly List<Violation> _violations = [];

    public IReadOnlyList<Violation> Violations => _violations;

    /// <summary>A write of this version came to a replica.</summary>
    public void Arrived(int node, UInt128 version) => _arrived.Add((version, node));

    /// <summary>A write was acknowledged to its client.</summary>
    /// <param name="write">Who counted.</param>
    /// <param name="version">Its version, which no other write has.</param>
    public void Decided(RequestDecided write, UInt128 version)
    {
        foreach (CountedReplica counted in write.Counted)
        {
            if (counted.Node != write.Coordinator && !_arrived.Contains((version, counted.Node)))
                _violations.Add(new Violation(3, $"{write}: counted node {counted.Node}, to which the write had not come"));
        }
    }
}
