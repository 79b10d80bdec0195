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

    [Fact]
    public void The_oldest_runs_are_dropped_and_taken_to_be_found_by_the_oldest_that_is_left()
    {
        var runs = new LogRuns(new LogRun(1, 0));
        for (int run = 2; run <= LogRuns.KeptMax + 5; run++)
            runs = runs.Then(new LogRun((ulong)run, run * 100));
        runs.Earlier.Length.ShouldBe(LogRuns.KeptMax - 1);
        runs.Earlier[0].ShouldBe(new LogRun(6, 600));
        runs.FoundAfter(1).ShouldBe(600);
    }

    [Fact]
    public void Logs_of_one_node_are_summed_and_a_start_that_did_not_reach_all_of_them_does_not_count()
    {
        var left = new LogRuns(new LogRun(1, 10), new LogRun(2, 20), new LogRun(3, 30));
        var right = new LogRuns(new LogRun(1, 100), new LogRun(3, 300));
        LogRuns sum = LogRuns.Sum([left, right]);
        sum.ShouldBe(new LogRuns(new LogRun(1, 110), new LogRun(3, 330)));
        sum.FoundAfter(1).ShouldBe(330);
    }
}
