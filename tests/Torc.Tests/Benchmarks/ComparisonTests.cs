using Torc.Benchmarks.Baselines;

namespace Torc.Tests.Benchmarks;

/// <summary>What counts as slower, and what is noise.</summary>
public sealed class ComparisonTests
{
    [Theory]
    [InlineData(100, 1, 114, 1, Change.Same)]
    [InlineData(100, 1, 117, 1, Change.Slower)]
    [InlineData(100, 1, 90, 1, Change.Same)]
    [InlineData(100, 1, 80, 1, Change.Faster)]
    [InlineData(100, 5, 130, 6.5, Change.Same)] // three times 5 and 5 percent
    [InlineData(100, 5, 132, 6.5, Change.Slower)]
    [InlineData(100, 90, 149, 90, Change.Same)]
    [InlineData(100, 90, 152, 90, Change.Slower)] // so noisy that everything would pass
    public void A_time_counts_as_changed_beyond_the_noise(double then, double thenSpread, double now, double nowSpread, Change expected) =>
        Compare([new("A", then, thenSpread, 0)], [new("A", now, nowSpread, 0)]).Change.ShouldBe(expected);

    [Theory]
    [InlineData(2.0, 200, Change.Same)]
    [InlineData(2.0, 100, Change.Faster)]
    [InlineData(0.5, 100, Change.Slower)]
    public void The_speed_of_the_machine_is_taken_out(double machine, double now, Change expected)
    {
        Measurement[] before = [new("A", 100, 1, 0), new(Comparison.ReferenceName, 1_000, 1, 0)];
        Measurement[] after = [new("A", now, 1, 0), new(Comparison.ReferenceName, 1_000 * machine, 1, 0)];
        Compare(before, after).Change.ShouldBe(expected);
    }

    [Theory]
    [InlineData(0, 1, Change.AllocatesMore, true)]
    [InlineData(48, 48, Change.Same, false)]
    [InlineData(48, 0, Change.Same, false)]
    public void Allocation_counts_to_the_byte(long then, long now, Change expected, bool isWorse)
    {
        Compared found = Compare([new("A", 100, 1, then)], [new("A", 100, 1, now)]);
        (found.Change, found.IsWorse).ShouldBe((expected, isWorse));
    }

    [Fact]
    public void What_only_one_side_has_is_named_and_does_not_fail()
    {
        IReadOnlyList<Compared> all = Comparison.Compare(Baseline([new("B", 1, 0, 0)]), [new("A", 1, 0, 0)]);
        all.Select(static one => (one.Name, one.Change, one.IsWorse)).ShouldBe([("A", Change.New, false), ("B", Change.Missing, false)]);
    }

    [Fact]
    public void Of_two_runs_the_better_figures_count_with_the_wider_spread() =>
        Comparison.Better([new("A", 100, 5, 8), new("B", 7, 1, 0)], [new("A", 90, 2, 16)])
            .ShouldBe([new("A", 90, 5, 8), new("B", 7, 1, 0)]);

    [Fact]
    public void A_part_recorded_anew_fits_the_machine_of_the_rest() =>
        Comparison.Merge(
            Baseline([new("A", 100, 1, 0), new("B", 50, 1, 0), new(Comparison.ReferenceName, 1_000, 1, 0)]),
            [new("A", 80, 4, 8), new("C", 20, 2, 0), new(Comparison.ReferenceName, 2_000, 1, 0)])
            .OrderBy(static one => one.Name)
            .ShouldBe([new("A", 40, 2, 8), new("B", 50, 1, 0), new("C", 10, 1, 0), new(Comparison.ReferenceName, 1_000, 1, 0)]);

    [Fact]
    public void A_baseline_survives_its_file_in_the_order_of_names()
    {
        Baseline read = Torc.Benchmarks.Baselines.Baseline.FromJson(Baseline([new("B", 2.5, 0.25, 3), new("A", 1, 0, 0)]).ToJson());
        read.Measurements.ShouldBe([new("A", 1, 0, 0), new("B", 2.5, 0.25, 3)]);
    }

    private static Compared Compare(Measurement[] then, Measurement[] now) => Comparison.Compare(Baseline(then), now).ShouldHaveSingleItem();

    private static Baseline Baseline(Measurement[] measurements) => new("X64", "test", measurements);
}
