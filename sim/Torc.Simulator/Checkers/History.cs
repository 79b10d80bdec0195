using Torc.Base;
using Torc.Core.Replication;

namespace Torc.Simulator.Checkers;

/// <summary>
/// All operations of a run in the order of invocation. Completion is recorded once; an operation without an answer, or with
/// an unknown outcome, stays open for ever: it may take effect after anything.
/// </summary>
public sealed class History(int replicationFactor, long epochWallMs)
{
    private readonly List<Operation> _operations = [];
    private readonly Dictionary<long, Operation> _byId = [];

    public int ReplicationFactor => replicationFactor;

    public IReadOnlyList<Operation> Operations => _operations;

    /// <summary>The most that any machine's wall clock was wrong in this run, in milliseconds: the tolerance of expiry.</summary>
    public long ClockErrorMsMax { get; set; }

    public DataLossLog Losses { get; } = new();

    public long NextId => _operations.Count + 1;

    public Operation Invoke(Operation operation)
    {
        Check.That(_byId.TryAdd(operation.Id, operation));
        Check.That(_operations.Count == 0 || _operations[^1].InvokedMicros <= operation.InvokedMicros);
        _operations.Add(operation);
        return operation;
    }

    /// <summary>The answer to a mutation.</summary>
    public static void Complete(Operation operation, OperationOutcome outcome, long atMicros)
    {
        Check.That(operation.Outcome == OperationOutcome.Pending && outcome != OperationOutcome.Pending);
        Check.That(atMicros >= operation.InvokedMicros);
        operation.Outcome = outcome;
        if (outcome != OperationOutcome.Unknown)
            operation.CompletedMicros = atMicros;
    }

    /// <summary>The answer to a read: a value, or null for nil.</summary>
    public static void CompleteRead(Operation operation, string? value, long atMicros)
    {
        Check.That(operation.Kind == OperationKind.Read);
        operation.Value = value;
        Complete(operation, OperationOutcome.Done, atMicros);
    }

    public Operation? Find(long id) => _byId.GetValueOrDefault(id);

    /// <summary>True wall clock at a true time.</summary>
    public long WallMsAt(long micros) => epochWallMs + micros / Instant.MicrosPerMs;

    /// <summary>
    /// Replicas that surely took part. Of a local level that is one: which data centre it was, and how many replicas the key has there, is not
    /// asked, so that less overlaps than in truth.
    /// </summary>
    public int Required(ConsistencyLevel level) => Levels.IsLocal(level) ? 1 : Levels.Required(level, replicationFactor);

    /// <summary>The same of the read that a read-modify-write with this write level begins with.</summary>
    public int RequiredBeforeChange(ConsistencyLevel level) => Levels.IsLocal(level) ? 1 : Required(ConsistencyLevel.Quorum);

    /// <summary>When no hint was left: what hints held is on the replicas from then on.</summary>
    public long HintsDeliveredMicros { get; set; } = long.MaxValue;

    /// <summary>Replicas that an acknowledged mutation is on from its acknowledgement: one that hints may have helped is on its coordinator, for certain.</summary>
    public int Holders(Operation mutation) => mutation.MayBeHinted ? 1 : Required(mutation.Level);

    /// <summary>Replicas, and the nodes that keep hints for replicas, that hold it by the time of a read.</summary>
    public int HoldersFor(Operation mutation, Operation read) =>
        read.InvokedMicros > HintsDeliveredMicros ? Required(mutation.Level) : Holders(mutation);

    /// <summary>Replicas that a read meets. What changes a key reads a majority first, whatever its level.</summary>
    public int Meets(Operation read) =>
        read.Kind == OperationKind.Read ? Required(read.Level) : Math.Min(Required(read.Level), RequiredBeforeChange(read.Level));

    /// <summary>The history key by key, in the order of keys.</summary>
    public IEnumerable<KeyHistory> ByKey() =>
        _operations.GroupBy(operation => operation.Key, StringComparer.Ordinal)
            .OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => new KeyHistory(this, group.Key, group));
}
