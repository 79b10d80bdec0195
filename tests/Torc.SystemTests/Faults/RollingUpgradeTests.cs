using Torc.SystemTests.Harness;
using Torc.SystemTests.Kills;
using Torc.SystemTests.Processes;
using Torc.SystemTests.Wire;
using Xunit.Abstractions;

namespace Torc.SystemTests.Faults;

/// <summary>
/// Nodes are stopped and started with the next level, one by one, under load. The nodes of two levels work together; the cluster rises to the next one when the
/// last node agrees, and then takes none that does not.
/// </summary>
public sealed class RollingUpgradeTests(ITestOutputHelper output)
{
    private const string Older = "--level-max=2";
    private const int Stops = 3; // of four: the last one stays with the clients
    private const int WritesBetween = 1_000;
    private const int RestMs = 2;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    [SystemFact]
    public void Nothing_is_lost_or_refused_and_what_is_new_waits_for_the_last_node()
    {
        int seed = Environment.TickCount;
        using TorcCluster cluster = TorcCluster.Start(4, Older);
        LevelOf(cluster[0]).ShouldBe("2");
        TorcNode stays = cluster[3];
        var totals = new LoadTotals { MayReadOldValues = true }; // hints of the moments when a node was away
        LoadWorker[] workers = [.. Enumerable.Range(0, 2).Select(number => new LoadWorker(number, stays, totals, seed) { RestMs = RestMs })];
        foreach (LoadWorker worker in workers)
            worker.Start();
        try
        {
            totals.WaitForMore(WritesBetween, Patience);
            foreach (TorcNode node in cluster.Nodes[..Stops])
            {
                node.StopCleanly();
                node.RestartWithout(Older);
                totals.WaitForMore(WritesBetween, Patience);
                LevelOf(node).ShouldBe("2", "node 3 does not agree yet");
            }
        }
        finally
        {
            foreach (LoadWorker worker in workers)
                worker.Stop();
        }
        totals.Problem.ShouldBeNull($"seed {seed}");
        totals.Refused.ShouldBe(0, $"seed {seed}");
        totals.Unknown.ShouldBe(0, $"a node that stops answers what it coordinates for others first, seed {seed}");
        stays.StopCleanly();
        stays.RestartWithout(Older);
        foreach (TorcNode node in cluster.Nodes)
            Wait.Until($"node {node.Id} to be at level 3", () => LevelOf(node) == "3");
        Wait.UntilHolds(() => ReadBack.Through(cluster[0], workers).Problems.ShouldBeEmpty($"seed {seed}"), Patience);
        Figures.Report(output, $"rolling upgrade of four nodes, seed {seed}: {totals.Acknowledged} writes acknowledged, none refused, none unknown");

        // A member keeps to its cluster's level, whatever it is told; who is none has to agree.
        cluster[1].StopCleanly();
        cluster[1].RestartWith(Older);
        LevelOf(cluster[1]).ShouldBe("3");
    }

    private static string LevelOf(TorcNode node)
    {
        using RespClient client = node.Connect();
        string line = client.Text("INFO", "cluster")!.Split("\r\n").Single(static line => line.StartsWith("torc_level:", StringComparison.Ordinal));
        return line["torc_level:".Length..];
    }
}
