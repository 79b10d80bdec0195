using System.Globalization;
using System.Text;
using Torc.Simulator.Checkers;

namespace Torc.Simulator.Runs;

/// <summary>A run in words.</summary>
public static class RunReport
{
    public static string Summary(RunResult result, double elapsedSeconds)
    {
        RunSettings settings = result.Plan.Settings;
        double simulated = result.SimulatedMicros / 1e6;
        return string.Create(CultureInfo.InvariantCulture,
            $"seed {result.Plan.Seed} hash {result.EventHash:x16} {(result.Failed ? "FAILED" : "ok")}: "
            + $"{simulated:F0} s simulated in {elapsedSeconds:F1} s ({simulated / Math.Max(elapsedSeconds, 0.001):F0}x), {result.Events} events; "
            + $"{settings.Nodes} nodes x{settings.Copies}, {settings.Partitions} partitions, {settings.Shards} shards, {settings.Storage.Durability}; "
            + $"{Join(result.Operations)}; {result.Flushes} flushes, {result.Plan.Faults.Length} faults, {result.Plan.Changes.Length} changes");
    }

    /// <summary>Counts that show what a run exercised.</summary>
    public static string Details(RunResult result) => $"  faults: {Join(result.Faults)}\n  asked for: {Join(result.Changes)}; {result.Maps} maps, {result.ChangesEnded} changes came to an end\n  node events: {Join(result.NodeEvents)}";

    public static string Violations(RunResult result)
    {
        var text = new StringBuilder();
        foreach (Violation violation in result.Violations)
            text.Append("  ").Append(violation).AppendLine();
        foreach (string operation in result.KeyTrace)
            text.Append("    ").AppendLine(operation);
        return text.ToString();
    }

    /// <summary>What is left of a shrunk plan.</summary>
    public static string Schedule(RunPlan plan)
    {
        var text = new StringBuilder();
        text.AppendLine(CultureInfo.InvariantCulture, $"  {plan.DurationMicros / 1e6:F3} s, clients {string.Join(' ', plan.Clients)}");
        foreach (Faults.Fault fault in plan.Faults)
            text.Append("  fault ").Append(fault).AppendLine();
        foreach (Changes.PlannedChange change in plan.Changes)
            text.Append("  change ").Append(change).AppendLine();
        foreach ((int client, int first, int end) in plan.DroppedOperations)
            text.AppendLine(CultureInfo.InvariantCulture, $"  without operations [{first}, {end}) of client {client}");
        return text.ToString();
    }

    private static string Join<TKey, TValue>(IReadOnlyDictionary<TKey, TValue> counts)
        where TKey : notnull =>
        string.Join(", ", counts.OrderBy(pair => pair.Key.ToString(), StringComparer.Ordinal).Select(pair => $"{pair.Key} {pair.Value}"));
}
