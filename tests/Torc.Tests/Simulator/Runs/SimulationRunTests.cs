using Torc.Simulator.Runs;

namespace Torc.Tests.Simulator.Runs;

public class SimulationRunTests
{
    private const long ShortMicros = 8_000_000;
    private const long DefectMicros = 30_000_000;
    private const int SeedsPerDefect = 6;

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
    [InlineData(Defect.ReplyBeforeSync, 1)]
    [InlineData(Defect.ReplyBeforeWrite, 1)]
    [InlineData(Defect.HintDroppedBeforeAck, 1)]
    [InlineData(Defect.HintDroppedBeforeAck, 2)]
    public void The_faults_that_show_a_defect_break_nothing_without_it(Defect defect, ulong seed)
    {
        RunResult result = SimulationRun.Run(RunPlan.Draw(seed, ShortMicros, defect) with { Defect = Defect.None });

        result.Violations.ShouldBeEmpty(RunReport.Violations(result));
        result.Faults.Values.Sum().ShouldBeGreaterThan(0);
    }

    [Theory]
    [InlineData(Defect.ReplyBeforeSync, 1, 1)]
    [InlineData(Defect.ReplyBeforeWrite, 1, 1)]
    [InlineData(Defect.LyingDisk, 1, 1)]
    [InlineData(Defect.WipeUnnoticed, 1, 1)]
    [InlineData(Defect.OutrankedIsApplied, 1, 9)]
    [InlineData(Defect.IncompleteCounts, 3, 1)]
    [InlineData(Defect.WeakReads, 4, 1)]
    [InlineData(Defect.StoppedWallClock, 6, 1)]
    [InlineData(Defect.HintCountedInStrict, 3, 1)]
    [InlineData(Defect.HintDroppedBeforeAck, 1, 1)]
    public void A_deliberate_defect_is_caught_by_the_checker_of_its_invariant(Defect defect, int invariant, int firstSeed)
    {
        bool caught = false;
        for (int seed = firstSeed; seed < firstSeed + SeedsPerDefect && !caught; seed++)
        {
            RunResult result = SimulationRun.Run(RunPlan.Draw((ulong)seed, DefectMicros, defect));
            caught = result.Violations.Any(violation => violation.Invariant == invariant);
        }
        caught.ShouldBeTrue();
    }
}
