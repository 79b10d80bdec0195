namespace Torc.Simulator.Checkers;

/// <summary>A node's report that a coordinator stamped a mutation.</summary>
/// <param name="AtMicros">True time of the report.</param>
/// <param name="Node">The coordinator.</param>
/// <param name="Partition">Of the key.</param>
/// <param name="Version">The new stamp.</param>
public readonly record struct StampIssued(long AtMicros, int Node, int Partition, UInt128 Version);

/// <summary>
/// Invariant 2: no stamp is issued twice in a partition (shards of a node have a clock each, and versions are compared within a key only), and those of one
/// actor only rise.
/// </summary>
public sealed class StampChecker
{
    private readonly Dictionary<(int Partition, UInt128 Version), StampIssued> _issued = [];
    private readonly Dictionary<(int Partition, ulong Actor), StampIssued> _newest = [];
    private readonly List<Violation> _violations = [];

    public IReadOnlyList<Violation> Violations => _violations;

    public void Issued(StampIssued stamp)
    {
        if (!_issued.TryAdd((stamp.Partition, stamp.Version), stamp))
            _violations.Add(new Violation(2, $"stamp issued twice: {_issued[(stamp.Partition, stamp.Version)]} and {stamp}"));
        (int, ulong) actor = (stamp.Partition, (ulong)stamp.Version);
        if (_newest.TryGetValue(actor, out StampIssued before) && stamp.Version < before.Version)
            _violations.Add(new Violation(2, $"an actor's stamp is below one that it issued before: {before}, then {stamp}"));
        _newest[actor] = stamp;
    }
}
