using Torc.Simulator.Clients;
using Torc.Simulator.Faults;
using Torc.Simulator.Runs;

namespace Torc.Tests.Simulator.Runs;

/// <summary>Deletes are forgotten soon, while nodes fail; every delete stays done, and the replicas agree in the end.</summary>
public sealed class TombstoneTests
{
    private const long DurationMicros = 20_000_000;

    private static readonly RunSettings Deleting = new()
    {
        Workload = new WorkloadOptions { Clients = 6, PauseMeanMicros = 15_000, Keys = 6, KeyLifeMicros = 4_000_000, DeleteWeight = 6, ExpireWeight = 4 },
        Node = new() { TracesPromises = true, TombstoneAgeMs = 400, RepairIntervalMs = 50 },
        Faults = new FaultOptions { Kinds = [], IntervalMeanMicros = 60_000_000 },
    };

    private static readonly FaultKind[] Failures = [FaultKind.Kill, FaultKind.Wipe, FaultKind.FlipBits, FaultKind.Pause, FaultKind.CutBothWays];

    [Fact]
    public void They_are_collected_while_all_nodes_are_up() => Run(Deleting, 1, faults: false).ShouldBeGreaterThan(20);

    [Fact]
    public void One_replica_needs_nobody() => Run(Deleting with { Nodes = 1, Copies = 1 }, 2, faults: false).ShouldBeGreaterThan(10);

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public void They_are_collected_between_failures(ulong seed) => Run(Deleting, seed, faults: true).ShouldBeGreaterThan(0);

    [Theory]
    [InlineData(5)]
    [InlineData(6)]
    public void Hints_are_no_way_back(ulong seed) => Run(Deleting with { Nodes = 5, Sloppy = true }, seed, faults: true).ShouldBeGreaterThan(0);

    /// <summary>How often a copy collected some.</summary>
    private static long Run(RunSettings settings, ulong seed, bool faults)
    {
        RunSettings withFaults = settings with { Faults = new FaultOptions { Kinds = Failures, IntervalMeanMicros = 3_000_000, DurationMicrosMax = 1_500_000 } };
        RunPlan drawn = RunPlan.Draw(seed, DurationMicros);
        RunSettings used = faults ? withFaults : settings;
        RunResult result = SimulationRun.Run(drawn with
        {
            Settings = used,
            Faults = faults ? [.. Fault.Plan(used.Faults, new Torc.Base.SeededRandom(seed), used.Nodes, DurationMicros)] : [],
            Clients = [.. Enumerable.Range(0, used.Workload.Clients)],
        });
        result.Violations.ShouldBeEmpty(RunReport.Violations(result));
        return result.NodeEvents.GetValueOrDefault("TombstonesCollected");
    }
}
