using Torc.Simulator.Changes;
using Torc.Simulator.Checkers;
using Torc.Simulator.Faults;

namespace Torc.Simulator.Runs;

/// <summary>What came of a run.</summary>
public sealed record RunResult(
    RunPlan Plan,
    ulong EventHash,
    long Events,
    long SimulatedMicros,
    IReadOnlyList<Violation> Violations,
    IReadOnlyDictionary<OperationOutcome, int> Operations,
    IReadOnlyDictionary<FaultKind, int> Faults,
    IReadOnlyDictionary<string, long> NodeEvents)
{
    public bool Failed => Violations.Count > 0;

    /// <summary>What the operator asked for, by kind.</summary>
    public IReadOnlyDictionary<ChangeKind, int> Changes { get; init; } = new Dictionary<ChangeKind, int>();

    /// <summary>Maps that were decided.</summary>
    public int Maps { get; init; }

    public int ChangesEnded { get; init; }

    /// <summary>Every operation on the key of the first violation that has one.</summary>
    public IReadOnlyList<string> KeyTrace { get; init; } = [];

    /// <summary>FLUSHDBs that were acknowledged.</summary>
    public int Flushes { get; init; }

    /// <summary>Bytes that nodes sent to nodes of other data centres.</summary>
    public long BytesAcross { get; init; }

    /// <summary>When each operation that was done was asked for, and how long its answer took.</summary>
    public IReadOnlyList<(long AtMicros, long Micros)> Answers { get; init; } = [];

    /// <summary>Operations per client, for the shrinker.</summary>
    public IReadOnlyDictionary<int, int> OperationsPerClient { get; init; } = new Dictionary<int, int>();
}
