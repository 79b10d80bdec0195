using System.Numerics;
using Torc.Base;

namespace Torc.Server.Bench;

/// <summary>
/// Counts durations so that every percentile is within 1/256 of the truth, whatever the range: the idea of HdrHistogram
/// (Gil Tene). Values below 512 have a bucket each; above, each power of two is divided into 256 equal buckets, so a bucket
/// is never wider than 1/256 of the values in it. Not from several threads; histograms of several threads are added up.
/// <code>
/// value      0 .. 511      512 .. 1023     1024 .. 2047    ...   up to 2^40 - 1 (18 minutes in ns); longer counts as that
/// bucket     0 .. 511      512 .. 767      768 .. 1023     ...
/// width      1             2               4
/// </code>
/// </summary>
internal sealed class LogLinearHistogram
{
    internal const long ValueMax = (1L << 40) - 1;

    private const int DivisionBits = 8;
    private const int Divisions = 1 << DivisionBits;
    private static readonly int BucketsCount = BucketOf(ValueMax) + 1;
    private readonly long[] _counts = new long[BucketsCount];
    private double _sum;

    internal long Count { get; private set; }

    /// <summary>The greatest value added, exactly; 0 when there is none.</summary>
    internal long Max { get; private set; }

    internal double Mean => Count == 0 ? 0 : _sum / Count;

    internal void Add(long value)
    {
        value = Math.Clamp(value, 0, ValueMax);
        _counts[BucketOf(value)]++;
        Count++;
        _sum += value;
        if (value > Max)
            Max = value;
    }

    internal void Add(LogLinearHistogram other)
    {
        for (int bucket = 0; bucket < _counts.Length; bucket++)
            _counts[bucket] += other._counts[bucket];
        Count += other.Count;
        _sum += other._sum;
        Max = Math.Max(Max, other.Max);
    }

    internal void Clear()
    {
        Array.Clear(_counts);
        Count = 0;
        _sum = 0;
        Max = 0;
    }

    /// <summary>
    /// The smallest value that at least the given share (0 to 1) of all values do not exceed, rounded up to the greatest of its
    /// bucket; 0 when there are none.
    /// </summary>
    internal long Percentile(double share)
    {
        Check.That(share is >= 0 and <= 1);
        long rank = Math.Max(1, (long)Math.Ceiling(share * Count)), seen = 0;
        for (int bucket = 0; bucket < _counts.Length; bucket++)
        {
            seen += _counts[bucket];
            if (seen >= rank)
                return Math.Min(GreatestOf(bucket), Max);
        }
        return Max;
    }

    internal static int BucketOf(long value)
    {
        if (value < 2 * Divisions)
            return (int)value;
        int shift = BitOperations.Log2((ulong)value) - DivisionBits;
        return shift * Divisions + (int)(value >> shift);
    }

    internal static long GreatestOf(int bucket)
    {
        if (bucket < 2 * Divisions)
            return bucket;
        int shift = bucket / Divisions - 1;
        return ((long)(bucket - shift * Divisions + 1) << shift) - 1;
    }
}
