using Torc.Simulator.Checkers;

namespace Torc.Tests.Simulator.Checkers;

public class ExpiryCheckerTests
{
    private readonly Scenario _scenario = new();

    private int[] Broken => _scenario.Broken(ExpiryChecker.Check);

    [Fact]
    public void A_value_is_gone_once_its_deadline_passed_on_every_clock()
    {
        _scenario.History.ClockErrorMsMax = 10;
        Operation write = _scenario.Write(0, 1, deadline: Scenario.Epoch + 100);
        _scenario.Read(99, 100, write);
        _scenario.Read(110, 120, write);
        Broken.ShouldBeEmpty();
        _scenario.Read(111, 120, write);
        Broken.ShouldBe([6]);
    }

    [Fact]
    public void A_deadline_that_may_have_been_moved_holds_the_value()
    {
        Operation write = _scenario.Write(0, 1, deadline: Scenario.Epoch + 100);
        _scenario.Do(OperationKind.Expire, 2, 3, OperationOutcome.Unknown, deadline: Scenario.Epoch + 300);
        _scenario.Read(200, 201, write);
        Broken.ShouldBeEmpty();
        _scenario.Read(301, 302, write);
        Broken.ShouldBe([6]);
    }

    [Fact]
    public void An_acknowledged_deadline_replaces_the_earlier_one()
    {
        Operation write = _scenario.Write(0, 1);
        _scenario.Do(OperationKind.Expire, 2, 3, deadline: Scenario.Epoch + 50);
        _scenario.Read(51, 52, write);
        Broken.ShouldBe([6]);
    }

    [Fact]
    public void A_deadline_that_was_not_applied_or_taken_away_holds_for_nothing()
    {
        Operation write = _scenario.Write(0, 1);
        _scenario.Do(OperationKind.Expire, 2, 3, OperationOutcome.NotApplied, deadline: Scenario.Epoch + 50);
        _scenario.Read(51, 52, write);
        Broken.ShouldBeEmpty();

        var persisted = new Scenario();
        Operation other = persisted.Write(0, 1, deadline: Scenario.Epoch + 50);
        persisted.Do(OperationKind.Expire, 2, 3);
        persisted.Read(100, 101, other);
        persisted.Broken(ExpiryChecker.Check).ShouldBeEmpty();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_deadline_taken_away_before_the_write_holds_it_only_when_the_two_may_have_missed_each_other(bool isHinted)
    {
        _scenario.Do(OperationKind.Expire, 0, 1);
        Operation write = _scenario.Write(2, 3, deadline: Scenario.Epoch + 50);
        write.MayBeHinted = isHinted;
        _scenario.Read(100, 101, write);
        Broken.ShouldBe(isHinted ? [] : [6]);
    }
}
