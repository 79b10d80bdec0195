using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;

namespace Torc.Benchmarks.Baselines;

/// <summary>
/// <c>check</c> compares with <c>baseline.json</c> beside the project, <c>record</c> writes it. What looks worse is run again
/// before it is believed. Exit code 1: something got slower or allocates more; 2: the check could not be made.
/// </summary>
public static class BaselineCommands
{
    public const string Help = """
        Benchmarks of Torc's parts. From the root of the repository, with
        dotnet run -c Release --project bench/Torc.Benchmarks --

          check [PART...]    short runs beside the recorded baseline; says which got slower, and exits with 1 if any did
          record [PART...]   records the baseline, or only the parts named, anew
          answer PORT        a server that answers Redis commands and keeps nothing: the floor of bench/compare
          --filter '*Row*'   long runs by BenchmarkDotNet; --help lists its own options, --list flat the benchmarks

        A PART is a piece of a benchmark's name: RowMerge, Find.
        """;

    private const int Worse = 1;
    private const int Failed = 2;

    /// <summary>What looks worse is measured so many times more; the recording takes the better one of two.</summary>
    private const int RunsAgainMax = 2;

    public static int Check(string[] parts)
    {
        if (!File.Exists(BaselinePath()))
            return Complain($"{BaselinePath()} is missing: run 'record' first.");
        Baseline baseline = Baseline.FromJson(File.ReadAllText(BaselinePath()));
        IReadOnlyList<Measurement> measured = Run(name => IsChosen(name, parts));
        if (measured.All(static found => found.Name == Comparison.ReferenceName))
            return Complain($"no benchmark has {string.Join(" or ", parts)} in its name.");
        for (int again = 0; again < RunsAgainMax; again++)
        {
            string[] suspects = [.. Comparison.Compare(baseline, measured).Where(static compared => compared.IsWorse).Select(static compared => compared.Name)];
            if (suspects.Length == 0)
                break;
            Console.WriteLine($"again, to be sure: {string.Join(", ", suspects)}");
            measured = Comparison.Better(measured, Run(suspects.Contains));
        }
        IReadOnlyList<Compared> all = Comparison.Compare(baseline, measured);
        Print(baseline, measured, parts.Length == 0 ? all : [.. all.Where(static compared => compared.Change != Change.Missing)]);
        return all.Any(static compared => compared.IsWorse) ? Worse : 0;
    }

    public static int Record(string[] parts)
    {
        IReadOnlyList<Measurement> measured = Comparison.Better(Run(name => IsChosen(name, parts)), Run(name => IsChosen(name, parts)));
        IReadOnlyList<Measurement> recorded = measured;
        if (parts.Length > 0 && File.Exists(BaselinePath()))
            recorded = Comparison.Merge(Baseline.FromJson(File.ReadAllText(BaselinePath())), measured);
        var baseline = new Baseline(RuntimeInformation.ProcessArchitecture.ToString(), RuntimeInformation.FrameworkDescription, recorded);
        File.WriteAllText(BaselinePath(), baseline.ToJson());
        foreach (Measurement one in measured.OrderBy(static one => one.Name, StringComparer.Ordinal))
            Console.WriteLine($"{one.Name,-48} {Time(one)} {one.AllocatedBytes,6} B");
        Console.WriteLine($"recorded in {BaselinePath()}");
        return 0;
    }

    /// <summary>Runs the chosen benchmarks, the reference always among them.</summary>
    private static List<Measurement> Run(Func<string, bool> isChosen)
    {
        var found = new List<Measurement>();
        foreach (Type type in BenchmarkTypes())
        {
            BenchmarkRunInfo run = BenchmarkConverter.TypeToBenchmarks(type, BenchmarkSettings.Short());
            BenchmarkCase[] cases = [.. run.BenchmarksCases.Where(one => NameOf(one) == Comparison.ReferenceName || isChosen(NameOf(one)))];
            if (cases.Length == 0)
                continue;
            Console.WriteLine($"{type.Name} ...");
            Summary summary = BenchmarkRunner.Run(new BenchmarkRunInfo(cases, type, run.Config));
            found.AddRange(summary.Reports.Select(Measure));
        }
        return found;
    }

    private static Type[] BenchmarkTypes() => [.. typeof(BaselineCommands).Assembly.GetExportedTypes()
        .Where(static type => type.Namespace == "Torc.Benchmarks.Parts" && type.Name.EndsWith("Benchmarks", StringComparison.Ordinal))
        .OrderBy(static type => type.Name, StringComparer.Ordinal)];

    private static bool IsChosen(string name, string[] parts) =>
        parts.Length == 0 || parts.Any(part => name.Contains(part, StringComparison.OrdinalIgnoreCase));

    private static string NameOf(BenchmarkCase one) =>
        $"{one.Descriptor.Type.Name.Replace("Benchmarks", "", StringComparison.Ordinal)}.{one.Descriptor.WorkloadMethod.Name}";

    private static Measurement Measure(BenchmarkReport report)
    {
        if (report.ResultStatistics is not { } statistics)
            throw new InvalidOperationException($"{NameOf(report.BenchmarkCase)} gave no result: {string.Join("; ", report.ExecuteResults.SelectMany(static result => result.Errors))}");
        return new Measurement(
            NameOf(report.BenchmarkCase), Math.Round(statistics.Median, 3), Math.Round(statistics.InterquartileRange, 3),
            report.GcStats.GetBytesAllocatedPerOperation(report.BenchmarkCase) ?? 0);
    }

    private static void Print(Baseline baseline, IReadOnlyList<Measurement> measured, IReadOnlyList<Compared> all)
    {
        Console.WriteLine();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"The machine takes {Comparison.MachineRatio(baseline, measured):0.00} of the time that it took for the baseline; ratios are without that."));
        Console.WriteLine($"{"",-48} {"then",12} {"now",12} {"ratio",6} {"allocated",12}");
        foreach (Compared one in all)
        {
            string ratio = one.Ratio.ToString("0.00", CultureInfo.InvariantCulture);
            string bytes = $"{one.Then?.AllocatedBytes} -> {one.Now?.AllocatedBytes} B";
            string verdict = one.Change switch
            {
                Change.Same => "",
                Change.Slower => "SLOWER",
                Change.AllocatesMore => "ALLOCATES MORE",
                _ => one.Change.ToString().ToLowerInvariant(),
            };
            Console.WriteLine($"{one.Name,-48} {Time(one.Then)} {Time(one.Now)} {ratio,6} {bytes,12} {verdict}");
        }
        string[] worse = [.. all.Where(static one => one.IsWorse).Select(static one => one.Name)];
        Console.WriteLine(worse.Length == 0 ? "Nothing got slower." : $"Worse than the baseline: {string.Join(", ", worse)}");
    }

    private static string Time(Measurement? one) =>
        one is null ? $"{"-",12}" : string.Create(CultureInfo.InvariantCulture, $"{one.MedianNanoseconds,9:0.0} ns");

    private static int Complain(string message)
    {
        Console.Error.WriteLine(message);
        return Failed;
    }

    private static string BaselinePath([CallerFilePath] string source = "") =>
        Path.GetFullPath(Path.Combine(Path.GetDirectoryName(source)!, "..", "baseline.json"));
}
