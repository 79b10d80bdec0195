using Torc.SystemTests.Harness;
using Torc.SystemTests.Processes;
using Xunit.Abstractions;

namespace Torc.SystemTests.Kills;

/// <summary>
/// One node alone, killed with kill -9 under load and started again: without a sync before each reply, too, it comes back with
/// everything that it acknowledged, because the operating system had it.
/// </summary>
public sealed class ProcessKillTests(ITestOutputHelper output)
{
    private const int Kills = 12;
    private const int Workers = 6;
    private const int UpMsMax = 400;

    [SystemTheory]
    [InlineData("everysec")]
    [InlineData("os")]
    public void A_killed_process_takes_nothing_along_that_it_acknowledged(string durability)
    {
        int seed = Environment.TickCount;
        var random = new Random(seed);
        using TorcCluster cluster = TorcCluster.Start(1, $"--durability={durability}");
        TorcNode node = cluster[0];
        var totals = new LoadTotals();
        LoadWorker[] workers = [.. Enumerable.Range(0, Workers).Select(number => new LoadWorker(number, node, totals, seed))];
        foreach (LoadWorker worker in workers)
            worker.Start();
        for (int kill = 0; kill < Kills && totals.Problem is null; kill++)
        {
            long before = totals.Acknowledged;
            Wait.Until("a write to be acknowledged between two kills", () => totals.Acknowledged > before || totals.Problem is not null);
            Thread.Sleep(random.Next(UpMsMax));
            node.Kill();
            node.Restart();
        }
        foreach (LoadWorker worker in workers)
            worker.Stop();
        (long wrong, IReadOnlyList<string> problems) = ReadBack.Through(node, workers);
        Figures.Report(output, $"kills of one node with {durability}, seed {seed}: {totals.Acknowledged} writes acknowledged, {Kills} kills, lost={wrong}");
        totals.Problem.ShouldBeNull($"seed {seed}");
        problems.ShouldBeEmpty($"seed {seed}");
    }
}
