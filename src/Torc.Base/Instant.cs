namespace Torc.Base;

/// <summary>
/// One reading of both clocks, taken once per turn of a shard and passed down.
/// </summary>
/// <param name="MonotonicMicros">Microseconds since an arbitrary start; never goes back. Intervals and timeouts use it.</param>
/// <param name="WallMs">Milliseconds since the Unix epoch as the machine believes; may jump. Stamps and expiry use it.</param>
public readonly record struct Instant(long MonotonicMicros, long WallMs)
{
    public const long MicrosPerMs = 1_000;

    /// <summary>Milliseconds from <paramref name="earlier"/> to this instant, by the monotonic clock.</summary>
    public long MsSince(Instant earlier) => (MonotonicMicros - earlier.MonotonicMicros) / MicrosPerMs;
}
