using System.Collections.Immutable;
using Torc.Base;
using Torc.Core.Replication;
using Torc.Simulator.Faults;
using Torc.Simulator.Runs;
using Xunit.Abstractions;

namespace Torc.Tests.Simulator.Runs;

/// <summary>Two data centres of three nodes, copies in both, one copy of each write between them: the same promises, fewer bytes.</summary>
public class RelayedRunTests(ITestOutputHelper output)
{
    private const long DurationMicros = 8_000_000;
    private const long ShortMicros = 2_000_000;

    [Theory]
    [InlineData(1, 6, ConsistencyLevel.LocalQuorum)]
    [InlineData(2, 6, ConsistencyLevel.EachQuorum)]
    [InlineData(3, 6, ConsistencyLevel.Quorum)]
    [InlineData(4, 4, ConsistencyLevel.LocalQuorum)]
    [InlineData(5, 4, ConsistencyLevel.EachQuorum)]
    [InlineData(6, 4, ConsistencyLevel.Quorum)]
    public void A_cluster_of_two_data_centres_under_faults_keeps_its_promises(ulong seed, int copies, ConsistencyLevel level)
    {
        RunPlan drawn = RunPlan.Draw(seed, DurationMicros);
        RunSettings settings = Settings(drawn, copies, level, relays: true);
        RunResult result = SimulationRun.Run(drawn with
        {
            Settings = settings,
            Faults = [.. Fault.Plan(settings.Faults, new SeededRandom(seed).Fork("fault plan"), settings.Nodes, DurationMicros)],
        });
        result.Violations.ShouldBeEmpty(RunReport.Violations(result));
        result.Operations[Torc.Simulator.Checkers.OperationOutcome.Done].ShouldBeGreaterThan(10);
    }

    [Theory]
    [InlineData(ConsistencyLevel.LocalQuorum)]
    [InlineData(ConsistencyLevel.EachQuorum)]
    public void Fewer_bytes_cross(ConsistencyLevel level)
    {
        (long relayed, long done) = BytesOf(level, relays: true);
        (long direct, long doneDirectly) = BytesOf(level, relays: false);
        output.WriteLine($"{level}: {relayed / done} bytes across for an operation, without relays {direct / doneDirectly}");
        done.ShouldBeGreaterThan(100);
        ((double)relayed / done).ShouldBeLessThan(0.6 * direct / doneDirectly, $"{relayed} bytes for {done} operations, directly {direct} for {doneDirectly}");
    }

    private static (long Bytes, long Done) BytesOf(ConsistencyLevel level, bool relays)
    {
        RunPlan drawn = RunPlan.Draw(11, ShortMicros);
        RunSettings settings = Settings(drawn, 6, level, relays);
        settings = settings with
        {
            Network = new(),
            Workload = new() { Clients = 8, PauseMeanMicros = 5_000, ValueBytesMax = 4_000, ReadWeight = 0, DeleteWeight = 0, WriteIfAbsentWeight = 0, AppendWeight = 0, ExpireWeight = 0 },
        };
        RunResult result = SimulationRun.Run(drawn with { Settings = settings, Faults = ImmutableArray<Fault>.Empty, Clients = [.. Enumerable.Range(0, 8)] });
        result.Violations.ShouldBeEmpty(RunReport.Violations(result));
        return (result.BytesAcross, result.Operations[Torc.Simulator.Checkers.OperationOutcome.Done]);
    }

    private static RunSettings Settings(RunPlan drawn, int copies, ConsistencyLevel level, bool relays) => drawn.Settings with
    {
        Nodes = 6,
        DataCentres = 2,
        Copies = copies,
        ReadLevel = level,
        WriteLevel = level,
        Node = drawn.Settings.Node with { RelaysWrites = relays },
    };
}
