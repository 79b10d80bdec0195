using Torc.Core.Replication;
using Torc.Simulator.Checkers;

namespace Torc.Tests.Simulator.Checkers;

public class StaleReadCheckerTests
{
    private readonly Scenario _scenario = new();

    private int[] Broken => _scenario.Broken(StaleReadChecker.Check);

    [Fact]
    public void The_last_write_or_any_concurrent_one_may_be_read()
    {
        Operation first = _scenario.Write(0, 10);
        Operation second = _scenario.Write(5, 15);
        _scenario.Read(20, 21, first);
        _scenario.Read(22, 23, second);
        _scenario.Read(24, 25, first);
        Broken.ShouldBeEmpty("overlapping writes went either way, and a restamped one may come back");
    }

    [Fact]
    public void An_acknowledged_write_that_a_later_read_does_not_see_is_lost()
    {
        Operation first = _scenario.Write(0, 10);
        _scenario.Write(20, 30);
        _scenario.Read(40, 41, first);
        Broken.ShouldBe([1]);
    }

    [Fact]
    public void A_read_that_overlaps_the_later_write_may_see_the_earlier()
    {
        Operation first = _scenario.Write(0, 10);
        _scenario.Write(20, 30);
        _scenario.Read(29, 41, first);
        Broken.ShouldBeEmpty();
    }

    [Fact]
    public void An_unknown_write_may_take_effect_at_any_time_and_be_outranked_at_any_time()
    {
        Operation known = _scenario.Write(0, 10);
        Operation unknown = _scenario.Write(1, 11, OperationOutcome.Unknown);
        Operation unanswered = _scenario.Unanswered(OperationKind.Write, 12);
        Operation later = _scenario.Write(20, 30);
        _scenario.Read(40, 41, later);
        _scenario.Read(42, 43, unanswered);
        _scenario.Read(44, 45, unknown);
        Broken.ShouldBeEmpty();
        _scenario.Read(46, 47, known);
        Broken.Length.ShouldBe(1, "the acknowledged write and both earlier reads forbid it");
    }

    [Fact]
    public void Nil_after_an_acknowledged_write_needs_a_delete()
    {
        _scenario.Read(0, 1);
        _scenario.Write(2, 3);
        _scenario.Read(2, 4);
        Broken.ShouldBeEmpty();
        _scenario.Read(5, 6);
        Broken.ShouldBe([1]);
    }

    [Theory]
    [InlineData(OperationOutcome.Done, false)]
    [InlineData(OperationOutcome.Unknown, false)]
    [InlineData(OperationOutcome.Refused, true)]
    public void A_delete_explains_nil_unless_it_was_refused(OperationOutcome outcome, bool broken)
    {
        _scenario.Write(0, 1);
        _scenario.Do(OperationKind.Delete, 2, 3, outcome);
        _scenario.Read(4, 5);
        Broken.Length.ShouldBe(broken ? 1 : 0);
    }

    [Fact]
    public void A_delete_from_before_the_write_explains_nothing()
    {
        _scenario.Do(OperationKind.Delete, 0, 1);
        _scenario.Write(2, 3);
        _scenario.Read(4, 5);
        Broken.ShouldBe([1]);
    }

    [Fact]
    public void A_value_from_before_an_acknowledged_delete_is_a_delete_undone()
    {
        Operation write = _scenario.Write(0, 1);
        _scenario.Do(OperationKind.Delete, 2, 3);
        _scenario.Read(4, 5, write);
        Broken.ShouldBe([1]);
    }

    [Fact]
    public void Values_that_nobody_wrote_there_or_then_are_caught()
    {
        Operation refused = _scenario.Write(0, 1, OperationOutcome.Refused);
        Operation notApplied = _scenario.Do(OperationKind.WriteIfAbsent, 0, 1, OperationOutcome.NotApplied);
        _scenario.Read(2, 3, refused);
        _scenario.Read(2, 3, notApplied);
        _scenario.ReadValue(ConsistencyLevel.One, 2, 3, "99:xxx;");
        _scenario.ReadValue(ConsistencyLevel.One, 2, 3, "garbage");
        Broken.ShouldBe([1, 1, 1, 1]);
    }

    [Fact]
    public void Damaged_bytes_in_a_value_are_caught()
    {
        Operation write = _scenario.Write(0, 1);
        _scenario.ReadValue(ConsistencyLevel.Quorum, 2, 3, write.Value!.Replace("xxx", "xyx", StringComparison.Ordinal));
        Broken.ShouldBe([1]);
    }

