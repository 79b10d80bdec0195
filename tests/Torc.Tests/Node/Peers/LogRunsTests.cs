using Torc.Node.Peers;

namespace Torc.Tests.Node.Peers;

/// <summary>What a log knows of its runs, and what a node of several logs makes of that.</summary>
public class LogRunsTests
{
    [Fact]
    public void What_was_found_of_a_run_is_told_by_the_next()
    {
        LogRuns runs = new LogRuns(new LogRun(10, 0)).Then(new LogRun(30, 500)).Then(new LogRun(20, 900));
        runs.FoundAfter(10).ShouldBe(500);
        runs.FoundAfter(30).ShouldBe(900);
        runs.FoundAfter(40).ShouldBe(0, "a run that the log does not know wrote nothing that is there");
        runs.Newest.ShouldBe(new LogRun(20, 900));
    }

    /// <summary>Else as many starts as are kept, in which nobody was reached, would hide that a log was put back.</summary>
    [Fact]
    public void A_run_that_told_nobody_leaves_what_it_found()
    {
        LogRuns runs = new LogRuns(new LogRun(1, 0)).Then(new LogRun(2, 500));
        for (ulong alone = 3; alone < 100; alone++)
            runs = runs.Instead(alone);
        runs.ShouldBe(new LogRuns(new LogRun(1, 0), new LogRun(99, 500)));
    }

    [Fact]
    public void Of_many_runs_the_oldest_are_forgotten_and_taken_for_lost()
    {
        var runs = new LogRuns(new LogRun(1, 7));
        for (int run = 2; run <= LogRuns.KeptMax + 5; run++)
            runs = runs.Then(new LogRun((ulong)run, run * 100));
        runs.Earlier.Length.ShouldBe(LogRuns.KeptMax - 1);
        runs.FoundAfter(6).ShouldBe(7);
        runs.FoundAfter(7).ShouldBe(800);
        LogRuns.Sum(runs, runs).FoundAfter(6).ShouldBe(14);
        LogRuns.Sum(runs, runs).FoundAfter(7).ShouldBe(1_600);
    }

    [Fact]
    public void Logs_of_one_node_are_summed_and_a_run_that_only_some_know_leaves_what_it_found()
    {
        var left = new LogRuns(new LogRun(1, 10), new LogRun(2, 20), new LogRun(3, 30));
        var right = new LogRuns(new LogRun(1, 100), new LogRun(3, 300));
        LogRuns.Sum(left, right).ShouldBe(new LogRuns(new LogRun(1, 110), new LogRun(3, 320)));
    }
}
