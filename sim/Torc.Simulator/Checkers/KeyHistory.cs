using Torc.Core.Replication;

namespace Torc.Simulator.Checkers;

/// <summary>A completed read that found a value, and the operations whose tokens it is made of, in their order.</summary>
public sealed record ObservedRead(Operation Read, IReadOnlyList<Operation> Writers)
{
    /// <summary>The operation that made the value what it is.</summary>
    public Operation LastWriter => Writers[^1];
}

/// <summary>
/// Proof that from a time on a mutation, or one that outranks it, is on at least <see cref="History.HoldersOf"/> replicas: it was
/// acknowledged, or a read that met a majority returned it (such a read repairs before it answers).
/// </summary>
public sealed record Evidence(Operation Mutation, long SinceMicros, Operation? SeenBy)
{
    public override string ToString() => SeenBy is null ? $"{Mutation} was acknowledged" : $"{Mutation} was returned by {SeenBy}";
}

/// <summary>
/// The operations on one key and what follows from them. The order of two mutations is claimed only when one was answered before
/// the other was invoked and their replicas must have met; anything else may have gone either way.
/// </summary>
public sealed class KeyHistory
{
    private readonly History _history;
    private readonly List<Operation> _mutations = [];
    private readonly List<ObservedRead> _reads = [];
    private readonly List<Operation> _absences = [];
    private readonly List<Evidence> _evidence = [];
    private readonly List<Violation> _phantoms = [];

    /// <summary>Per piece of evidence, in order of time: the latest invocation among it and all before; where a search may end.</summary>
    private readonly List<long> _invokedMax = [];

    public KeyHistory(History history, string key, IEnumerable<Operation> operations)
    {
        _history = history;
        Key = key;
        foreach (Operation operation in operations)
        {
            if (operation.IsMutation)
                _mutations.Add(operation);
            else if (operation.Outcome == OperationOutcome.Done)
                ReadWriters(operation);
            if (SawNothing(operation))
                _absences.Add(operation);
        }
        CollectEvidence();
    }

    public string Key { get; }

    public IReadOnlyList<Operation> Mutations => _mutations;

    /// <summary>Reads whose value is made of tokens that could be there.</summary>
    public IReadOnlyList<ObservedRead> Reads => _reads;

    /// <summary>Operations whose answer says that the key was absent: nil reads, SET NX that set, DEL and EXPIRE that found nothing.</summary>
    public IReadOnlyList<Operation> Absences => _absences;

    public IReadOnlyList<Evidence> Evidence => _evidence;

    /// <summary>Reads that returned what nobody could have written.</summary>
    public IReadOnlyList<Violation> Phantoms => _phantoms;

    /// <summary>
    /// Evidence, usable by this read, of a mutation that outranks <paramref name="candidate"/> (null: the absence before the
    /// first write) among those that <paramref name="counts"/> lets through; null when there is none.
    /// </summary>
    public Evidence? FindSuperseding(Operation? candidate, Operation read, Func<Operation, bool> counts)
    {
        int readRequired = _history.Meets(read);
        long after = candidate?.CompletedMicros ?? long.MinValue;
        for (int index = _evidence.Count - 1; index >= 0 && _invokedMax[index] > after; index--)
        {
            Evidence evidence = _evidence[index];
            Operation mutation = evidence.Mutation;
            if (evidence.SinceMicros >= read.InvokedMicros || ReferenceEquals(mutation, candidate) || !counts(mutation))
                continue;
            int holders = evidence.SeenBy is null ? _history.HoldersFor(mutation, read) : _history.HoldersOf(evidence, read);
            if (holders + readRequired <= _history.Copies(read))
                continue;
            if (candidate is not null && !Outranks(evidence, candidate, read))
                continue;
            if (!_history.LossExcuses(holders, mutation, read))
                return evidence;
        }
        return null;
    }

    private static bool SawNothing(Operation operation) => operation.Kind switch
    {
        OperationKind.Read => operation.Outcome == OperationOutcome.Done && operation.Value is null,
        OperationKind.WriteIfAbsent => operation.Outcome == OperationOutcome.Done,
        OperationKind.Delete => operation.Outcome == OperationOutcome.NotApplied,
        // PERSIST also finds nothing to do on a key that has no deadline.
        OperationKind.Expire => operation.Outcome == OperationOutcome.NotApplied && operation.DeadlineMs != 0,
        _ => false,
    };

    private bool Outranks(Evidence evidence, Operation candidate, Operation read)
    {
        if (!candidate.Precedes(evidence.Mutation))
            return false;
        int holders = _history.Holders(candidate, read);
        return holders + _history.HoldersOf(evidence, read) > _history.Copies(read) && !_history.LossExcuses(holders, candidate, read);
    }

    private void ReadWriters(Operation read)
    {
        if (read.Value is null)
            return;
        string? phantom = null;
        var writers = new List<Operation>();
        var tokens = new List<(long OperationId, string Token)>();
        if (!Tokens.TryParse(read.Value, tokens))
            phantom = "is no value that any client writes";
        foreach ((long id, string token) in tokens)
        {
            Operation? writer = _history.Find(id);
            phantom ??= Refute(read, writer, token, writers);
            if (writer is not null)
                writers.Add(writer);
        }
        if (phantom is null)
            _reads.Add(new ObservedRead(read, writers));
        else
            _phantoms.Add(new Violation(1, $"the value that {read} returned {phantom}", Key));
    }

    /// <summary>Why this token cannot be there; null when it can.</summary>
    private string? Refute(Operation read, Operation? writer, string token, List<Operation> before)
    {
        if (writer is null || writer.Key != Key || !writer.WritesValue || writer.Value != token)
            return "was never written to this key";
        if (writer.InvokedMicros > read.CompletedMicros)
            return $"was written later, by {writer}";
        if (!writer.MayHaveApplied)
            return $"was refused: {writer}";
        if (before.Count > 0 && writer.Kind != OperationKind.Append)
            return $"has a write that is no append after other tokens: {writer}";
        return before.Contains(writer) ? $"has a token twice: {writer}" : null;
    }

    private void CollectEvidence()
    {
        foreach (Operation mutation in _mutations)
        {
            if (mutation.Outcome == OperationOutcome.Done)
                _evidence.Add(new Evidence(mutation, mutation.CompletedMicros, null));
        }
        var seen = new HashSet<long>();
        foreach (ObservedRead observed in _reads.OrderBy(read => read.Read.CompletedMicros))
        {
            bool isMajority = _history.Required(observed.Read.Level, observed.Read) >= _history.Required(ConsistencyLevel.Quorum, observed.Read);
            if (isMajority && seen.Add(observed.LastWriter.Id))
                _evidence.Add(new Evidence(observed.LastWriter, observed.Read.CompletedMicros, observed.Read));
        }
        _evidence.Sort((left, right) => left.SinceMicros.CompareTo(right.SinceMicros));
        long latest = long.MinValue;
        foreach (Evidence evidence in _evidence)
            _invokedMax.Add(latest = Math.Max(latest, evidence.Mutation.InvokedMicros));
    }
}
