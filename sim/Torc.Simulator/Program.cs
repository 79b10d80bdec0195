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

int failures = 0;
for (ulong seed = line.FirstSeed; seed <= line.LastSeed; seed++)
{
    var watch = Stopwatch.StartNew();
    RunResult result = SimulationRun.Run(RunPlan.Draw(seed, (long)(line.Minutes * MicrosPerMinute), line.Provoked) with { Defect = line.Defect });
    Console.WriteLine(RunReport.Summary(result, watch.Elapsed.TotalSeconds));
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
    Console.WriteLine($"{line.LastSeed - line.FirstSeed + 1} seeds, {failures} failed");
return failures == 0 ? 0 : 1;
