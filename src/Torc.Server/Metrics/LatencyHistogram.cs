namespace Torc.Server.Metrics;

/// <summary>
/// Counts of durations in fixed buckets. Any thread may add; a reader sees each count whole, though not all of one
/// instant, which is what a scrape needs. No allocation and no lock on the way in.
/// </summary>
public sealed class LatencyHistogram
{
    private static readonly long[] Bounds =
        [50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 10_000_000];
    private readonly long[] _counts = new long[Bounds.Length + 1];
    private long _sumMicros;

    /// <summary>The greatest duration of each bucket, in microseconds; one more bucket holds what is longer.</summary>
    public static ReadOnlySpan<long> BoundsMicros => Bounds;

    public long SumMicros => Interlocked.Read(ref _sumMicros);

    public void Add(long micros)
    {
        int bucket = 0;
        while (bucket < Bounds.Length && micros > Bounds[bucket])
            bucket++;
        Interlocked.Increment(ref _counts[bucket]);
        Interlocked.Add(ref _sumMicros, Math.Max(micros, 0));
    }

    public long CountOf(int bucket) => Interlocked.Read(ref _counts[bucket]);

    public long Count
    {
        get
        {
            long total = 0;
            for (int bucket = 0; bucket < _counts.Length; bucket++)
                total += CountOf(bucket);
            return total;
        }
    }
}
