using Torc.Node;

namespace Torc.Tests.Node.Shards;

/// <summary>What six nodes do with writes for replicas that are down. Node 0 is the first replica of the key.</summary>
public class HintTests
{
    private const string One = "0";
    private const string Quorum = "2";
    private const string AllReplicas = "3";
    private const int Nodes = 6;

    [Fact]
    public void A_plain_write_counts_hints_and_the_owners_get_it_when_they_are_back()
    {
        LoopCluster cluster = Make(out string key, out int[] replicas, out int[] others);
        cluster.Kill(replicas[1]);
        cluster.Kill(replicas[2]);
        cluster[0].Call("put", key, "v").ShouldBe("+OK");
        HintBytes(cluster, replicas[1]).ShouldBeGreaterThan(0);
        HintBytes(cluster, replicas[2]).ShouldBeGreaterThan(0);
        others.Count(node => cluster[node].HintBytesFor(replicas[1]) + cluster[node].HintBytesFor(replicas[2]) > 0).ShouldBe(2, "one fallback for each");
        Return(cluster, replicas[1], replicas[2]);
        // Only what the hints brought: the coordinator, and with it every exchange, is gone.
        cluster[replicas[1]].Call("level", One, One);
        cluster[replicas[1]].CallPatiently("see", key).ShouldBe("+v");
        cluster[replicas[2]].Call("level", One, One);
        cluster[replicas[2]].CallPatiently("see", key).ShouldBe("+v");
        HintBytes(cluster, replicas[1]).ShouldBe(0);
        HintBytes(cluster, replicas[2]).ShouldBe(0);
        cluster.Events.Count(happened => happened.Kind == NodeEventKind.HintDelivered).ShouldBe(2);
        cluster.Events.Count(happened => happened.Kind == NodeEventKind.HintsDelivered).ShouldBe(2);
    }

    [Fact]
    public void In_a_strict_keyspace_hints_are_kept_and_delivered_but_never_counted()
    {
        LoopCluster cluster = Make(out string key, out int[] replicas, out _, sloppy: false);
        cluster.Kill(replicas[2]);
        cluster[0].Call("put", key, "kept").ShouldBe("+OK");
        HintBytes(cluster, replicas[2]).ShouldBeGreaterThan(0);
        cluster.Kill(replicas[1]);
        cluster[0].Call("put", key, "v").ShouldStartWith("-UNAVAILABLE the write needs 2 of 3 replicas and 1 is up and whole;");
        Return(cluster, replicas[2]);
        cluster[replicas[2]].Call("level", One, One);
        cluster[replicas[2]].CallPatiently("see", key).ShouldBe("+kept");
        HintBytes(cluster, replicas[2]).ShouldBe(0);
    }

    [Fact]
    public void All_and_changes_that_read_first_are_never_met_by_hints()
    {
        LoopCluster cluster = Make(out string key, out int[] replicas, out _);
        cluster.Kill(replicas[1]);
        cluster[0].Call("add", key).ShouldBe(":1");
        cluster[0].Call("level", Quorum, AllReplicas);
        cluster[0].Call("put", key, "v").ShouldStartWith("-UNAVAILABLE");
        cluster[0].Call("level", Quorum, Quorum);
        cluster.Kill(replicas[2]);
        cluster[0].Call("add", key).ShouldStartWith("-UNAVAILABLE");
        cluster[0].Call("put", key, "5").ShouldBe("+OK");
    }

    [Fact]
    public void Without_a_spare_node_nothing_is_hinted()
    {
        var cluster = new LoopCluster(3, commands: TestCommands.Table);
        cluster.Kill(1);
        cluster[0].Call("put", "k", "v").ShouldBe("+OK");
        cluster.Kill(2);
        cluster[0].Call("put", "k", "v").ShouldStartWith("-UNAVAILABLE the write needs 2 of 3 replicas and 1 is up and whole");
        cluster.Events.ShouldNotContain(happened => happened.Kind == NodeEventKind.HintStored);
    }

    [Fact]
    public void A_replica_that_goes_down_while_the_write_waits_is_replaced()
    {
        LoopCluster cluster = Make(out string key, out int[] replicas, out _);
        cluster.Cut(0, replicas[1]);
        cluster.Cut(0, replicas[2]);
        cluster[0].Call("put", key, "v").ShouldBe("");
        cluster.Kill(replicas[2]);
        cluster.Run();
        cluster[0].TakeOutput().ShouldBe("+OK");
        HintBytes(cluster, replicas[1]).ShouldBe(0);
        HintBytes(cluster, replicas[2]).ShouldBeGreaterThan(0);
    }

    [Fact]
    public void A_fallback_that_goes_down_is_replaced()
    {
        LoopCluster cluster = Make(out string key, out int[] replicas, out int[] others);
        cluster.Kill(replicas[1]);
        cluster.Kill(replicas[2]);
        foreach (int other in others)
            cluster.Cut(0, other);
        cluster[0].Call("put", key, "v").ShouldBe("");
        cluster.Kill(others[0]);
        cluster.Kill(others[1]);
        cluster.Heal(0, others[2]);
        cluster.Run();
        cluster[0].TakeOutput().ShouldBe("+OK");
        (cluster[others[2]].HintBytesFor(replicas[1]) + cluster[others[2]].HintBytesFor(replicas[2])).ShouldBeGreaterThan(0);
    }

