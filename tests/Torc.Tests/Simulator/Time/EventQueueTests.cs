using Torc.Base;
using Torc.Simulator.Time;

namespace Torc.Tests.Simulator.Time;

public class EventQueueTests
{
    [Fact]
    public void Events_run_by_time_and_then_by_the_order_they_were_scheduled_in()
    {
        var queue = new EventQueue();
        var ran = new List<string>();
        queue.After(20, 1, () => ran.Add("20a"));
        queue.After(10, 2, () =>
        {
            ran.Add("10");
            queue.After(10, 3, () => ran.Add("20c"));
            queue.After(0, 4, () => ran.Add("10 again"));
        });
        queue.After(20, 5, () => ran.Add("20b"));

        queue.RunUntil(20);

        ran.ShouldBe(["10", "10 again", "20a", "20b", "20c"]);
        queue.NowMicros.ShouldBe(20);
    }

    [Fact]
    public void Later_events_wait_and_cancelled_ones_never_run()
    {
        var queue = new EventQueue();
        int ran = 0;
        queue.After(21, 1, () => ran++);
        queue.After(5, 2, () => ran++).Cancel();

        queue.RunUntil(20);
        ran.ShouldBe(0);
        queue.NowMicros.ShouldBe(20);
        queue.RunUntil(21);
        ran.ShouldBe(1);
        queue.EventsRun.ShouldBe(1);
    }

    [Fact]
    public void The_hash_tells_runs_apart_that_differ_in_time_label_order_or_observation()
    {
        ulong[] hashes =
        [
            HashOf((1, 1, 0), (2, 2, 0)),
            HashOf((1, 2, 0), (2, 1, 0)),
            HashOf((1, 1, 0), (3, 2, 0)),
            HashOf((1, 1, 0), (2, 2, 9)),
        ];
        hashes.ShouldBeUnique();
        HashOf((1, 1, 0), (2, 2, 0)).ShouldBe(hashes[0]);
    }

    [Fact]
    public void A_drifting_clock_jumps_and_is_corrected_without_moving_the_monotonic_one_back()
    {
        var queue = new EventQueue();
        var clock = new NodeClock(queue, epochWallMs: 1_000_000);
        clock.SetDrift(1000);
        queue.RunUntil(10_000_000);
        clock.Now.ShouldBe(new Instant(10_010_000, 1_010_010));
        clock.ErrorMs.ShouldBe(10);

        clock.Jump(-500);
        clock.Now.MonotonicMicros.ShouldBe(10_010_000);
        clock.ErrorMs.ShouldBe(-490);

        clock.SetDrift(0);
        clock.Correct();
        clock.ErrorMs.ShouldBe(0);
        clock.Now.MonotonicMicros.ShouldBe(10_010_000);
    }

    private static ulong HashOf(params (long Delay, ulong Label, ulong Observed)[] events)
    {
        var queue = new EventQueue();
        foreach ((long delay, ulong label, ulong observed) in events)
        {
            queue.After(delay, label, () =>
            {
                if (observed != 0)
                    queue.Observe(observed);
            });
        }
        queue.RunUntil(100);
        return queue.Hash;
    }
}
