using System.Diagnostics;
using Torc.SystemTests.Harness;
using Torc.SystemTests.Processes;
using Xunit.Abstractions;

namespace Torc.SystemTests.Kills;

/// <summary>
/// The promise of the store: clients write at quorum while nodes are killed with kill -9 and started again, one after
/// the other and then all at once, and no acknowledged write is missing or undone, through any node.
/// <c>TORC_KILL_TEST=full</c> runs the million.
/// </summary>
public sealed class KillTests(ITestOutputHelper output)
{
    private const int WorkersPerNode = 4;
    private const int UpMsMax = 700;
    private const int DownMsMax = 700;
    private static readonly TimeSpan WritesPatience = TimeSpan.FromMinutes(10);

    /// <summary>With two of three nodes up, some client's writes are acknowledged at least this often.</summary>
    private static readonly TimeSpan PauseMax = TimeSpan.FromSeconds(10);

    [SystemFact]
    public void No_acknowledged_write_is_lost_by_kills_of_one_node_and_of_all()
    {
        KillScale scale = KillScale.Chosen;
        int seed = Environment.TickCount;
        var elapsed = Stopwatch.StartNew();
        using TorcCluster cluster = TorcCluster.Start(3);
        var totals = new LoadTotals();
        LoadWorker[] workers = [.. Enumerable.Range(0, WorkersPerNode * cluster.Nodes.Length)
            .Select(number => new LoadWorker(number, cluster[number % cluster.Nodes.Length], totals, seed))];
        TimeSpan pause = RunLoad(cluster, scale, workers, totals, seed);
        TimeSpan loaded = elapsed.Elapsed;
        (long Wrong, IReadOnlyList<string> Problems)[] readBack = [.. cluster.Nodes.Select(node => ReadBack.Through(node, workers))];

        Figures.Report(output, $"kill test, seed {seed}: {totals.Acknowledged} writes acknowledged, {totals.Unknown} unknown, {totals.Refused} refused, "
            + $"{totals.Reads} reads under load, {scale.SingleKills} kills of one node, {scale.KillsOfAll} of all three, longest pause with one node down {pause.TotalMilliseconds:0} ms, "
            + $"{loaded.TotalSeconds:0} s of load, {elapsed.Elapsed.TotalSeconds:0} s in all, lost={readBack.Max(static node => node.Wrong)}");
        totals.Problem.ShouldBeNull($"seed {seed}");
        readBack.SelectMany(static node => node.Problems).ShouldBeEmpty($"seed {seed}");
        totals.Acknowledged.ShouldBeGreaterThanOrEqualTo(scale.Writes);
        pause.ShouldBeLessThan(PauseMax, "clients of the nodes that are up do not stop");
    }

    /// <summary>The longest time without an acknowledged write while at most one node was down.</summary>
    private static TimeSpan RunLoad(TorcCluster cluster, KillScale scale, LoadWorker[] workers, LoadTotals totals, int seed)
    {
        var random = new Random(seed);
        foreach (LoadWorker worker in workers)
            worker.Start();
        try
        {
            KillOneByOne(cluster, scale.SingleKills, random, totals);
            TimeSpan pause = totals.TakeLongestPause();
            KillAllAtOnce(cluster, scale.KillsOfAll, random, totals);
            Wait.Until($"{scale.Writes} acknowledged writes", () => totals.Acknowledged >= scale.Writes || totals.Problem is not null, WritesPatience);
            return pause;
        }
        finally
        {
            foreach (LoadWorker worker in workers)
                worker.Stop();
        }
    }

    private static void KillOneByOne(TorcCluster cluster, int kills, Random random, LoadTotals totals)
    {
        for (int kill = 0; kill < kills && totals.Problem is null; kill++)
        {
            TorcNode victim = cluster[kill % cluster.Nodes.Length];
            Thread.Sleep(random.Next(UpMsMax));
            victim.Kill();
            Thread.Sleep(random.Next(DownMsMax));
            victim.Restart();
        }
    }

    private static void KillAllAtOnce(TorcCluster cluster, int kills, Random random, LoadTotals totals)
    {
        for (int kill = 0; kill < kills && totals.Problem is null; kill++)
        {
            long before = totals.Acknowledged;
            Wait.Until("a write to be acknowledged between two kills", () => totals.Acknowledged > before || totals.Problem is not null);
            Thread.Sleep(random.Next(UpMsMax));
            cluster.KillAll();
            cluster.StartAll();
        }
    }
}
