using System.Globalization;
using Torc.Base;
using Torc.Protocols.Resp;

namespace Torc.Tests.Node.Commands;

/// <summary>SCAN, KEYS, DBSIZE, RANDOMKEY and the rest that speak for the whole cluster, whichever node is asked.</summary>
public class WholeClusterTests
{
    [Theory]
    [InlineData(1, 0, 10)]
    [InlineData(1, 1, 1)]
    [InlineData(1, 500, 1)]
    [InlineData(1, 500, 7)]
    [InlineData(1, 500, 10_000)]
    [InlineData(3, 300, 10)]
    [InlineData(3, 300, 100)]
    public void Scan_returns_each_key_once(int nodes, int keys, int count)
    {
        var cluster = new LoopCluster(nodes);
        for (int i = 0; i < keys; i++)
            cluster[0].Call("SET", $"key:{i}", "v").ShouldBe("+OK");
        var seen = new List<string>();
        string cursor = "0";
        int calls = 0;
        do
        {
            // Calls of one iteration go to different nodes.
            LoopNode asked = cluster[calls++ % nodes];
            RespValue reply = Parse(asked.CallForBytes(Bytes("SCAN", cursor, "COUNT", count.ToString(CultureInfo.InvariantCulture))));
            reply.IsError.ShouldBeFalse(reply.ToString());
            cursor = reply.Items[0].Text;
            seen.AddRange(reply.Items[1].Items.Select(key => key.Text));
            calls.ShouldBeLessThan(keys + 1_000, "an iteration without end");
            long.Parse(cursor, CultureInfo.InvariantCulture).ShouldBeGreaterThanOrEqualTo(0);
        } while (cursor != "0");
        seen.Order(StringComparer.Ordinal).ShouldBe(Enumerable.Range(0, keys).Select(i => $"key:{i}").Order(StringComparer.Ordinal));
        // A call does about as much work as it is asked to.
        if (keys > 0)
            calls.ShouldBeLessThanOrEqualTo(2 * (keys / count + cluster.Partitions + 1));
    }

    [Fact]
    public void Scan_finds_what_was_there_all_the_time_while_keys_come_and_go()
    {
        const ulong seed = 20_261_123;
        var random = new SeededRandom(seed);
        var cluster = new LoopCluster(3);
        for (int i = 0; i < 200; i++)
            cluster[0].Call("SET", $"stays:{i}", "v");
        var seen = new List<string>();
        string cursor = "0";
        do
        {
            cluster[1].Call("SET", $"passing:{random.Below(100)}", "v");
            cluster[2].Call("DEL", $"passing:{random.Below(100)}");
            RespValue reply = Parse(cluster[0].CallForBytes(Bytes("SCAN", cursor, "MATCH", "stays:*")));
            cursor = reply.Items[0].Text;
            seen.AddRange(reply.Items[1].Items.Select(key => key.Text));
        } while (cursor != "0");
        seen.Order(StringComparer.Ordinal).ShouldBe(
            Enumerable.Range(0, 200).Select(i => $"stays:{i}").Order(StringComparer.Ordinal), $"seed {seed}");
    }

    [Fact]
    public void Keys_and_size_count_each_key_once_with_three_copies_of_it()
    {
        var cluster = new LoopCluster(3);
        for (int i = 0; i < 100; i++)
            cluster[i % 3].Call("SET", $"key:{i}", "v");
        foreach (int node in (int[])[0, 1, 2])
        {
            cluster[node].Call("DBSIZE").ShouldBe(":100");
            Parse(cluster[node].CallForBytes(Bytes("KEYS", "*"))).Items.Select(key => key.Text).Distinct().Count().ShouldBe(100);
            Parse(cluster[node].CallForBytes(Bytes("KEYS", "key:?"))).Items.Count.ShouldBe(10);
        }
        cluster[2].Call("FLUSHALL").ShouldBe("+OK");
        foreach (int node in (int[])[0, 1, 2])
            cluster[node].Call("DBSIZE").ShouldBe(":0");
    }

    [Fact]
    public void Every_key_may_be_the_random_one()
    {
        var cluster = new LoopCluster(3);
        string[] keys = [.. Enumerable.Range(0, 10).Select(i => $"key:{i}")];
        foreach (string key in keys)
            cluster[0].Call("SET", key, "v");
        var drawn = new HashSet<string>();
        for (int i = 0; i < 500; i++)
            drawn.Add(Parse(cluster[1].CallForBytes(Bytes("RANDOMKEY"))).Text);
        drawn.Order(StringComparer.Ordinal).ShouldBe(keys);
    }

    [Fact]
    public void Slot_commands_see_keys_of_all_nodes()
    {
        var cluster = new LoopCluster(3);
        for (int i = 0; i < 20; i++)
            cluster[i % 3].Call("SET", $"{{tag}}{i}", "v");
        string slot = cluster[0].Call("CLUSTER", "KEYSLOT", "{tag}")[1..];
        cluster[1].Call("CLUSTER", "COUNTKEYSINSLOT", slot).ShouldBe(":20");
        Parse(cluster[2].CallForBytes(Bytes("CLUSTER", "GETKEYSINSLOT", slot, "7"))).Items.Count.ShouldBe(7);
    }

    [Fact]
    public void Cluster_clients_are_sent_to_replicas_that_are_up()
    {
        var cluster = new LoopCluster(3);
        Masters(cluster[0]).ShouldBe([6379, 6380, 6381], ignoreOrder: true);
        cluster.Kill(2);
        Masters(cluster[0]).ShouldBe([6379, 6380], ignoreOrder: true);
        cluster[0].Call("CLUSTER", "INFO").ShouldContain("cluster_state:ok");
        cluster[0].Call("CLUSTER", "NODES").ShouldContain("master,fail");
    }

    private static long[] Masters(LoopNode node)
    {
        RespValue slots = Parse(node.CallForBytes(Bytes("CLUSTER", "SLOTS")));
        slots.Items[0].Items[0].Integer.ShouldBe(0);
        slots.Items[^1].Items[1].Integer.ShouldBe(16_383);
        for (int i = 1; i < slots.Items.Count; i++)
            slots.Items[i].Items[0].Integer.ShouldBe(slots.Items[i - 1].Items[1].Integer + 1);
        return [.. slots.Items.Select(range => range.Items[2].Items[1].Integer).Distinct()];
    }

    private static byte[][] Bytes(params string[] command) => [.. command.Select(System.Text.Encoding.UTF8.GetBytes)];

    private static RespValue Parse(byte[] reply)
    {
        ReadOnlySpan<byte> rest = reply;
        new RespReplyReader().Read(ref rest, out RespValue? value, out _).ShouldBe(ReplyOutcome.Reply);
        return value!;
    }
}