    [Fact]
    public void A_value_cannot_be_read_before_it_is_written()
    {
        Operation read = _scenario.ReadValue(ConsistencyLevel.Quorum, 0, 1, Tokens.Make(2, 3));
        Operation write = _scenario.Write(5, 6);
        read.Value.ShouldBe(write.Value);
        Broken.ShouldBe([1]);
    }

    [Fact]
    public void A_token_that_was_appended_twice_is_caught()
    {
        Operation write = _scenario.Write(0, 1);
        Operation append = _scenario.Do(OperationKind.Append, 2, 3);
        _scenario.Read(4, 5, write, append);
        Broken.ShouldBeEmpty();
        _scenario.Read(6, 7, write, append, append);
        Broken.ShouldBe([1]);
    }

    [Fact]
    public void Strong_reads_do_not_go_back_even_to_explain_an_unknown_write()
    {
        Operation first = _scenario.Write(0, 10);
        Operation unknown = _scenario.Write(20, 30, OperationOutcome.Unknown);
        _scenario.Read(40, 41, unknown);
        _scenario.Read(50, 51, first);
        Broken.ShouldBe([4]);
    }

    [Fact]
    public void Weak_reads_prove_nothing_and_are_held_to_nothing()
    {
        Operation first = _scenario.Write(0, 10);
        Operation unknown = _scenario.Write(20, 30, OperationOutcome.Unknown);
        _scenario.ReadAt(ConsistencyLevel.One, 40, 41, unknown);
        _scenario.Read(50, 51, first);
        _scenario.Do(OperationKind.Write, 60, 61);
        _scenario.ReadAt(ConsistencyLevel.One, 70, 71, first);
        Broken.ShouldBeEmpty();
    }

    [Fact]
    public void A_read_at_one_sees_what_was_written_at_all()
    {
        Operation first = _scenario.Do(OperationKind.Write, 0, 10);
        _scenario.Do(OperationKind.Write, 20, 30, level: ConsistencyLevel.All);
        _scenario.ReadAt(ConsistencyLevel.One, 40, 41, first);
        Broken.ShouldBe([1]);
    }

    [Fact]
    public void A_write_may_be_lost_only_with_as_many_nodes_at_once_as_hold_it()
    {
        Operation first = _scenario.Write(0, 10);
        _scenario.Write(20, 30);
        _scenario.Lost(0, 31);
        _scenario.Recovered(0, 35);
        _scenario.Lost(1, 36);
        _scenario.Recovered(1, 38);
        _scenario.Read(40, 41, first);
        Broken.ShouldBe([1], "one node at a time");
        _scenario.Lost(1, 50);
        _scenario.Lost(2, 55);
        _scenario.Read(60, 61, first);
        Broken.ShouldBe([1], "the second read is excused, the first is not");
    }

    [Fact]
    public void Setting_if_absent_says_that_the_key_was_absent()
    {
        _scenario.Write(0, 1);
        _scenario.Do(OperationKind.WriteIfAbsent, 2, 3, OperationOutcome.NotApplied);
        Broken.ShouldBeEmpty();
        _scenario.Do(OperationKind.WriteIfAbsent, 4, 5);
        Broken.ShouldBe([1]);
    }

    [Fact]
    public void A_delete_that_found_nothing_says_so_too_and_does_not_excuse_itself()
    {
        _scenario.Do(OperationKind.Delete, 0, 1, OperationOutcome.NotApplied);
        _scenario.Write(2, 3);
        _scenario.Do(OperationKind.Delete, 4, 5, OperationOutcome.NotApplied);
        Broken.ShouldBe([1]);
    }

    [Fact]
    public void Nil_is_explained_by_a_deadline_that_may_have_passed_on_some_clock()
    {
        _scenario.History.ClockErrorMsMax = 10;
        _scenario.Write(0, 1, deadline: Scenario.Epoch + 100);
        _scenario.Read(88, 89);
        Broken.ShouldBe([1]);
        _scenario.Read(90, 91);
        Broken.ShouldBe([1], "only the first read is too early");
    }

    [Fact]
    public void A_deadline_that_was_taken_away_explains_nothing()
    {
        _scenario.Write(0, 1, deadline: Scenario.Epoch + 100);
        _scenario.Do(OperationKind.Expire, 2, 3);
        _scenario.Read(200, 201);
        Broken.ShouldBe([1]);
    }

    [Fact]
    public void An_append_keeps_the_deadline()
    {
        _scenario.Write(0, 1, deadline: Scenario.Epoch + 100);
        _scenario.Do(OperationKind.Append, 2, 3);
        _scenario.Read(200, 201);
        Broken.ShouldBeEmpty();
    }
}
