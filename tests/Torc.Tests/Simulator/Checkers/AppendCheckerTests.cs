using Torc.Core.Replication;
using Torc.Simulator.Checkers;

namespace Torc.Tests.Simulator.Checkers;

public class AppendCheckerTests
{
    private readonly Scenario _scenario = new();

    private int[] Broken => _scenario.Broken(AppendChecker.Check);

    [Fact]
    public void Appends_one_after_the_other_are_all_there()
    {
        Operation first = _scenario.Do(OperationKind.Append, 0, 1);
        Operation second = _scenario.Do(OperationKind.Append, 2, 3);
        Operation third = _scenario.Do(OperationKind.Append, 4, 5);
        _scenario.Read(6, 7, first, second, third);
        Broken.ShouldBeEmpty();
        _scenario.Read(6, 7, first, third);
        Broken.ShouldBe([1]);
    }

    [Fact]
    public void An_append_that_another_overlapped_may_be_overwritten()
    {
        Operation first = _scenario.Do(OperationKind.Append, 0, 1);
        _scenario.Do(OperationKind.Append, 2, 5);
        Operation third = _scenario.Do(OperationKind.Append, 3, 4);
        Operation fourth = _scenario.Do(OperationKind.Append, 6, 7);
        _scenario.Read(8, 9, first, third, fourth);
        Broken.ShouldBeEmpty();
    }

    [Fact]
    public void An_unknown_append_from_before_may_overwrite_and_one_from_after_may_not()
    {
        _scenario.Do(OperationKind.Append, 0, 1, OperationOutcome.Unknown);
        _scenario.Do(OperationKind.Append, 2, 3);
        Operation third = _scenario.Do(OperationKind.Append, 4, 5);
        _scenario.Read(6, 7, third);
        Broken.ShouldBeEmpty();

        var other = new Scenario();
        other.Do(OperationKind.Append, 2, 3);
        Operation unknown = other.Do(OperationKind.Append, 4, 5, OperationOutcome.Unknown);
        other.Read(6, 7, unknown);
        other.Broken(AppendChecker.Check).ShouldBe([1]);
    }

    [Theory]
    [InlineData(ConsistencyLevel.LocalQuorum, false)]
    [InlineData(ConsistencyLevel.Quorum, true)]
    public void An_append_between_that_need_not_have_read_the_one_before_may_hide_it(ConsistencyLevel between, bool isLost)
    {
        _scenario.Do(OperationKind.Append, 0, 1);
        Operation second = _scenario.Do(OperationKind.Append, 2, 3, level: between);
        Operation third = _scenario.Do(OperationKind.Append, 4, 5);
        _scenario.Read(6, 7, second, third);
        Broken.ShouldBe(isLost ? [1] : []);
    }

    [Fact]
    public void A_write_or_delete_resets_what_was_appended()
    {
        _scenario.Do(OperationKind.Append, 0, 1);
        _scenario.Do(OperationKind.Delete, 2, 3);
        Operation last = _scenario.Do(OperationKind.Append, 4, 5);
        _scenario.Read(6, 7, last);
        Broken.ShouldBeEmpty();
    }

    [Fact]
    public void A_delete_from_before_the_append_resets_nothing()
    {
        _scenario.Do(OperationKind.Delete, 0, 1);
        _scenario.Do(OperationKind.Append, 2, 3);
        Operation last = _scenario.Do(OperationKind.Append, 4, 5);
        _scenario.Read(6, 7, last);
        Broken.ShouldBe([1]);
    }

    [Theory]
    [InlineData(ConsistencyLevel.One, true)]
    [InlineData(ConsistencyLevel.Quorum, false)]
    public void A_write_from_before_may_outrank_an_append_whose_read_need_not_have_met_it(ConsistencyLevel level, bool may)
    {
        Operation write = _scenario.Do(OperationKind.Write, 0, 1, level: level);
        _scenario.Do(OperationKind.Append, 2, 3);
        Operation last = _scenario.Do(OperationKind.Append, 4, 5);
        _scenario.Read(6, 7, write, last);
        Broken.ShouldBe(may ? [] : [1]);
    }

    [Fact]
    public void A_weak_write_from_before_excuses_no_value_that_does_not_begin_with_it()
    {
        _scenario.Do(OperationKind.Write, 0, 1, level: ConsistencyLevel.One);
        _scenario.Do(OperationKind.Append, 2, 3);
        Operation last = _scenario.Do(OperationKind.Append, 4, 5);
        _scenario.Read(6, 7, last);
        Broken.ShouldBe([1]);
    }

    [Fact]
    public void A_weak_delete_from_before_may_outrank_an_append()
    {
        _scenario.Do(OperationKind.Delete, 0, 1, level: ConsistencyLevel.One);
        _scenario.Do(OperationKind.Append, 2, 3);
        Operation last = _scenario.Do(OperationKind.Append, 4, 5);
        _scenario.Read(6, 7, last);
        Broken.ShouldBeEmpty();
    }
}
