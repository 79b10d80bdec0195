using Torc.Node.Commands;

namespace Torc.Node;

/// <summary>
/// Counts per command, written by sessions on any thread and read by INFO and the metrics page. Latencies fall into buckets of
/// powers of two of microseconds: bucket i counts those below 2^i.
/// </summary>
public sealed class NodeMetrics
{
    public const int LatencyBuckets = 26;

    private readonly CommandCounter[] _byNumber;

    public NodeMetrics(CommandTable commands)
    {
        _byNumber = new CommandCounter[commands.Count];
        foreach (CommandSpec spec in commands.All)
        {
            _byNumber[spec.Number] = new CommandCounter(spec.Name);
            foreach (CommandSpec subcommand in spec.Subcommands)
                _byNumber[subcommand.Number] = new CommandCounter(subcommand.Name);
        }
    }

    /// <summary>In order of name.</summary>
    public IReadOnlyList<CommandCounter> Commands => _byNumber;

    /// <summary>Some calls of one command that took equally long and did not fail.</summary>
    public void Completed(CommandSpec spec, long micros, int calls) => _byNumber[spec.Number].Count(micros, calls);

    public void Failed(CommandSpec spec, long micros, bool timedOut) => _byNumber[spec.Number].CountFailed(micros, timedOut);

    public void Rejected(CommandSpec? spec)
    {
        if (spec is not null)
            _byNumber[spec.Number].CountRejected();
    }
}

/// <summary>One command's counts since the start.</summary>
public sealed class CommandCounter(string name)
{
    private readonly long[] _latencies = new long[NodeMetrics.LatencyBuckets];
    private long _calls, _micros, _failed, _unknown, _rejected;

    public string Name { get; } = name;

    public long Calls => Volatile.Read(ref _calls);

    public long Micros => Volatile.Read(ref _micros);

    /// <summary>Calls answered with an error, timeouts included.</summary>
    public long Failed => Volatile.Read(ref _failed);

    /// <summary>Calls whose outcome is not known.</summary>
    public long TimedOut => Volatile.Read(ref _unknown);

    /// <summary>Calls refused before they ran: wrong arguments, no password.</summary>
    public long Rejected => Volatile.Read(ref _rejected);

    public long InBucket(int bucket) => Volatile.Read(ref _latencies[bucket]);

    public void Count(long micros, int calls)
    {
        Interlocked.Add(ref _calls, calls);
        Interlocked.Add(ref _micros, micros * calls);
        int bucket = Math.Min(64 - System.Numerics.BitOperations.LeadingZeroCount((ulong)Math.Max(micros, 0)), NodeMetrics.LatencyBuckets - 1);
        Interlocked.Add(ref _latencies[bucket], calls);
    }

    public void CountFailed(long micros, bool timedOut)
    {
        Count(micros, 1);
        Interlocked.Increment(ref _failed);
        if (timedOut)
            Interlocked.Increment(ref _unknown);
    }

    public void CountRejected() => Interlocked.Increment(ref _rejected);

    public void Reset()
    {
        Volatile.Write(ref _calls, 0);
        Volatile.Write(ref _micros, 0);
        Volatile.Write(ref _failed, 0);
        Volatile.Write(ref _unknown, 0);
        Volatile.Write(ref _rejected, 0);
        Array.Clear(_latencies);
    }
}
