using Torc.SystemTests.Harness;
using Torc.SystemTests.Kills;
using Torc.SystemTests.Processes;
using Xunit.Abstractions;

namespace Torc.SystemTests.Networks;

/// <summary>
/// Real nodes on hosts of their own whose network fails under load for longer than it takes to notice, and processes that pause. Afterwards
/// every node has every acknowledged write in its own copies, by itself.
/// </summary>
public sealed class NetworkFaultTests(ITestOutputHelper output)
{
    private const int WritesBefore = 200;
    private const int WritesAfter = 300;
    private const int PausedNode = 1;
    private static readonly TimeSpan FaultTime = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LoadPatience = TimeSpan.FromSeconds(40);

    [SystemFact(Need.Network)]
    public void One_direction_of_one_link_is_cut() => RunInNetwork(3, static network => network.CutOneWay(0, 1));

    [SystemFact(Need.Network)]
    public void A_node_is_isolated() => RunInNetwork(3, static network => network.Isolate(2));

    [SystemFact(Need.Network)]
    public void Packets_are_lost_everywhere() => RunInNetwork(3, static network => network.DropSome(percent: 5));

    [SystemFact(Need.Network)]
    public void A_data_centre_is_cut_off() => RunInNetwork(
        6, static network => network.CutBetween([0, 2, 4], [1, 3, 5]), dataCentres: 2, "--read-consistency=local_quorum", "--write-consistency=local_quorum");

    [SystemFact]
    public void A_process_pauses()
    {
        using TorcCluster cluster = TorcCluster.Start(3);
        TorcProcess paused = cluster[PausedNode].Process;
        try
        {
            Run(cluster, () => paused.Signal(Signals.Pause), () => paused.Signal(Signals.Continue));
        }
        finally
        {
            paused.Signal(Signals.Continue);
        }
    }

    private void RunInNetwork(int nodes, Action<TestNetwork> fault, int dataCentres = 1, params string[] options)
    {
        using var network = new TestNetwork(nodes);
        using TorcCluster cluster = TorcCluster.StartInNetwork(nodes, dataCentres, options);
        Run(cluster, () => fault(network), network.Heal);
    }

    private void Run(TorcCluster cluster, Action fault, Action heal)
    {
        int seed = Environment.TickCount;
        var totals = new LoadTotals();
        LoadWorker[] workers = [.. cluster.Nodes.Select(node => new LoadWorker(node.Id, node, totals, seed))];
        long before, meanwhile;
        foreach (LoadWorker worker in workers)
            worker.Start();
        try
        {
            totals.WaitForMore(WritesBefore, LoadPatience);
            before = totals.Acknowledged;
            fault();
            Thread.Sleep(FaultTime);
            totals.WaitForMore(1, LoadPatience);
            meanwhile = totals.Acknowledged - before;
            heal();
            totals.WaitForMore(WritesAfter, LoadPatience);
        }
        finally
        {
            heal();
            foreach (LoadWorker worker in workers)
                worker.Stop();
        }
        totals.Problem.ShouldBeNull($"seed {seed}");
        foreach (TorcNode node in cluster.Nodes)
            node.WaitUntilReady();
        Parallel.ForEach(cluster.Nodes, node =>
            Wait.UntilHolds(() => ReadBack.Through(node, workers, level: "ONE").Problems.ShouldBeEmpty($"seed {seed}"), LoadPatience));
        Figures.Report(output, $"network fault, seed {seed}: {totals.Acknowledged} writes acknowledged, {meanwhile} of them during the fault, {totals.Refused} refused, {totals.Unknown} unknown, none lost");
    }
}
