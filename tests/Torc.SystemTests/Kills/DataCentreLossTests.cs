using Torc.SystemTests.Harness;
using Torc.SystemTests.Processes;
using Xunit.Abstractions;

namespace Torc.SystemTests.Kills;

/// <summary>
/// Two data centres of three nodes, clients of the one at local levels, and kill -9 of the whole other one under load: once the loss is
/// noticed no client sees an error, and when the nodes come back they learn by themselves what they missed.
/// </summary>
public sealed class DataCentreLossTests(ITestOutputHelper output)
{
    private const int WorkersPerNode = 2;
    private const int WritesBefore = 5_000;
    private const int WritesMeanwhile = 20_000;
    private static readonly TimeSpan LoadPatience = TimeSpan.FromMinutes(3);

    /// <summary>The links of killed processes break at once.</summary>
    private static readonly TimeSpan DetectionTime = TimeSpan.FromSeconds(1);

    [SystemFact]
    public void Clients_of_the_other_data_centre_go_on_and_both_converge()
    {
        int seed = Environment.TickCount;
        using TorcCluster cluster = TorcCluster.StartDataCentres(
            2, 6, "--read-consistency=local_quorum", "--write-consistency=local_quorum", "--durability=everysec");
        TorcNode[] here = [cluster[0], cluster[2], cluster[4]], lost = [cluster[1], cluster[3], cluster[5]];
        var totals = new LoadTotals();
        LoadWorker[] workers = [.. Enumerable.Range(0, WorkersPerNode * here.Length)
            .Select(number => new LoadWorker(number, here[number % here.Length], totals, seed))];
        (long Refused, long Unknown) atLoss;
        foreach (LoadWorker worker in workers)
            worker.Start();
        try
        {
            totals.WaitForMore(WritesBefore, LoadPatience);
            Parallel.ForEach(lost, static node => node.Kill());
            Thread.Sleep(DetectionTime);
            atLoss = (totals.Refused, totals.Unknown);
            totals.WaitForMore(WritesMeanwhile, LoadPatience);
            (totals.Refused, totals.Unknown).ShouldBe(atLoss, $"seed {seed}: errors while the other data centre was gone");
            foreach (TorcNode node in here)
                node.WaitUntilReady();
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
        (totals.Refused, totals.Unknown).ShouldBe(atLoss, $"seed {seed}: errors while the other data centre came back");
        foreach (TorcNode node in here)
            ReadBack.Through(node, workers).Problems.ShouldBeEmpty($"seed {seed}");
        foreach (TorcNode node in lost)
            Wait.UntilHolds(() => ReadBack.Through(node, workers).Problems.ShouldBeEmpty($"seed {seed}"), LoadPatience);
        Figures.Report(output, $"loss of a data centre, seed {seed}: {totals.Acknowledged} writes acknowledged in the other one, "
            + $"at the moment of the loss {atLoss.Refused} refused and {atLoss.Unknown} unknown, afterwards none");
    }
}
