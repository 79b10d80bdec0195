using Torc.SystemTests.Harness;
using Torc.SystemTests.Processes;
using Torc.SystemTests.Wire;

namespace Torc.SystemTests.Faults;

/// <summary>The data directory of a node is replaced by a copy from before, as by a backup: the node must not be believed about what was written since.</summary>
public sealed class PutBackTests
{
    private const int Keys = 3_000;
    private const int HeartbeatsMs = 1_000;

    /// <param name="lonelyRuns">How often it is started, and stopped, before it is started where it reaches the others.</param>
    [SystemTheory]
    [InlineData(0)]
    [InlineData(2)]
    public void A_node_that_was_put_back_shows_nothing_old(int lonelyRuns)
    {
        using TorcCluster cluster = TorcCluster.Start(3);
        new KnownKeys("key", Keys, 20).Write(cluster[0]);
        TorcNode node = cluster[2];
        node.StopCleanly();
        using var backup = new TemporaryDirectory();
        Copy(node.Directory, backup.Path);
        node.Restart();
        using (RespClient client = cluster[0].Connect())
        {
            for (int key = 0; key < Keys; key++)
                client.Append("SET", $"key:{key}", "newer");
            client.Flush();
            for (int key = 0; key < Keys; key++)
                RespClient.TextOf(client.ReadReply()).ShouldBe("OK");
        }
        Thread.Sleep(HeartbeatsMs); // nothing is remembered of what no heartbeat told

        node.StopCleanly();
        Directory.Delete(node.Directory, recursive: true);
        Copy(backup.Path, node.Directory);
        if (lonelyRuns > 0)
            RunAlone(cluster, node, lonelyRuns);
        node.Restart();
        using (RespClient client = node.Connect())
        {
            client.Text("TORC.CONSISTENCY", "READ", "ONE").ShouldBe("OK");
            for (int key = 0; key < Keys; key++)
                client.Append("GET", $"key:{key}");
            client.Flush();
            for (int key = 0; key < Keys; key++)
                RespClient.TextOf(client.ReadReply()).ShouldBe("newer", $"key:{key}: one copy is asked, and this node's does not count");
        }
        // What a process logs arrives here a moment later than what it does.
        Wait.UntilHolds(() => node.Process.Errors.ShouldContain("Was its data directory put back to an earlier state?"));
        Wait.UntilHolds(() => node.Get("/v1/node").ShouldContain("\"incompletePartitions\": 0"));
    }

    /// <summary>The others go on afterwards, and remember what they knew.</summary>
    private static void RunAlone(TorcCluster cluster, TorcNode node, int times)
    {
        TorcNode[] others = [.. cluster.Nodes.Where(other => other != node)];
        foreach (TorcNode other in others)
            Signals.Send(other.Process.Id, Signals.Pause);
        for (int run = 0; run < times; run++)
        {
            node.Start();
            Wait.UntilHolds(() => node.Get("/healthz").ShouldNotBeEmpty());
            node.StopCleanly();
        }
        foreach (TorcNode other in others)
            Signals.Send(other.Process.Id, Signals.Continue);
    }

    private static void Copy(string from, string to)
    {
        foreach (string directory in Directory.EnumerateDirectories(from, "*", SearchOption.AllDirectories).Prepend(from))
            Directory.CreateDirectory(Path.Combine(to, Path.GetRelativePath(from, directory)));
        foreach (string file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
            File.Copy(file, Path.Combine(to, Path.GetRelativePath(from, file)));
    }
}
