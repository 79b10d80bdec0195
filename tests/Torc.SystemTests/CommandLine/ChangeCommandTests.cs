using Torc.Server.CommandLine;
using Torc.SystemTests.Harness;
using Torc.SystemTests.Processes;
using Torc.SystemTests.Wire;

namespace Torc.SystemTests.CommandLine;

/// <summary>The commands that change a cluster, where something comes between.</summary>
public sealed class ChangeCommandTests
{
    private static readonly TimeSpan AtOnce = TimeSpan.FromSeconds(10);

    [SystemFact]
    public void A_node_that_is_asked_to_leave_says_when_it_left_and_what_it_is_from_then_on()
    {
        using TorcCluster cluster = TorcCluster.Start(4, "--partitions=16");
        TorcNode leaver = cluster[3];

        Torc(ExitCode.Done, "leave", "3", At(leaver)).Output.ShouldContain("Done: node 3 left.");

        foreach (string command in (string[])["progress", "cancel"])
            Torc(ExitCode.Failed, command, At(leaver)).Errors.ShouldStartWith("torc: this node was removed from the cluster");
        Torc(ExitCode.Failed, "repair", $"--node=127.0.0.1:{leaver.HttpPort}").Errors.ShouldContain("node 3 was removed from the cluster");
        Torc(ExitCode.Done, "progress", At(cluster[0])).Output.ShouldContain("no change is under way");
        Torc(ExitCode.Usage, "repair", "x", $"--node=127.0.0.1:{cluster[0].HttpPort}").Errors.ShouldContain("'x' is no number of a partition");
        foreach (int port in (int[])[cluster[0].HttpPort, cluster[0].PeerPort])
            Torc(ExitCode.Failed, "progress", $"--at=127.0.0.1:{port}").Errors.ShouldContain("is no port of a Torc node for Redis clients");
    }

    [SystemFact]
    public void Ctrl_C_ends_the_watching_and_says_that_the_change_goes_on()
    {
        using TorcCluster cluster = TorcCluster.Start(4, "--partitions=16");
        using RespClient client = cluster[0].Connect();
        cluster[3].Kill();

        foreach (string[] command in (string[][])[["weight", "3", "300"], ["progress"]])
        {
            using TorcProcess watching = TorcProcess.Start([.. command, At(cluster[0])]);
            Wait.Until("the change to be watched", () => watching.Errors.Contains("Node 3 is to take copies and is down", StringComparison.Ordinal), null, () => watching.Output + watching.Errors);
            watching.Signal(Signals.Interrupt);
            watching.WaitForExit(AtOnce).ShouldBe(ExitCode.Failed, watching.Output + watching.Errors);
            watching.Output.ShouldContain("No longer watched. It goes on by itself.");
            client.Call("TORC.CLUSTER", "STATUS")["changing"]!.Integer.ShouldBe(1);
        }
    }

    private static string At(TorcNode node) => $"--at=127.0.0.1:{node.Port}";

    private static (string Output, string Errors) Torc(int exitCode, params string[] arguments)
    {
        using TorcProcess process = TorcProcess.Start(arguments);
        process.WaitForExit(Wait.Patience).ShouldBe(exitCode, process.Output + process.Errors);
        return (process.Output, process.Errors);
    }
}
