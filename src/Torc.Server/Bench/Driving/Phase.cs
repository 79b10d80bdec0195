using System.Diagnostics;

namespace Torc.Server.Bench.Driving;

/// <summary>
/// When measuring begins and what ends it: a number of operations over all threads, or a moment. One for all threads.
/// Times are ticks of <see cref="Stopwatch"/>.
/// </summary>
internal sealed class Phase(long measureFrom, long measureUntil, long requests)
{
    private long _left = requests;
    private volatile bool _isCancelled;

    internal long MeasureFrom { get; } = measureFrom;

    internal bool HasRequests { get; } = requests > 0;

    internal void Cancel() => _isCancelled = true;

    internal bool IsMeasured(long now) => now >= MeasureFrom;

    /// <summary>How many of <paramref name="wanted"/> operations may still be sent; 0: the run is over.</summary>
    internal int Grant(long now, int wanted)
    {
        if (_isCancelled || (!HasRequests && now >= measureUntil))
            return 0;
        if (!HasRequests || !IsMeasured(now))
            return wanted;
        long left = Interlocked.Add(ref _left, -wanted) + wanted;
        return (int)Math.Clamp(left, 0, wanted);
    }
}
