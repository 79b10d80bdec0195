namespace Torc.Server.Bench.Driving;

/// <summary>
/// What one thread counted. The counters may be looked at while it runs; latencies only with the doubt that goes with that.
/// Times are ticks of <see cref="System.Diagnostics.Stopwatch"/>, latencies nanoseconds.
/// </summary>
internal sealed class Tally
{
    internal static readonly int OperationsCount = Enum.GetValues<Operation>().Length;

    private long _done;
    private long _warmUp;
    private long _failed;

    internal Tally()
    {
        Latencies = new LogLinearHistogram[OperationsCount];
        for (int operation = 0; operation < OperationsCount; operation++)
            Latencies[operation] = new LogLinearHistogram();
    }

    /// <summary>By operation.</summary>
    internal LogLinearHistogram[] Latencies { get; }

    /// <summary>Measured operations that failed, by the first word of their error.</summary>
    internal SortedDictionary<string, long> Errors { get; } = new(StringComparer.Ordinal);

    /// <summary>Reads that found no key.</summary>
    internal long Misses { get; set; }

    internal long FirstBeganAt { get; set; } = long.MaxValue;

    internal long LastAnsweredAt { get; set; }

    /// <summary>Measured operations that were answered, without those that failed.</summary>
    internal long Done => Volatile.Read(ref _done);

    internal long WarmUp => Volatile.Read(ref _warmUp);

    internal long Failed => Volatile.Read(ref _failed);

    internal void CountDone(Operation operation, long nanoseconds)
    {
        Latencies[(int)operation].Add(nanoseconds);
        Volatile.Write(ref _done, _done + 1);
    }

    internal void CountWarmUp() => Volatile.Write(ref _warmUp, _warmUp + 1);

    internal void CountError(string word)
    {
        Errors[word] = Errors.GetValueOrDefault(word) + 1;
        Volatile.Write(ref _failed, _failed + 1);
    }

    internal void Add(Tally other)
    {
        for (int operation = 0; operation < OperationsCount; operation++)
            Latencies[operation].Add(other.Latencies[operation]);
        foreach ((string word, long count) in other.Errors)
            Errors[word] = Errors.GetValueOrDefault(word) + count;
        Misses += other.Misses;
        FirstBeganAt = Math.Min(FirstBeganAt, other.FirstBeganAt);
        LastAnsweredAt = Math.Max(LastAnsweredAt, other.LastAnsweredAt);
        _done += other._done;
        _warmUp += other._warmUp;
        _failed += other._failed;
    }
}
