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
    private readonly List<Operation> _flushes = [];
    private readonly Dictionary<long, Operation> _byId = [];

    public int ReplicationFactor => replicationFactor;

    /// <summary>All but flushes.</summary>
    public IReadOnlyList<Operation> Operations => _operations;

    /// <summary>Each deletes every key of its keyspace, one by one: <see cref="ByKey"/> has them as deletes.</summary>
    public IReadOnlyList<Operation> Flushes => _flushes;

    /// <summary>The most that any machine's wall clock was wrong in this run, in milliseconds: the tolerance of expiry.</summary>
    public long ClockErrorMsMax { get; set; }

    public DataLossLog Losses { get; } = new();

    public long NextId => _operations.Count + _flushes.Count + 1;

    public Operation Invoke(Operation operation)
    {
        Check.That(_byId.TryAdd(operation.Id, operation));
        List<Operation> kind = operation.IsFlush ? _flushes : _operations;
        Check.That(kind.Count == 0 || kind[^1].InvokedMicros <= operation.InvokedMicros);
        kind.Add(operation);
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
    /// Copies that claims about an operation count in. Once the key's partition has moved these are three, whatever their number is: a level
    /// is then a part of whatever sets there are (<see cref="Part"/>), which moves keep.
    /// </summary>
    public int Copies(Operation last) => last.MayHaveMoved ? CopiesWhenMoved : replicationFactor;

    /// <summary>
    /// Replicas that surely took part. Of a local level that is one: which data centre it was, and how many replicas the key has there, is not
    /// asked, so that less overlaps than in truth.
    /// </summary>
    public int Required(ConsistencyLevel level) => Levels.IsLocal(level) ? 1 : Levels.Required(level, replicationFactor);

    /// <summary>The same, as far as an operation can tell that comes last.</summary>
    public int Required(ConsistencyLevel level, Operation last) => last.MayHaveMoved ? Part(level) : Required(level);

    /// <summary>The same of the read that a read-modify-write with this write level begins with.</summary>
    public int RequiredBeforeChange(ConsistencyLevel level, Operation last) => Levels.IsLocal(level) ? 1 : Required(ConsistencyLevel.Quorum, last);

    /// <summary>When no hint was left: what hints held is on the replicas from then on.</summary>
    public long HintsDeliveredMicros { get; set; } = long.MaxValue;

    /// <summary>
    /// Replicas that an acknowledged mutation is on from its acknowledgement: one that hints may have helped is on its coordinator, for certain.
    /// What was acknowledged by less than a majority may be on none once the partition has moved: the newcomers copy from a majority.
    /// </summary>
    public int Holders(Operation mutation, Operation last) => mutation.MayBeHinted ? Held(1, last) : Held(Required(mutation.Level, last), last);

    /// <summary>Replicas, and the nodes that keep hints for replicas, that hold it by the time of a read.</summary>
    public int HoldersFor(Operation mutation, Operation read) =>
        read.InvokedMicros > HintsDeliveredMicros ? Held(Required(mutation.Level, read), read) : Holders(mutation, read);

    /// <summary>Replicas that hold what a piece of evidence is of, by the time of an operation that comes last.</summary>
    public int HoldersOf(Evidence evidence, Operation last) =>
        evidence.SeenBy is null ? Holders(evidence.Mutation, last) : Held(Required(evidence.SeenBy.Level, last), last);

    /// <summary>Replicas that a read meets. What changes a key reads a majority first, whatever its level.</summary>
    public int Meets(Operation read) =>
        read.Kind == OperationKind.Read ? Required(read.Level, read) : Math.Min(Required(read.Level, read), RequiredBeforeChange(read.Level, read));

    /// <summary>Whether so many nodes may have lost data at one time that what <paramref name="holders"/> replicas held is gone.</summary>
    public bool LossExcuses(int holders, Operation mutation, Operation last) => LossExcuses(holders, mutation, last, last.CompletedMicros);

    /// <summary>The same, when only losses up to a time matter.</summary>
    public bool LossExcuses(int holders, Operation mutation, Operation last, long untilMicros)
    {
        int lost = !last.MayHaveMoved || holders < MajorityWhenMoved ? holders
            : holders < CopiesWhenMoved ? last.CopiesLeast / 2 + 1 : last.CopiesLeast;
        return Losses.Excuses(lost, mutation.InvokedMicros, untilMicros);
    }

    private const int CopiesWhenMoved = 3;
    private const int MajorityWhenMoved = 2;

    private static int Held(int replicas, Operation last) => last.MayHaveMoved && replicas < MajorityWhenMoved ? 0 : replicas;

    /// <summary>All copies, a majority, or one of them: a level that is a majority only of some numbers of copies counts as one.</summary>
    private static int Part(ConsistencyLevel level) => level switch
    {
        ConsistencyLevel.All => CopiesWhenMoved,
        ConsistencyLevel.Quorum or ConsistencyLevel.EachQuorum => MajorityWhenMoved,
        _ => 1,
    };

    /// <summary>The history key by key, in the order of keys.</summary>
    public IEnumerable<KeyHistory> ByKey() =>
        _operations.GroupBy(operation => operation.Key, StringComparer.Ordinal)
            .OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => new KeyHistory(this, group.Key, WithFlushes([.. group])));

    /// <summary>The operations on one key, flushes included.</summary>
    public IEnumerable<Operation> On(string key) => WithFlushes([.. _operations.Where(operation => operation.Key == key)]);

    /// <summary>Flushes that were over before a key was first used, or began after its last use, say nothing of it.</summary>
    private IEnumerable<Operation> WithFlushes(IReadOnlyList<Operation> operations)
    {
        if (operations.Count == 0 || Operation.KeyspaceOf(operations[0].Key) != Operation.FlushedKeyspace)
            return operations;
        long first = operations[0].InvokedMicros, last = operations.Max(static operation => operation.CompletedMicros);
        return operations
            .Concat(_flushes.Where(flush => flush.CompletedMicros >= first && flush.InvokedMicros <= last).Select(flush => flush.OnKey(operations[0])))
            .OrderBy(static operation => operation.InvokedMicros);
    }
}
