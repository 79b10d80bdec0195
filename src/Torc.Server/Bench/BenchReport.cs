using System.Globalization;
using Spectre.Console;
using Torc.Server.CommandLine;

namespace Torc.Server.Bench;

/// <summary>A run's result as tables.</summary>
internal static class BenchReport
{
    internal static void Print(IAnsiConsole console, BenchResult result)
    {
        console.WriteLine(
            $"workload {result.Workload}, {result.Distribution}, {result.Protocol}: {result.Connections} connections, {result.Threads} threads, pipeline {result.Pipeline}, {Screen.Count(result.Keys)} keys, {result.ValueBytes}-byte values");
        console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{result.OperationsPerSecond:N0} operations/s: {result.Operations:N0} in {result.ElapsedSeconds:0.00} s, {result.Misses:N0} found no key"));
        Table table = Screen.Table("latency, ms", "count", "mean", "p50", "p90", "p99", "p99.9", "p99.99", "max");
        foreach ((string name, BenchLatency latency) in result.LatencyMs)
        {
            table.AddRow(
                Markup.Escape(name), Screen.Count(latency.Count), Ms(latency.Mean), Ms(latency.P50), Ms(latency.P90), Ms(latency.P99),
                Ms(latency.P999), Ms(latency.P9999), Ms(latency.Max));
        }
        console.Write(table);
        foreach ((string word, long count) in result.Errors)
            console.WriteLine($"failed with {word}: {Screen.Count(count)}");
    }

    private static string Ms(double value) => value.ToString("0.000", CultureInfo.InvariantCulture);
}
