namespace Torc.Simulator.Checkers;

/// <summary>The size of a queue or buffer of a node and the limit that the node names for it.</summary>
public readonly record struct QueueSample(long AtMicros, int Node, string Name, long Size, long SizeMax);

/// <summary>Invariant 11: every queue stays within its named limit.</summary>
public sealed class QueueChecker
{
    private readonly SortedDictionary<(int Node, string Name), Violation> _violations = [];

    /// <summary>The first violation of each queue.</summary>
    public IReadOnlyCollection<Violation> Violations => _violations.Values;

    public void Sampled(QueueSample sample)
    {
        if (sample.Size > sample.SizeMax)
            _violations.TryAdd((sample.Node, sample.Name), new Violation(11, $"over its limit: {sample}"));
    }
}
