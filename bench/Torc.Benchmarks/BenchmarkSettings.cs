using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Perfolizer.Horology;

namespace Torc.Benchmarks;

/// <summary>
/// How benchmarks run: in this process, so that nothing else is built, with iterations long enough for the compiler to have
/// reached its last tier before the first one counts.
/// </summary>
public static class BenchmarkSettings
{
    private const int IterationMs = 100;
    private const int WarmUpIterations = 8;

    /// <summary>For looking at one thing closely.</summary>
    public static IConfig Long() => Make(DefaultConfig.Instance, iterations: 20);

    /// <summary>For the baseline: every benchmark in about two seconds, and nothing printed or written by the way.</summary>
    public static IConfig Short() => Make(
        ManualConfig.CreateEmpty().AddColumnProvider([.. DefaultConfig.Instance.GetColumnProviders()]).AddLogger(NullLogger.Instance)
            .WithOptions(ConfigOptions.DisableLogFile | ConfigOptions.DisableOptimizationsValidator),
        iterations: 9);

    private static IConfig Make(IConfig from, int iterations) => ManualConfig.Union(
        from,
        ManualConfig.CreateEmpty()
            .AddDiagnoser(MemoryDiagnoser.Default)
            .AddJob(Job.Default
                .WithToolchain(InProcessEmitToolchain.Instance)
                .WithIterationTime(TimeInterval.FromMilliseconds(IterationMs))
                .WithWarmupCount(WarmUpIterations)
                .WithIterationCount(iterations)));
}
