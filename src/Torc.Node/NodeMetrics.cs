using Torc.Node.Commands;

namespace Torc.Node;

/// <summary>
/// Counts per command, written by sessions on any thread and read by INFO and the metrics page. Latencies fall into buckets of
/// powers of two of microseconds: bucket i counts those below 2^i.
/// </summary>
public sealed class NodeMetrics
{
    public const int LatencyBuckets = 26;

    private readonly Dictionary<string, CommandCounter> _byName;

    public NodeMetrics(CommandTable commands)
    {
        var counters = new List<CommandCounter>();
        foreach (CommandSpec spec in commands.All)
        {
            counters.Add(new CommandCounter(spec.Name));
            counters.AddRange(spec.Subcommands.Select(subcommand => new CommandCounter(subcommand.Name)));
        }
        Commands = counters;
        _byName = counters.ToDictionary(counter => counter.Name, StringComparer.Ordinal);
    }

    /// <summary>In order of name.</summary>
    public IReadOnlyList<CommandCounter> Commands { get; }

    public void Completed(CommandSpec spec, long micros, ReadOnlySpan<byte> reply)
    {
        if (!_byName.TryGetValue(spec.Name, out CommandCounter? counter))
            return;
        bool failed = reply.Length > 0 && reply[0] == (byte)'-';
        counter.Count(micros, failed, failed && reply[1..].StartsWith("TIMEOUT"u8));
    }

    public void Rejected(CommandSpec? spec)
    {
        if (spec is not null && _byName.TryGetValue(spec.Name, out CommandCounter? counter))
            counter.CountRejected();
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

    public void Count(long micros, bool failed, bool timedOut)
    {
        Interlocked.Increment(ref _calls);
        Interlocked.Add(ref _micros, micros);
        int bucket = Math.Min(64 - System.Numerics.BitOperations.LeadingZeroCount((ulong)Math.Max(micros, 0)), NodeMetrics.LatencyBuckets - 1);
        Interlocked.Increment(ref _latencies[bucket]);
        if (failed)
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
