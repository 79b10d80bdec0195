using Torc.Simulator.Checkers;
using Torc.Simulator.Faults;
using Torc.Simulator.Runs;

namespace Torc.Tests.Simulator.Runs;

public class ShrinkerTests
{
    private const long DurationMicros = 60_000_000;

    [Fact]
    public void What_does_not_matter_is_left_out()
    {
        RunPlan plan = Enumerable.Range(1, 100).Select(seed => RunPlan.Draw((ulong)seed, DurationMicros)).First(drawn => drawn.Faults.Length > 20);
        int first = plan.Faults[3].Number, second = plan.Faults[11].Number;
        long needed = plan.Faults[11].AtMicros + 1;

        RunResult smallest = Shrinker.Shrink(Run(plan), Run, () => true);

        smallest.Plan.Faults.Select(fault => fault.Number).ShouldBe([first, second]);
        smallest.Plan.Clients.ShouldBe([1]);
        smallest.Plan.DurationMicros.ShouldBeInRange(needed, needed + 500_000);
        smallest.Plan.IsDropped(1, 5).ShouldBeFalse();
        Enumerable.Range(0, 20).Count(number => !smallest.Plan.IsDropped(1, number)).ShouldBe(1);

        RunResult Run(RunPlan tried)
        {
            HashSet<int> faults = [.. tried.Faults.Select(fault => fault.Number)];
            bool fails = faults.Contains(first) && faults.Contains(second) && tried.Clients.Contains(1)
                && !tried.IsDropped(1, 5) && tried.DurationMicros >= needed;
            return ResultOf(tried, fails);
        }
    }

    [Fact]
    public void Another_violation_than_the_first_does_not_count()
    {
        RunPlan plan = RunPlan.Draw(2, DurationMicros);

        RunResult smallest = Shrinker.Shrink(
            ResultOf(plan, true), tried => ResultOf(tried, true) with { Violations = [new Violation(9, "another")] }, () => true);

        smallest.Plan.ShouldBe(plan);
    }

    [Fact]
    public void It_stops_when_told()
    {
        RunPlan plan = RunPlan.Draw(2, DurationMicros);
        int runs = 0;

        RunResult smallest = Shrinker.Shrink(ResultOf(plan, true), tried => ResultOf(tried, runs++ >= 0), () => runs < 3);

        runs.ShouldBe(3);
        smallest.Violations.ShouldNotBeEmpty();
    }

    private static RunResult ResultOf(RunPlan plan, bool fails) => new(
        plan, 0, 0, 0, fails ? [new Violation(1, "it")] : [], new Dictionary<OperationOutcome, int>(), new Dictionary<FaultKind, int>(),
        new Dictionary<string, long>())
    {
        OperationsPerClient = plan.Clients.ToDictionary(client => client, _ => 20),
    };
}
