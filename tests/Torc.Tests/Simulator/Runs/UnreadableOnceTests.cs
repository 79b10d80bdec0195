using Torc.Simulator.Clients;
using Torc.Simulator.Faults;
using Torc.Simulator.Runs;
using Torc.Storage;

namespace Torc.Tests.Simulator.Runs;

/// <summary>Disks that fail to read now and then, and replicas that write the keys again meanwhile: afterwards all replicas are the same, without a restart.</summary>
public sealed class UnreadableOnceTests
{
    private const long DurationMicros = 12_000_000;

    private static readonly RunSettings Settings = new()
    {
        DiskMicrosMin = 100,
        DiskMicrosMean = 500,
        Storage = new StorageOptions { SegmentBytes = 1 << 14, ResidentBytesMax = 1 << 15, Durability = Durability.Always },
        Faults = new FaultOptions
        {
            Kinds = [FaultKind.ReadFailure, FaultKind.ReadFailure, FaultKind.ReadFailure, FaultKind.Isolate, FaultKind.CutBothWays],
            IntervalMeanMicros = 100_000,
            DurationMicrosMax = 500_000,
        },
        Workload = new WorkloadOptions { Clients = 8, PauseMeanMicros = 10_000, Keys = 20, ValueBytesMax = 3_000, KeyLifeMicros = 10_000_000 },
    };

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Replicas_agree_afterwards(ulong seed)
    {
        RunResult result = SimulationRun.Run(RunPlan.Of(seed, Settings, DurationMicros));
        result.Violations.ShouldBeEmpty(RunReport.Violations(result));
    }
}
