namespace Torc.Tests.Core.Repair;

public sealed class FloorModelTests
{
    private const int Steps = 1_500;

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    public void Nothing_deleted_comes_back_nothing_acknowledged_is_lost_and_replicas_agree(int replicas)
    {
        int raised = 0, collected = 0, pruned = 0;
        for (ulong seed = 1; seed <= 300; seed++)
        {
            FloorModel model = Run(seed, replicas);
            model.Violation.ShouldBeNull($"seed {seed}");
            raised += model.Raised;
            collected += model.Collected;
            pruned += model.Pruned;
        }
        raised.ShouldBeGreaterThan(200);
        collected.ShouldBeGreaterThan(50);
        pruned.ShouldBeGreaterThan(0);
    }

    [Fact]
    public void A_floor_that_is_raised_before_all_hold_everything_is_caught() =>
        Enumerable.Range(1, 300).Any(seed => Run((ulong)seed, 3, skipsHolding: true).Violation is not null).ShouldBeTrue();

    private static FloorModel Run(ulong seed, int replicas, bool skipsHolding = false)
    {
        var model = new FloorModel(seed, replicas, skipsHolding);
        for (int step = 0; step < Steps; step++)
            model.Step(withFaults: true);
        model.Settle();
        return model;
    }
}
