using System.Diagnostics;
using Torc.Protocols.Resp;
using Torc.Server.CommandLine;
using Torc.SystemTests.Harness;
using Torc.SystemTests.Processes;
using Torc.SystemTests.Wire;

namespace Torc.SystemTests.Faults;

/// <summary>What a disk holds after a failed sync is unknown, so the node stops, and the others go on.</summary>
public sealed class FailedSyncTests
{
    [SystemFact]
    public void A_failed_sync_stops_the_node_with_one_clear_line_and_the_others_go_on()
    {
        using TorcCluster cluster = TorcCluster.Start(3);
        var before = new KnownKeys("before", 200, 100);
        before.Write(cluster[0]);
        TorcNode victim = cluster[0];

        using (Process tracer = FailSyncs(victim.Process.Id))
        {
            WriteUntilGone(victim);
            victim.Process.WaitForExit().ShouldBe(ExitCode.DiskFailed);
            tracer.WaitForExit(Wait.Patience).ShouldBeTrue();
        }
        string[] said = [.. victim.Process.Errors.Split('\n').Where(static line => line.Contains("the disk failed", StringComparison.Ordinal))];
        said.Length.ShouldBe(1, victim.Process.Errors);
        said[0].ShouldContain("sync of");
        victim.Process.Errors.ShouldNotContain("   at ", Case.Sensitive, "a stack trace helps no one who has a broken disk");

        var during = new KnownKeys("during", 200, 100);
        during.Write(cluster[1]);
        victim.Restart();
        foreach (TorcNode node in cluster.Nodes)
        {
            before.Check(node);
            during.Check(node);
        }
    }

    /// <summary>Attaches strace to every thread of a process so that each sync it asks for fails with EIO.</summary>
    private static Process FailSyncs(int processId)
    {
        var start = new ProcessStartInfo(
            Tool.Find("strace"), ["-f", "-p", $"{processId}", "-o", "/dev/null", "-e", "trace=fdatasync,fsync", "-e", "inject=fdatasync,fsync:error=EIO"])
        {
            RedirectStandardError = true,
        };
        Process tracer = Process.Start(start)!;
        string? attached = tracer.StandardError.ReadLine();
        attached.ShouldNotBeNull();
        attached.ShouldContain("attached", Case.Insensitive);
        return tracer;
    }

    /// <summary>No write whose sync failed may be acknowledged by this node alone; the connection ends with the process.</summary>
    private static void WriteUntilGone(TorcNode node)
    {
        try
        {
            using RespClient client = node.Connect();
            client.Call("TORC.CONSISTENCY", "WRITE", "ALL");
            RespValue reply = client.Call("SET", "during", "the fault");
            RespClient.IsError(reply).ShouldBeTrue($"a write at ALL cannot be done while this node's sync fails: {RespClient.TextOf(reply)}");
        }
        catch (Exception error) when (error is IOException or System.Net.Sockets.SocketException)
        {
            // The node is gone, as it should.
        }
    }
}
