using Torc.Simulator.Runs;

namespace Torc.Tests.Simulator.Runs;

public class SimulationRunTests
{
    private const long ShortMicros = 8_000_000;
    private const long ChangingMicros = 40_000_000;

    [Theory]
    [InlineData(1)]
    [InlineData(7)]
    public void The_same_seed_gives_the_same_events(ulong seed)
    {
        RunResult first = SimulationRun.Run(RunPlan.Draw(seed, ShortMicros));
        RunResult second = SimulationRun.Run(RunPlan.Draw(seed, ShortMicros));

        second.EventHash.ShouldBe(first.EventHash);
        second.Events.ShouldBe(first.Events);
        SimulationRun.Run(RunPlan.Draw(seed + 1, ShortMicros)).EventHash.ShouldNotBe(first.EventHash);
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(16)]
    [InlineData(20)]
    public void A_cluster_under_faults_keeps_its_promises(ulong seed)
    {
        RunResult result = SimulationRun.Run(RunPlan.Draw(seed, ShortMicros));

        result.Violations.ShouldBeEmpty(RunReport.Violations(result));
        result.Operations[Torc.Simulator.Checkers.OperationOutcome.Done].ShouldBeGreaterThan(10);
    }

    [Theory]
    [InlineData(12)]
    [InlineData(28)]
    [InlineData(47)]
    [InlineData(80)]
    public void A_cluster_that_changes_under_faults_keeps_its_promises(ulong seed)
    {
        RunPlan plan = RunPlan.Draw(seed, ChangingMicros, changes: true);
        RunResult result = SimulationRun.Run(plan);

        result.Violations.ShouldBeEmpty(RunReport.Violations(result));
        result.ChangesEnded.ShouldBeGreaterThan(0);
        SimulationRun.Run(plan).EventHash.ShouldBe(result.EventHash);
    }
}
