using Torc.Base;
using Torc.Server.Bench;

namespace Torc.Tests.Server.Bench;

public sealed class LogLinearHistogramTests
{
    [Fact]
    public void Buckets_follow_each_other_without_gaps_and_are_narrow()
    {
        long value = 0;
        for (int bucket = 0; value <= LogLinearHistogram.ValueMax; bucket++)
        {
            LogLinearHistogram.BucketOf(value).ShouldBe(bucket);
            long greatest = LogLinearHistogram.GreatestOf(bucket);
            LogLinearHistogram.BucketOf(greatest).ShouldBe(bucket);
            (greatest - value).ShouldBeLessThanOrEqualTo(value / 256);
            value = greatest + 1;
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Percentiles_are_those_of_the_sorted_values_but_for_a_256th(ulong seed)
    {
        var random = new SeededRandom(seed);
        var histogram = new LogLinearHistogram();
        var values = new List<long>();
        for (int i = 0; i < 20_000; i++)
        {
            long value = random.Between(0, LogLinearHistogram.ValueMax + 1) >> random.Below(40);
            values.Add(value);
            histogram.Add(value);
        }
        values.Sort();
        foreach (double share in (double[])[0, 0.01, 0.25, 0.5, 0.9, 0.99, 0.999, 0.9999, 1])
        {
            long truth = values[Math.Max(0, (int)Math.Ceiling(share * values.Count) - 1)];
            histogram.Percentile(share).ShouldBeInRange(truth, truth + truth / 256, $"share {share}, seed {seed}");
        }
        histogram.Max.ShouldBe(values[^1]);
        histogram.Mean.ShouldBe(values.Average(), values.Average() * 1e-9);
    }

    [Fact]
    public void Histograms_added_up_are_one_of_all_values()
    {
        var random = new SeededRandom(4);
        LogLinearHistogram one = new(), other = new(), all = new();
        for (int i = 0; i < 5_000; i++)
        {
            long value = random.Between(0, 50_000_000);
            (random.Chance(0.3) ? one : other).Add(value);
            all.Add(value);
        }
        one.Add(other);
        one.Count.ShouldBe(all.Count);
        one.Max.ShouldBe(all.Max);
        foreach (double share in (double[])[0.1, 0.5, 0.9, 0.99, 1])
            one.Percentile(share).ShouldBe(all.Percentile(share));
    }

    [Fact]
    public void What_is_out_of_range_counts_at_its_end()
    {
        var histogram = new LogLinearHistogram();
        histogram.Percentile(0.5).ShouldBe(0);
        histogram.Add(-5);
        histogram.Add(long.MaxValue);
        histogram.Percentile(0).ShouldBe(0);
        histogram.Percentile(1).ShouldBe(LogLinearHistogram.ValueMax);
    }
}
