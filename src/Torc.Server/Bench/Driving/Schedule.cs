using System.Diagnostics;

namespace Torc.Server.Bench.Driving;

/// <summary>
/// When operations of one thread are sent. Without a rate: whenever a connection is free. With one, at even distances, whether
/// or not earlier ones were answered; an operation that had to wait for a free connection counts from when it was due, so that
/// a stall of the server shows in every latency it caused, not in one (coordinated omission).
/// </summary>
/// <param name="ratePerSecond">Of this thread; 0: no rate.</param>
/// <param name="beganAt">When the first is due, in ticks of <see cref="Stopwatch"/>.</param>
internal sealed class Schedule(double ratePerSecond, long beganAt)
{
    private readonly double _ticksEach = ratePerSecond > 0 ? Stopwatch.Frequency / ratePerSecond : 0;
    private long _taken;

    internal bool HasRate => _ticksEach > 0;

    internal long NextDueAt => beganAt + (long)(_taken * _ticksEach);

    /// <summary>How many may be sent now, at most <paramref name="most"/>.</summary>
    internal int Due(long now, int most)
    {
        if (!HasRate)
            return most;
        long due = now < beganAt ? 0 : (long)((now - beganAt) / _ticksEach) + 1 - _taken;
        return (int)Math.Clamp(due, 0, most);
    }

    /// <summary>The moment from which the next operation's latency counts.</summary>
    internal long Take(long now)
    {
        if (!HasRate)
            return now;
        long due = NextDueAt;
        _taken++;
        return due;
    }
}
