using System.Diagnostics;
using System.Text.Json.Serialization;
using Torc.Server.Bench.Driving;
using Torc.Server.CommandLine;

namespace Torc.Server.Bench;

/// <summary>Latencies in milliseconds, each within 1/256 of the truth.</summary>
internal sealed record BenchLatency(long Count, double Mean, double P50, double P90, double P99, double P999, double P9999, double Max)
{
    private const double NanosecondsPerMs = 1e6;

    internal static BenchLatency Of(LogLinearHistogram nanoseconds) => new(
        nanoseconds.Count, nanoseconds.Mean / NanosecondsPerMs, At(nanoseconds, 0.5), At(nanoseconds, 0.9), At(nanoseconds, 0.99),
        At(nanoseconds, 0.999), At(nanoseconds, 0.9999), nanoseconds.Max / NanosecondsPerMs);

    private static double At(LogLinearHistogram nanoseconds, double share) => nanoseconds.Percentile(share) / NanosecondsPerMs;
}

/// <summary>What <c>torc bench --json</c> prints. Names and types are an interface that programs read: add, never change.</summary>
internal sealed record BenchResult
{
    public required string Version { get; init; }

    public required string Workload { get; init; }

    public required string Distribution { get; init; }

    public required string Protocol { get; init; }

    public required IReadOnlyList<string> Targets { get; init; }

    public required int Connections { get; init; }

    public required int Threads { get; init; }

    public required int Pipeline { get; init; }

    public required long Keys { get; init; }

    public required int ValueBytes { get; init; }

    /// <summary>What was asked for; 0: as fast as it goes.</summary>
    public required double Rate { get; init; }

    public required ulong Seed { get; init; }

    /// <summary>Measured operations that were sent, those that failed included.</summary>
    public required long Operations { get; init; }

    public required long WarmUpOperations { get; init; }

    /// <summary>Reads that found no key.</summary>
    public required long Misses { get; init; }

    /// <summary>From the first that was measured to the last answer.</summary>
    public required double ElapsedSeconds { get; init; }

    /// <summary>Without those that failed.</summary>
    public required double OperationsPerSecond { get; init; }

    /// <summary>Failures by the first word of the error; CONNECTION: it was lost, WAIT: too few replicas.</summary>
    public required IReadOnlyDictionary<string, long> Errors { get; init; }

    /// <summary>By operation, and <c>all</c>.</summary>
    public required IReadOnlyDictionary<string, BenchLatency> LatencyMs { get; init; }

    internal static BenchResult Of(BenchOptions options, Tally tally)
    {
        double elapsed = tally.LastAnsweredAt > tally.FirstBeganAt ? (tally.LastAnsweredAt - tally.FirstBeganAt) / (double)Stopwatch.Frequency : 0;
        return new BenchResult
        {
            Version = TorcCommands.Version,
            Workload = options.Workload.Name,
            Distribution = options.Distribution.ToString().ToLowerInvariant(),
            Protocol = options.Protocol.ToString().ToLowerInvariant(),
            Targets = [.. options.Targets.Select(static target => target.ToString())],
            Connections = options.Connections,
            Threads = options.Threads,
            Pipeline = options.Pipeline,
            Keys = options.Keys,
            ValueBytes = options.ValueBytes,
            Rate = options.Rate,
            Seed = options.Seed,
            Operations = tally.Done + tally.Failed,
            WarmUpOperations = tally.WarmUp,
            Misses = tally.Misses,
            ElapsedSeconds = elapsed,
            OperationsPerSecond = elapsed > 0 ? tally.Done / elapsed : 0,
            Errors = tally.Errors,
            LatencyMs = Latencies(tally),
        };
    }

    private static SortedDictionary<string, BenchLatency> Latencies(Tally tally)
    {
        var all = new LogLinearHistogram();
        var found = new SortedDictionary<string, BenchLatency>(StringComparer.Ordinal);
        foreach (Operation operation in Enum.GetValues<Operation>())
        {
            LogLinearHistogram histogram = tally.Latencies[(int)operation];
            all.Add(histogram);
            if (histogram.Count > 0)
                found[System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(operation.ToString())] = BenchLatency.Of(histogram);
        }
        found["all"] = BenchLatency.Of(all);
        return found;
    }
}

/// <summary>The JSON of these types: camel case, generated serializers.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(BenchResult))]
internal sealed partial class BenchJson : JsonSerializerContext;
