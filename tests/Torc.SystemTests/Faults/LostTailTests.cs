using System.Net.Sockets;
using Torc.Protocols.Resp;
using Torc.SystemTests.Harness;
using Torc.SystemTests.Processes;
using Torc.SystemTests.Wire;

namespace Torc.SystemTests.Faults;

/// <summary>
/// The end of one replica's newest segment is cut off or overwritten while the node is down: it must not be taken for an ordinary unclean end, or a quorum of
/// this replica and of one that was away answers nil for what was acknowledged.
/// </summary>
public sealed class LostTailTests
{
    [SystemTheory]
    [InlineData(true, true)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(false, false)]
    public void A_replica_that_lost_the_end_of_its_log_does_not_count_beside_one_that_was_away(bool stopCleanly, bool cutOff)
    {
        using TorcCluster cluster = TorcCluster.Start(3, "--shards=1", "--durability=always");
        new KnownKeys("before", 1_000, 100).Write(cluster[0]);
        Stop(cluster[1], stopCleanly);
        var keys = new KnownKeys("acknowledged", 3_000, 100);
        Wait.UntilHolds(() => keys.Write(cluster[0])); // some may be refused before the others know that node 1 is gone
        Stop(cluster[0], stopCleanly);
        Stop(cluster[2], stopCleanly);
        string lost = Lose(cluster[2], cutOff);

        cluster[2].Start();
        cluster[1].Start();
        Wait.UntilHolds(() => cluster[2].Process.Errors.ShouldContain($"damage in shard 0, {lost} at "));
        foreach (int node in new[] { 1, 2 })
            Wait.Until($"node {node} to take commands", () => TakesCommands(cluster[node]), details: () => cluster[node].Process.Errors);
        int refused = 0;
        for (int round = 0; round < 20; round++)
        {
            foreach (int node in new[] { 1, 2 })
            {
                using RespClient client = cluster[node].Connect();
                for (int index = 0; index < keys.Count; index += 97)
                {
                    RespValue reply = client.Call("GET", keys.Key(index));
                    if (RespClient.IsError(reply))
                        refused++;
                    else
                        RespClient.TextOf(reply).ShouldBe(keys.Value(index), $"{keys.Key(index)} through node {node}");
                }
            }
        }
        refused.ShouldBeGreaterThan(0, "one whole replica is no quorum");

        cluster[0].Start();
        cluster.WaitUntilReady();
        Wait.UntilHolds(() => cluster[2].Get("/v1/node").ShouldContain("\"incompletePartitions\": 0"));
        foreach (TorcNode reader in cluster.Nodes)
            keys.Check(reader);
    }

    [SystemFact]
    public void A_node_alone_tells_of_it_and_serves_what_is_left()
    {
        using TorcCluster cluster = TorcCluster.Start(1, "--shards=1", "--durability=always");
        var keys = new KnownKeys("alone", 3_000, 100);
        keys.Write(cluster[0]);
        cluster[0].Kill();
        string lost = Lose(cluster[0], cutOff: true);
        cluster[0].Restart();
        Wait.UntilHolds(() => cluster[0].Process.Errors.ShouldContain($"damage in shard 0, {lost} at "));
        using RespClient client = cluster[0].Connect();
        client.Text("GET", keys.Key(0)).ShouldBe(keys.Value(0));
        client.Text("GET", keys.Key(keys.Count - 1)).ShouldBeNull();
        client.Text("SET", keys.Key(keys.Count - 1), "again").ShouldBe("OK");
    }

    /// <summary>A node that is not ready may take commands: here one of two copies does not count.</summary>
    private static bool TakesCommands(TorcNode node)
    {
        try
        {
            using RespClient client = node.Connect();
            return client.Text("PING") == "PONG";
        }
        catch (Exception error) when (error is SocketException or IOException)
        {
            return false;
        }
    }

    private static void Stop(TorcNode node, bool cleanly)
    {
        if (cleanly)
            node.StopCleanly();
        else
            node.Kill();
    }

    /// <summary>The second half of what the newest segment that is in use holds; gives the file's name.</summary>
    private static string Lose(TorcNode node, bool cutOff)
    {
        const int headerBytes = 64;
        string newest = Directory.GetFiles(Path.Combine(node.Directory, "shard-00"), "segment-*.torc").Order(StringComparer.Ordinal).Last(static file => UsedBytes(file) > headerBytes);
        int used = UsedBytes(newest);
        using FileStream file = File.OpenWrite(newest);
        if (cutOff)
        {
            file.SetLength(used / 2);
        }
        else
        {
            file.Position = used / 2;
            file.Write(new byte[used - used / 2]);
        }
        return Path.GetFileName(newest);
    }

    /// <summary>Where the file's last byte that is not zero lies.</summary>
    private static int UsedBytes(string file) => File.ReadAllBytes(file).AsSpan().LastIndexOfAnyExcept((byte)0) + 1;
}
