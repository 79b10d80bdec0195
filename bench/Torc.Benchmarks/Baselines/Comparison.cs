namespace Torc.Benchmarks.Baselines;

/// <summary>What a benchmark has become since the baseline.</summary>
public enum Change
{
    Same,
    Faster,
    Slower,

    /// <summary>Not slower, but it allocates more.</summary>
    AllocatesMore,

    /// <summary>Only in the run: it wants to be recorded.</summary>
    New,

    /// <summary>Only in the baseline: it is gone, or was not asked for.</summary>
    Missing,
}

/// <summary>One benchmark beside its baseline; <paramref name="Ratio"/> is now through then, after the correction for the machine.</summary>
public sealed record Compared(string Name, Measurement? Then, Measurement? Now, double Ratio, Change Change)
{
    /// <summary>Whether the check fails for it.</summary>
    public bool IsWorse => Change is Change.Slower or Change.AllocatesMore;
}

/// <summary>
/// Tells a change from noise. Times count as changed beyond 15 percent, or beyond three times both runs' spread where that is
/// more, but never less than half as much again; what is allocated counts to the byte. The reference, a loop that uses none of Torc's code, says how fast the machine
/// is now, and times are divided by its ratio: a baseline from another machine, or a busy neighbour, is no regression.
/// </summary>
public static class Comparison
{
    public const string ReferenceName = "Reference.Arithmetic";
    public const double ToleranceLeast = 0.15;
    public const double ToleranceMost = 0.5;

    private const double SpreadsAllowed = 3;

    /// <summary>How much slower the machine is now; 1 when the reference is not in both.</summary>
    public static double MachineRatio(Baseline then, IReadOnlyList<Measurement> now) =>
        Find(then.Measurements, ReferenceName) is { } before && Find(now, ReferenceName) is { } after
            ? after.MedianNanoseconds / before.MedianNanoseconds
            : 1;

    /// <summary>All benchmarks of either side, by name, without the reference.</summary>
    public static IReadOnlyList<Compared> Compare(Baseline then, IReadOnlyList<Measurement> now)
    {
        double machine = MachineRatio(then, now);
        return [.. then.Measurements.Concat(now)
            .Select(static measured => measured.Name)
            .Where(static name => name != ReferenceName)
            .Distinct()
            .Order(StringComparer.Ordinal)
            .Select(name => Compare(name, Find(then.Measurements, name), Find(now, name), machine))];
    }

    /// <summary>Of two runs of one benchmark the better one, because noise only ever adds; with the spread of the wider one.</summary>
    public static Measurement Better(Measurement one, Measurement other) => new(
        one.Name, Math.Min(one.MedianNanoseconds, other.MedianNanoseconds), Math.Max(one.SpreadNanoseconds, other.SpreadNanoseconds),
        Math.Min(one.AllocatedBytes, other.AllocatedBytes));

    /// <summary>The first run, each benchmark replaced by the better one of both where the second has it too.</summary>
    public static IReadOnlyList<Measurement> Better(IReadOnlyList<Measurement> first, IReadOnlyList<Measurement> second) =>
        [.. first.Select(one => Find(second, one.Name) is { } other ? Better(one, other) : one)];

    /// <summary>A baseline with some benchmarks measured anew: their times as they would have been on its machine, its reference as it was.</summary>
    public static IReadOnlyList<Measurement> Merge(Baseline old, IReadOnlyList<Measurement> measured)
    {
        double machine = MachineRatio(old, measured);
        IEnumerable<Measurement> scaled = measured
            .Where(one => one.Name != ReferenceName || Find(old.Measurements, ReferenceName) is null)
            .Select(one => one with
            {
                MedianNanoseconds = Math.Round(one.MedianNanoseconds / machine, 3),
                SpreadNanoseconds = Math.Round(one.SpreadNanoseconds / machine, 3),
            });
        Measurement[] replacing = [.. scaled];
        return [.. replacing, .. old.Measurements.Where(one => Find(replacing, one.Name) is null)];
    }

    private static Compared Compare(string name, Measurement? then, Measurement? now, double machine)
    {
        if (then is null)
            return new Compared(name, then, now, double.NaN, Change.New);
        if (now is null)
            return new Compared(name, then, now, double.NaN, Change.Missing);
        double ratio = now.MedianNanoseconds / then.MedianNanoseconds / machine;
        double noise = SpreadsAllowed * (then.SpreadNanoseconds / then.MedianNanoseconds + now.SpreadNanoseconds / now.MedianNanoseconds);
        double limit = 1 + Math.Clamp(noise, ToleranceLeast, ToleranceMost);
        Change change = ratio > limit ? Change.Slower
            : now.AllocatedBytes > then.AllocatedBytes ? Change.AllocatesMore
            : ratio < 1 / limit ? Change.Faster
            : Change.Same;
        return new Compared(name, then, now, ratio, change);
    }

    private static Measurement? Find(IEnumerable<Measurement> measurements, string name) =>
        measurements.FirstOrDefault(measured => measured.Name == name);
}
