using System.Collections.Immutable;
using Torc.Base;
using Torc.Simulator.Changes;
using Torc.Simulator.Faults;

namespace Torc.Simulator.Runs;

/// <summary>
/// Exactly one run: the same plan gives the same events. Everything follows from the seed; a shrunk plan says what is left
/// out of it.
/// </summary>
public sealed record RunPlan
{
    public required ulong Seed { get; init; }

    /// <summary>Length of the safety phase.</summary>
    public required long DurationMicros { get; init; }

    public required RunSettings Settings { get; init; }

    public required ImmutableArray<Fault> Faults { get; init; }

    /// <summary>What the operator asks for.</summary>
    public ImmutableArray<PlannedChange> Changes { get; init; } = [];

    /// <summary>Clients that take part.</summary>
    public required ImmutableArray<int> Clients { get; init; }

    /// <summary>Operations left out: of a client, the numbers in [First, End).</summary>
    public ImmutableArray<(int Client, int First, int End)> DroppedOperations { get; init; } = [];

    public Defect Defect { get; init; }

    public static RunPlan Draw(ulong seed, long durationMicros, Defect defect = Defect.None, bool changes = false)
    {
        RunSettings settings = Provocation.Of(defect, RunSettings.Draw(new SeededRandom(seed), changes));
        return Of(seed, settings, durationMicros) with { Defect = defect };
    }

    /// <summary>A run with settings that were not drawn.</summary>
    public static RunPlan Of(ulong seed, RunSettings settings, long durationMicros)
    {
        var random = new SeededRandom(seed);
        return new RunPlan
        {
            Seed = seed,
            DurationMicros = durationMicros,
            Settings = settings,
            Faults = [.. Fault.Plan(settings.Faults, random.Fork("fault plan"), MachinesOf(settings), durationMicros)],
            Changes = [.. PlannedChange.Plan(settings.Changes, random.Fork("change plan"), durationMicros)],
            Clients = [.. Enumerable.Range(0, settings.Workload.Clients)],
        };
    }

    /// <summary>Machines that a run may have in all.</summary>
    public static int MachinesOf(RunSettings settings) => settings.Nodes + (settings.Changes.IsAny ? settings.Changes.NewMachinesMax : 0);

    public bool IsDropped(int client, int operation)
    {
        foreach ((int dropped, int first, int end) in DroppedOperations)
        {
            if (dropped == client && first <= operation && operation < end)
                return true;
        }
        return false;
    }
}
