using System.Diagnostics;
using Torc.Server.Bench.Driving;

namespace Torc.Tests.Server.Bench.Driving;

/// <summary>How much is sent when: schedules and the end of a run. Time is given, never waited for.</summary>
public sealed class PacingTests
{
    private static readonly long Second = Stopwatch.Frequency;

    [Fact]
    public void With_a_rate_operations_are_due_at_even_distances_from_the_first_on()
    {
        var schedule = new Schedule(10, beganAt: 5 * Second);
        schedule.Due(5 * Second - 1, 100).ShouldBe(0);
        schedule.Due(5 * Second, 100).ShouldBe(1);
        schedule.Take(5 * Second).ShouldBe(5 * Second);
        schedule.NextDueAt.ShouldBe(5 * Second + Second / 10);
        schedule.Due(5 * Second + Second / 20, 100).ShouldBe(0);
    }

    [Fact]
    public void An_operation_that_was_held_up_counts_from_when_it_was_due()
    {
        var schedule = new Schedule(10, beganAt: 0);
        schedule.Due(Second, 4).ShouldBe(4);
        schedule.Due(Second, 100).ShouldBe(11);
        Enumerable.Range(0, 11).Select(_ => schedule.Take(Second)).ShouldBe(Enumerable.Range(0, 11).Select(static i => i * Second / 10));
        schedule.Due(Second, 100).ShouldBe(0);
    }

    [Fact]
    public void Without_a_rate_everything_is_due_and_counts_from_now()
    {
        var schedule = new Schedule(0, beganAt: 0);
        schedule.HasRate.ShouldBeFalse();
        schedule.Due(7, 16).ShouldBe(16);
        schedule.Take(7).ShouldBe(7);
    }

    [Fact]
    public void Requests_are_granted_exactly_and_those_of_the_warm_up_are_not_among_them()
    {
        var phase = new Phase(measureFrom: 100, measureUntil: 200, requests: 50);
        phase.Grant(99, 16).ShouldBe(16);
        Enumerable.Range(0, 5).Select(_ => phase.Grant(1_000, 16)).ShouldBe([16, 16, 16, 2, 0]);
    }

    [Fact]
    public void Without_a_number_of_requests_time_ends_the_run()
    {
        var phase = new Phase(measureFrom: 100, measureUntil: 200, requests: 0);
        phase.IsMeasured(99).ShouldBeFalse();
        phase.IsMeasured(100).ShouldBeTrue();
        phase.Grant(199, 16).ShouldBe(16);
        phase.Grant(200, 16).ShouldBe(0);
    }

    [Fact]
    public void A_run_that_is_cancelled_grants_nothing_more()
    {
        var phase = new Phase(measureFrom: 0, measureUntil: 200, requests: 100);
        phase.Cancel();
        phase.Grant(10, 16).ShouldBe(0);
    }
}
