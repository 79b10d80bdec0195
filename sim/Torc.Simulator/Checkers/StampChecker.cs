namespace Torc.Simulator.Checkers;

/// <summary>A node's report that a coordinator stamped a mutation.</summary>
/// <param name="AtMicros">True time of the report.</param>
/// <param name="Node">The coordinator.</param>
/// <param name="Partition">Of the key.</param>
/// <param name="Version">The new stamp.</param>
/// <param name="Replaced">The greatest version the coordinator knew for the key; 0 for none.</param>
public readonly record struct StampIssued(long AtMicros, int Node, int Partition, UInt128 Version, UInt128 Replaced);

/// <summary>
/// Invariant 2: no stamp is issued twice in a partition (shards of a node have a clock each, and versions are compared
/// within a key only), those of one actor only rise, each is above the version it replaces, and of two acknowledged strong writes to
/// a key the later one outranks the earlier. Also 4 on versions: strong reads of a key never see a lower one.
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
        if (stamp.Version <= stamp.Replaced)
            _violations.Add(new Violation(2, $"stamp not above the version it replaces: {stamp}"));
    }

    /// <summary>The order of operations whose version the node reported.</summary>
    public static IEnumerable<Violation> CheckOrder(History history)
    {
        foreach (KeyHistory key in history.ByKey())
        {
            IEnumerable<Operation> reads = key.Reads.Select(observed => observed.Read);
            foreach (Violation violation in CheckOrder(history, key, reads, 4, "a read saw a lower version than one before it"))
                yield return violation;
            IEnumerable<Operation> writes = key.Mutations.Where(mutation => mutation.Outcome == OperationOutcome.Done);
            foreach (Violation violation in CheckOrder(history, key, writes, 2, "an earlier write outranks a later one"))
                yield return violation;
        }
    }

    /// <summary>Sweeps by invocation: nothing may be below the greatest version among those completed before it began.</summary>
    private static IEnumerable<Violation> CheckOrder(
        History history, KeyHistory key, IEnumerable<Operation> operations, int invariant, string what)
    {
        List<Operation> strong = operations
            .Where(operation => operation.Version != 0 && history.Required(operation.Level) * 2 > history.ReplicationFactor)
            .ToList();
        List<Operation> byCompletion = [.. strong.OrderBy(operation => operation.CompletedMicros)];
        Operation? greatest = null;
        int completed = 0;
        foreach (Operation operation in strong.OrderBy(operation => operation.InvokedMicros))
        {
            for (; completed < byCompletion.Count && byCompletion[completed].Precedes(operation); completed++)
            {
                if (greatest is null || byCompletion[completed].Version > greatest.Version)
                    greatest = byCompletion[completed];
            }
            bool backwards = greatest is not null
                && (invariant == 4 ? operation.Version < greatest.Version : operation.Version <= greatest.Version);
            if (backwards && !history.Losses.Excuses(history.Required(greatest!.Level), greatest.InvokedMicros, operation.CompletedMicros))
                yield return new Violation(invariant, $"{what}: {greatest} at {greatest.Version:x}, then {operation} at {operation.Version:x}", key.Key);
        }
    }
}
