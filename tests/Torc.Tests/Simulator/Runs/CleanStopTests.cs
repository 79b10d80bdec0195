using Torc.Node;
using Torc.Simulator.Clients;
using Torc.Simulator.Faults;
using Torc.Simulator.Runs;
using Torc.Storage;

namespace Torc.Tests.Simulator.Runs;

/// <summary>Processes that are asked to end and started again, under load: what they acknowledged is there, and they know it.</summary>
public sealed class CleanStopTests
{
    private const long DurationMicros = 20_000_000;
    private const int StopsMin = 10;

    [Theory]
    [InlineData(1, Durability.EverySecond)]
    [InlineData(2, Durability.OperatingSystem)]
    [InlineData(3, Durability.Always)]
    public void A_process_that_ended_cleanly_has_nothing_to_catch_up_with_before_it_counts(ulong seed, Durability durability)
    {
        long completed = Completed(Run(seed, durability, FaultKind.SlowLink));
        RunResult stops = Run(seed, durability, FaultKind.Stop);
        stops.Faults[FaultKind.Stop].ShouldBeGreaterThan(StopsMin);
        Completed(stops).ShouldBe(completed, "each copy became complete when the cluster was formed, and never again");
    }

    /// <summary>What tells that the test above can fail.</summary>
    [Fact]
    public void One_that_was_killed_has()
    {
        long completed = Completed(Run(1, Durability.EverySecond, FaultKind.SlowLink));
        Completed(Run(1, Durability.EverySecond, FaultKind.Kill)).ShouldBeGreaterThan(completed);
    }

    private static long Completed(RunResult result) => result.NodeEvents[nameof(NodeEventKind.PartitionComplete)];

    private static RunResult Run(ulong seed, Durability durability, FaultKind kind)
    {
        var settings = new RunSettings
        {
            DiskMicrosMin = 100,
            DiskMicrosMean = 500,
            Storage = new StorageOptions { SegmentBytes = 1 << 14, ResidentBytesMax = 1 << 15, Durability = durability },
            Faults = new FaultOptions { Kinds = [kind], IntervalMeanMicros = 700_000, DurationMicrosMax = 500_000 },
            Workload = new WorkloadOptions { Clients = 8, PauseMeanMicros = 10_000, Keys = 20, ValueBytesMax = 3_000, KeyLifeMicros = 10_000_000 },
        };
        RunResult result = SimulationRun.Run(RunPlan.Of(seed, settings, DurationMicros));
        result.Violations.ShouldBeEmpty(RunReport.Violations(result));
        return result;
    }
}
