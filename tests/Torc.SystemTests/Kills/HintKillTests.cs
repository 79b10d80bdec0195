using System.Globalization;
using Torc.SystemTests.Harness;
using Torc.SystemTests.Processes;
using Torc.SystemTests.Wire;
using Xunit.Abstractions;

namespace Torc.SystemTests.Kills;

/// <summary>
/// kill -9 under load at the defaults: quorum, three copies, sloppy. Once the loss is noticed no write fails, and the nodes that come back have
/// every value by themselves, in their own copies.
/// </summary>
public sealed class HintKillTests(ITestOutputHelper output)
{
    private const int WorkersPerNode = 1;
    private const int WritesBefore = 1_000;
    private const int WritesMeanwhile = 4_000;
    private static readonly TimeSpan LoadPatience = TimeSpan.FromMinutes(1);

    /// <summary>The links of killed processes break at once.</summary>
    private static readonly TimeSpan DetectionTime = TimeSpan.FromSeconds(1);

    [SystemTheory]
    [InlineData(3, 1)]
    [InlineData(5, 2)]
    public void Writes_go_on_without_an_error_and_those_who_come_back_get_all(int nodes, int kills)
    {
        int seed = Environment.TickCount;
        using TorcCluster cluster = TorcCluster.Start(nodes);
        TorcNode[] lost = cluster.Nodes[^kills..], left = cluster.Nodes[..^kills];
        var totals = new LoadTotals();
        LoadWorker[] workers = [.. Enumerable.Range(0, WorkersPerNode * left.Length).Select(number => new LoadWorker(number, left[number % left.Length], totals, seed))];
        (long Refused, long Unknown) atLoss;
        long kept;
        foreach (LoadWorker worker in workers)
            worker.Start();
        try
        {
            totals.WaitForMore(WritesBefore, LoadPatience);
            Parallel.ForEach(lost, static node => node.Kill());
            Thread.Sleep(DetectionTime);
            atLoss = (totals.Refused, totals.Unknown);
            totals.WaitForMore(WritesMeanwhile, LoadPatience);
            (totals.Refused, totals.Unknown).ShouldBe(atLoss, $"seed {seed}: errors while {kills} of {nodes} nodes were down");
            kept = left.Sum(HintBytes);
            totals.MayReadOldValues = kept > 0;
            foreach (TorcNode node in lost)
                node.Start();
            cluster.WaitUntilReady();
            totals.WaitForMore(WritesBefore, LoadPatience);
        }
        finally
        {
            foreach (LoadWorker worker in workers)
                worker.Stop();
        }
        totals.Problem.ShouldBeNull($"seed {seed}");
        (totals.Refused, totals.Unknown).ShouldBe(atLoss, $"seed {seed}: errors while nodes came back");
        (kept > 0).ShouldBe(nodes > 3, "with as many nodes as copies nobody can stand in");
        Wait.Until("every hint to be delivered", () => cluster.Nodes.Sum(HintBytes) == 0);
        foreach (TorcNode node in cluster.Nodes)
            Wait.UntilHolds(() => ReadBack.Through(node, workers, level: "ONE").Problems.ShouldBeEmpty($"seed {seed}"), LoadPatience);
        foreach (TorcNode node in cluster.Nodes)
            ReadBack.Through(node, workers).Problems.ShouldBeEmpty($"seed {seed}");
        Figures.Report(output, $"kill of {kills} of {nodes} nodes, seed {seed}: {totals.Acknowledged} writes acknowledged, at the kill {atLoss.Refused} refused and "
            + $"{atLoss.Unknown} unknown, afterwards none; {kept} bytes of hints were kept, and delivered");
    }

    /// <summary>What a node's INFO says of the hints that it keeps.</summary>
    private static long HintBytes(TorcNode node)
    {
        const string name = "torc_hint_bytes:";
        using RespClient client = node.Connect();
        string line = client.Text("INFO")!.Split("\r\n").Single(static line => line.StartsWith(name, StringComparison.Ordinal));
        return long.Parse(line[name.Length..], CultureInfo.InvariantCulture);
    }
}
