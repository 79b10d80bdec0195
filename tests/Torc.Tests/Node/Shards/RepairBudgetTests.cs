using Torc.Base;
using Torc.Node.Shards;

namespace Torc.Tests.Node.Shards;

public sealed class RepairBudgetTests
{
    private const long Rate = 1_000_000;

    [Fact]
    public void A_second_lets_through_what_it_may_and_one_row_more()
    {
        var budget = new RepairBudget(Rate);
        budget.Refill(default);
        long taken = 0;
        const int rowBytes = 3_000;
        for (int millis = 0; millis < 1_000; millis += 20)
        {
            budget.Refill(At(millis));
            for (; budget.HasRoom; taken += rowBytes)
                budget.Take(rowBytes);
        }
        taken.ShouldBeInRange(Rate * 9 / 10, Rate * 12 / 10);
    }

    [Fact]
    public void A_great_row_is_waited_for_as_long_as_it_is_great()
    {
        var budget = new RepairBudget(Rate);
        budget.Take((int)Rate * 2);
        int millis = 0;
        for (; !budget.HasRoom; millis += 20)
            budget.Refill(At(millis));
        millis.ShouldBeInRange(1_800, 2_200);
    }

    [Fact]
    public void A_pause_saves_up_a_moment_only()
    {
        var budget = new RepairBudget(Rate);
        budget.Refill(At(100_000));
        budget.Take((int)Rate / 5);
        budget.HasRoom.ShouldBeFalse();
    }

    private static Instant At(long millis) => new(millis * Instant.MicrosPerMs, 0);
}
