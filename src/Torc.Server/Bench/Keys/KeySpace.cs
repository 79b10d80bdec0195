namespace Torc.Server.Bench.Keys;

/// <summary>
/// Keys by number: those that were there before the run, and behind them those that it inserts. All threads share one.
/// </summary>
internal sealed class KeySpace
{
    private readonly long _loaded;
    private readonly int _inFlightMax;
    private long _next;

    internal KeySpace(long loaded, int inFlightMax)
    {
        _loaded = loaded;
        _inFlightMax = inFlightMax;
        _next = loaded;
    }

    /// <summary>
    /// How many keys a read may choose among, at least 1. Numbers handed out last are left out, as many as may be on their way;
    /// one that was overtaken by so many others is read before it was written, which counts as a miss.
    /// </summary>
    internal long Known => Math.Max(Math.Max(_loaded, 1), Volatile.Read(ref _next) - _inFlightMax);

    /// <summary>The number of a key that nobody has written yet.</summary>
    internal long Reserve() => Interlocked.Increment(ref _next) - 1;
}
