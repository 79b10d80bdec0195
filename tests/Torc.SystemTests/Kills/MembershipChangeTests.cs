using System.Globalization;
using Torc.SystemTests.Harness;
using Torc.SystemTests.Processes;
using Xunit.Abstractions;

namespace Torc.SystemTests.Kills;

/// <summary>
/// A cluster of five under load whose members come, go, are replaced and change their weights, one random change after another, with kill -9 of
/// members in the middle: clients of the two nodes that stay see next to nothing, and no acknowledged write is lost.
/// </summary>
public sealed class MembershipChangeTests(ITestOutputHelper output)
{
    private const int NodesAtStart = 5;
    private const int NodesLeast = 4;
    private const int NodesMost = 7;
    private const int WorkersPerNode = 2;
    private const int WritesBefore = 2_000;

    // Enough that a kill always meets writes, and little enough that copying them is not all that a hundred changes do.
    private const int NewKeysMax = 25_000;
    private const int RestMs = 5;
    private const double AnsweredAtLeast = 0.999;
    private static readonly TimeSpan ChangePatience = TimeSpan.FromMinutes(2);
    private static readonly int Changes = Environment.GetEnvironmentVariable("TORC_KILL_TEST") == "full" ? 100 : 8;

    [SystemFact]
    public void A_cluster_that_changes_under_load_and_kills_loses_nothing()
    {
        int seed = Environment.TickCount;
        using var members = new ChangingCluster(NodesAtStart, seed);
        var totals = new LoadTotals();
        LoadWorker[] workers = [.. Enumerable.Range(0, 2 * WorkersPerNode).Select(number => new LoadWorker(number, members.Stayers[number % 2], totals, seed) { NewKeysMax = NewKeysMax, RestMs = RestMs })];
        foreach (LoadWorker worker in workers)
            worker.Start();
        var told = new List<string>();
        try
        {
            totals.WaitForMore(WritesBefore, ChangePatience);
            for (int change = 0; change < Changes && totals.Problem is null; change++)
            {
                told.Add(members.ChangeSomething(NodesLeast, NodesMost));
                Wait.Until($"the end of change {change}: {told[^1]} (seed {seed})", members.IsSettled, ChangePatience, members.Describe);
                members.RestartKilled();
            }
        }
        finally
        {
            foreach (LoadWorker worker in workers)
                worker.Stop();
        }
        totals.Problem.ShouldBeNull($"seed {seed}: {string.Join("; ", told)}");
        foreach (TorcNode node in members.Running)
            Wait.UntilHolds(() => ReadBack.Through(node, workers).Problems.ShouldBeEmpty($"seed {seed}"), ChangePatience);
        members.AssertReplicasAgree(ChangePatience);
        double answered = (double)totals.Acknowledged / (totals.Acknowledged + totals.Refused + totals.Unknown);
        Figures.Report(output, string.Create(CultureInfo.InvariantCulture,
            $"{Changes} changes of membership with {members.Kills} kills, seed {seed}: {totals.Acknowledged} writes acknowledged, {totals.Refused} refused, {totals.Unknown} unknown, {answered:P3} answered, lost = 0"));
        answered.ShouldBeGreaterThanOrEqualTo(AnsweredAtLeast, $"seed {seed}: {string.Join("; ", told)}");
    }
}
