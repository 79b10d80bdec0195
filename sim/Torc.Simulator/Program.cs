using System.Diagnostics;
using Torc.Simulator;
using Torc.Simulator.Runs;

const long MicrosPerMinute = 60_000_000;

if (args.Contains("--help"))
{
    Console.WriteLine(CommandLine.Help);
    return 0;
}
if (CommandLine.TryParse(args, out string problem) is not { } line)
{
    Console.Error.WriteLine(problem);
    Console.Error.WriteLine(CommandLine.Help);
    return 2;
}

var all = Stopwatch.StartNew();
int failures = 0;
double simulatedSeconds = 0;
IEnumerable<ulong> seeds = Enumerable.Range(0, (int)(line.LastSeed - line.FirstSeed + 1)).Select(index => line.FirstSeed + (ulong)index);

// Runs share nothing, so that they may run side by side; their order of printing is that of their seeds.
foreach ((RunResult result, double seconds) in seeds.AsParallel().AsOrdered().WithDegreeOfParallelism(line.Jobs)
    .WithMergeOptions(ParallelMergeOptions.NotBuffered).Select(Run))
{
    Console.WriteLine(RunReport.Summary(result, seconds));
    simulatedSeconds += result.SimulatedMicros / 1e6;
    if (line.Verbose)
        Console.WriteLine(RunReport.Details(result));
    if (!result.Failed)
        continue;
    failures++;
    Console.WriteLine(RunReport.Violations(result));
    if (line.ShrinkSeconds <= 0)
        continue;
    var shrinking = Stopwatch.StartNew();
    RunResult smallest = Shrinker.Shrink(result, SimulationRun.Run, () => shrinking.Elapsed.TotalSeconds < line.ShrinkSeconds);
    Console.WriteLine($"shrunk in {shrinking.Elapsed.TotalSeconds:F0} s to:");
    Console.WriteLine(RunReport.Schedule(smallest.Plan) + RunReport.Violations(smallest));
}
if (line.LastSeed > line.FirstSeed)
{
    Console.WriteLine($"{line.LastSeed - line.FirstSeed + 1} seeds, {failures} failed; "
        + $"{simulatedSeconds / 3600:F1} hours of a cluster's life in {all.Elapsed.TotalSeconds:F0} s, {simulatedSeconds / all.Elapsed.TotalSeconds:F0}x");
}
return failures == 0 ? 0 : 1;

(RunResult Result, double Seconds) Run(ulong seed)
{
    var watch = Stopwatch.StartNew();
    RunResult result = SimulationRun.Run(RunPlan.Draw(seed, (long)(line.Minutes * MicrosPerMinute), line.Provoked, line.Changes) with { Defect = line.Defect });
    return (result, watch.Elapsed.TotalSeconds);
}
