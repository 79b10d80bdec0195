using Torc.Core.Replication;
using Torc.Simulator.Checkers;

namespace Torc.Tests.Simulator.Checkers;

/// <summary>A hand-written history of one key on three replicas. Times are milliseconds from the start, which is wall clock 1,000,000.</summary>
internal sealed class Scenario
{
    public const long Epoch = 1_000_000;
    private const long Micros = 1000;

    public History History { get; } = new(replicationFactor: 3, Epoch);

    /// <summary>A mutation that is answered at <paramref name="to"/>.</summary>
    public Operation Do(
        OperationKind kind,
        long from,
        long to,
        OperationOutcome outcome = OperationOutcome.Done,
        ConsistencyLevel level = ConsistencyLevel.Quorum,
        long deadline = 0)
    {
        Operation operation = Start(kind, from, level, deadline);
        History.Complete(operation, outcome, to * Micros);
        return operation;
    }

    public Operation Write(long from, long to, OperationOutcome outcome = OperationOutcome.Done, long deadline = 0) =>
        Do(OperationKind.Write, from, to, outcome, deadline: deadline);

    public Operation Unanswered(OperationKind kind, long from) => Start(kind, from, ConsistencyLevel.Quorum, 0);

    /// <summary>A read that returns the tokens of these operations; nil for none.</summary>
    public Operation Read(long from, long to, params Operation[] writers) => ReadAt(ConsistencyLevel.Quorum, from, to, writers);

    public Operation ReadAt(ConsistencyLevel level, long from, long to, params Operation[] writers) =>
        ReadValue(level, from, to, writers.Length == 0 ? null : string.Concat(writers.Select(writer => writer.Value)));

    public Operation ReadValue(ConsistencyLevel level, long from, long to, string? value)
    {
        Operation read = Start(OperationKind.Read, from, level, 0);
        History.CompleteRead(read, value, to * Micros);
        return read;
    }

    public void Lost(int node, long at) => History.Losses.Lost(node, at * Micros);

    public void Recovered(int node, long at) => History.Losses.Recovered(node, at * Micros);

    /// <summary>The invariants that are broken, in order.</summary>
    public int[] Broken(Func<History, IEnumerable<Violation>> checker) =>
        [.. checker(History).Select(violation => violation.Invariant)];

    private Operation Start(OperationKind kind, long from, ConsistencyLevel level, long deadline)
    {
        var operation = new Operation
        {
            Id = History.NextId,
            Key = "key",
            Kind = kind,
            Level = level,
            InvokedMicros = from * Micros,
            DeadlineMs = deadline,
        };
        if (operation.WritesValue)
            operation.Value = Tokens.Make(operation.Id, 3);
        return History.Invoke(operation);
    }
}
