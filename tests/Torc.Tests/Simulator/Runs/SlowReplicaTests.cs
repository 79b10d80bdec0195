using Torc.Simulator.Clients;
using Torc.Simulator.Network;
using Torc.Simulator.Runs;
using Xunit.Abstractions;

namespace Torc.Tests.Simulator.Runs;

/// <summary>One replica of three whose disk takes 200 ms longer for everything, and clients on all three nodes. All times are simulated.</summary>
public sealed class SlowReplicaTests(ITestOutputHelper output)
{
    private const long DurationMicros = 25_000_000;
    private const long NoticedMicros = 6_000_000;
    private const long SlowMicros = 200_000;

    private static readonly RunSettings Healthy = new()
    {
        DiskMicrosMin = 1_000,
        DiskMicrosMean = 1_000,
        Network = new NetworkOptions { SpikeChance = 0 },
        Workload = new WorkloadOptions { Clients = 9, PauseMeanMicros = 5_000, Keys = 200, PipelineMax = 1 },
    };

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void It_adds_at_most_a_fifth_to_the_99th_percentile_of_quorum_operations(int slow)
    {
        var extra = new long[Healthy.Nodes];
        extra[slow] = SlowMicros;
        long without = Percentile99(Healthy), with = Percentile99(Healthy with { ExtraDiskMicros = [.. extra] });
        output.WriteLine($"p99 {without} us, with node {slow} slow {with} us");
        with.ShouldBeLessThanOrEqualTo(without * 6 / 5);
    }

    private static long Percentile99(RunSettings settings)
    {
        RunResult result = SimulationRun.Run(RunPlan.Of(1, settings, DurationMicros) with { Faults = [] });
        result.Violations.ShouldBeEmpty(RunReport.Violations(result));
        long[] answers = [.. result.Answers.Where(static answer => answer.AtMicros is > NoticedMicros and < DurationMicros).Select(static answer => answer.Micros).Order()];
        answers.Length.ShouldBeGreaterThan(5_000);
        return answers[answers.Length * 99 / 100];
    }
}