    [Fact]
    public void Hints_for_one_key_merge_and_the_newest_is_delivered()
    {
        LoopCluster cluster = Make(out string key, out int[] replicas, out _);
        cluster.Kill(replicas[2]);
        cluster[0].Call("put", key, "first").ShouldBe("+OK");
        long one = HintBytes(cluster, replicas[2]);
        for (int i = 0; i < 20; i++)
            cluster[0].Call("put", key, "again").ShouldBe("+OK");
        HintBytes(cluster, replicas[2]).ShouldBe(one, "as long as before");
        Return(cluster, replicas[2]);
        cluster[replicas[2]].Call("level", One, One);
        cluster[replicas[2]].CallPatiently("see", key).ShouldBe("+again");
        cluster.Events.Count(happened => happened.Kind == NodeEventKind.HintDelivered).ShouldBe(1);
    }

    [Fact]
    public void A_hint_stays_until_the_owner_acknowledged_it()
    {
        LoopCluster cluster = Make(out string key, out int[] replicas, out int[] others);
        cluster.Kill(replicas[2]);
        cluster[0].Call("put", key, "v").ShouldBe("+OK");
        int fallback = others.Single(node => cluster[node].HintBytesFor(replicas[2]) > 0);
        cluster.RestartLinks(replicas[2]);
        cluster.Run();
        cluster.Cut(replicas[2], fallback);
        cluster.Elapse(1_500);
        cluster[fallback].HintBytesFor(replicas[2]).ShouldBeGreaterThan(0, "what was sent may be lost");
        cluster.Heal(replicas[2], fallback);
        cluster.Elapse(6_000);
        cluster[fallback].HintBytesFor(replicas[2]).ShouldBe(0);
    }

    [Fact]
    public void Over_the_budget_a_hint_is_refused_and_the_next_write_knows()
    {
        LoopCluster cluster = Make(out string key, out int[] replicas, out _, options: new NodeOptions { HintBytesPerTargetMax = 100 });
        cluster.Kill(replicas[1]);
        cluster.Kill(replicas[2]);
        string large = new('x', 200);
        cluster[0].Call("put", key, large).ShouldStartWith("-TIMEOUT write: 1 of 2");
        for (int i = 0; i < Nodes; i++)
            cluster[0].Call("put", key, large);
        cluster[0].Call("put", key, large).ShouldStartWith("-UNAVAILABLE the write needs 2 of 3 replicas and 1 is up and whole, and other nodes can keep hints for 0 of those that are down;");
        HintBytes(cluster, replicas[1]).ShouldBe(0);
        cluster.Events.Count(happened => happened.Kind == NodeEventKind.HintBudgetSpent).ShouldBeGreaterThan(0);
        cluster.Elapse(cluster.Options.HintRefusalMs + 100);
        cluster[0].Call("put", key, "v").ShouldBe("+OK", "asked again after a while, and small enough");
    }

    [Fact]
    public void No_hints_are_taken_for_a_replica_that_is_away_for_long_but_those_taken_stay()
    {
        LoopCluster cluster = Make(out string key, out int[] replicas, out _, options: new NodeOptions { HintLifetimeMs = 5_000 });
        cluster.Kill(replicas[1]);
        cluster.Kill(replicas[2]);
        cluster[0].Call("put", key, "early").ShouldBe("+OK");
        cluster.Elapse(6_000);
        cluster[0].Call("put", key, "late").ShouldStartWith("-UNAVAILABLE");
        HintBytes(cluster, replicas[1]).ShouldBeGreaterThan(0);
        Return(cluster, replicas[1], replicas[2]);
        cluster[replicas[1]].Call("level", One, One);
        cluster[replicas[1]].CallPatiently("see", key).ShouldBe("+early");
    }

    [Fact]
    public void Many_hints_are_delivered_a_few_at_a_time()
    {
        LoopCluster cluster = Make(out _, out int[] replicas, out _, options: new NodeOptions { HintReplaysMax = 2, HintReplayBytesPerTickMax = 64 });
        const int keys = 60;
        cluster.Kill(replicas[2]);
        for (int i = 0; i < keys; i++)
            cluster[i % Nodes == replicas[2] ? 0 : i % Nodes].Call("put", $"many{i}", "v").ShouldBe("+OK");
        int taken = cluster.Events.Count(happened => happened.Kind == NodeEventKind.HintStored);
        taken.ShouldBeGreaterThan(10);
        cluster.RestartLinks(replicas[2]);
        cluster.Run();
        cluster.Elapse(20);
        cluster.Events.Count(happened => happened.Kind == NodeEventKind.HintDelivered).ShouldBeLessThan(taken);
        cluster.Elapse(10_000);
        cluster.Events.Count(happened => happened.Kind == NodeEventKind.HintDelivered).ShouldBe(taken);
        HintBytes(cluster, replicas[2]).ShouldBe(0);
    }

    private static LoopCluster Make(out string key, out int[] replicas, out int[] others, bool sloppy = true, NodeOptions? options = null)
    {
        var cluster = new LoopCluster(Nodes, commands: TestCommands.Table, sloppy: sloppy, options: options);
        key = Enumerable.Range(0, 1_000).Select(static i => $"key{i}").First(name => cluster[0].ReplicasOf(name)[0] == 0);
        int[] owners = [.. cluster[0].ReplicasOf(key).Select(static node => (int)node)];
        replicas = owners;
        others = [.. Enumerable.Range(0, Nodes).Except(owners)];
        return cluster;
    }

    /// <summary>Nodes come back and hear from everybody but the coordinator, so that hints are the only way for its writes.</summary>
    private static void Return(LoopCluster cluster, params int[] nodes)
    {
        cluster.Kill(0);
        foreach (int node in nodes)
            cluster.RestartLinks(node);
        cluster.Kill(0);
        cluster.Run();
        cluster.Elapse(2_000);
    }

    private static long HintBytes(LoopCluster cluster, int target) =>
        Enumerable.Range(0, Nodes).Sum(node => cluster[node].HintBytesFor(target));
}
