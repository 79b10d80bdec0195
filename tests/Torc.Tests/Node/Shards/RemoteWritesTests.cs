using Torc.Base;
using Torc.Core.Placement;
using Torc.Node.Control;
using Torc.Node.Shards;
using Torc.Tests.Core.Placement;

namespace Torc.Tests.Node.Shards;

/// <summary>How far another data centre is behind, of the counter alone and in a cluster: even nodes are one data centre, odd ones the other.</summary>
public sealed class RemoteWritesTests
{
    private static readonly SortedDictionary<ushort, long> NoHints = [];

    [Fact]
    public void The_oldest_write_that_was_not_answered_says_how_far_behind_a_node_is()
    {
        for (ulong seed = 0; seed < 50; seed++)
        {
            var random = new SeededRandom(seed);
            var writes = new RemoteWrites();
            var twin = new List<(ulong Operation, ushort Node, long At)>();
            for (ulong now = 1; now < 400; now++)
            {
                ushort node = (ushort)random.Below(3);
                if (random.Chance(0.5))
                {
                    writes.Sent(now, node, 0, (long)now);
                    twin.Add((now, node, (long)now));
                }
                else if (twin.Count > 0)
                {
                    // Nearly in order, sometimes not; an answer of a node that was not asked, or a second one, counts for nothing.
                    (ulong operation, ushort asked, long _) = twin[random.Chance(0.8) ? 0 : random.Below(twin.Count)];
                    writes.Answered(operation, (ushort)(asked + 1));
                    writes.Answered(operation, asked);
                    writes.Answered(operation, asked);
                    twin.RemoveAll(write => write.Operation == operation);
                }
                foreach ((ushort known, long behind) in Lags(writes, (long)now))
                    behind.ShouldBe(twin.Where(write => write.Node == known).Select(write => (long)now - write.At).DefaultIfEmpty(0).Max(), $"seed {seed}, node {known} at {now}");
            }
        }
    }

    [Fact]
    public void Writes_beyond_the_limit_and_writes_that_are_never_answered_do_not_stay()
    {
        var writes = new RemoteWrites();
        for (ulong operation = 0; operation < RemoteWrites.WritesPerNodeMax + 10; operation++)
            writes.Sent(operation, 1, 0, 1_000);
        for (ulong operation = 0; operation < RemoteWrites.WritesPerNodeMax; operation++)
            writes.Answered(operation, 1);
        Lags(writes, 5_000)[1].ShouldBe(0);
        writes.Sent(1, 1, 0, 6_000);
        ClusterView view = new LoopCluster(1)[0].Node.View;
        writes.Run(view, NoHints, 6_000 + RemoteWrites.AgeMaxMicros);
        Lags(writes, 6_000 + RemoteWrites.AgeMaxMicros)[1].ShouldBe(RemoteWrites.AgeMaxMicros);
        writes.Run(view, NoHints, 6_001 + RemoteWrites.AgeMaxMicros);
        Lags(writes, 6_001 + RemoteWrites.AgeMaxMicros)[1].ShouldBe(0);
    }

    [Fact]
    public void A_change_of_a_partition_forgets_what_was_sent_before_and_removed_nodes_are_forgotten()
    {
        ClusterMap map = Planner.Create(SampleCluster.Nodes(3), 2, 3, [], out _);
        ClusterMap planned = ChangePlanner.Plan(map, new ChangeRequest.Join([SampleCluster.Node(9)])).First!;
        int moving = Enumerable.Range(0, 2).First(partition => planned.MoveOf(partition) is not null);
        var writes = new RemoteWrites();
        writes.Sent(1, 0, (ushort)moving, 1_000);
        writes.Sent(2, 0, (ushort)(1 - moving), 2_000);
        writes.Sent(3, 7, 0, 3_000);
        writes.OnMapChanged(planned, ChangeSteps.Begin(planned, [moving]));
        Lags(writes, 5_000).ShouldBe([KeyValuePair.Create((ushort)0, 3_000L)]);
    }

    [Fact]
    public void Counting_takes_no_memory()
    {
        var writes = new RemoteWrites();
        ulong operation = 0;
        Allocations.Least(() =>
        {
            for (int time = 0; time < 1_000; time++)
            {
                writes.Sent(++operation, 1, 0, 1);
                writes.Sent(operation, 2, 0, 1);
                writes.Answered(operation, 1);
                writes.Answered(operation, 2);
            }
        }).ShouldBe(0);
    }

    [Fact]
    public void A_data_centre_that_answers_late_is_behind_until_it_has()
    {
        var cluster = new LoopCluster(6, dataCentres: 2);
        LoopNode near = cluster[0];
        near.Call("TORC.CONSISTENCY", "WRITE", "LOCAL_QUORUM").ShouldBe("+OK");
        near.Call("SET", "key", "v").ShouldBe("+OK");
        Lag(near).ShouldBe(new DataCentreLag("dc1", 0, 0), "all have answered");
        foreach (int far in new[] { 1, 3, 5 })
            cluster.Cut(0, far);
        near.Call("SET", "key", "w").ShouldBe("+OK");
        cluster.Elapse(400);
        Lag(near).BehindMicros.ShouldBeInRange(380_000, 400_000);
        near.Call("SET", "key", "x").ShouldBe("+OK");
        cluster.Elapse(200);
        Lag(near).BehindMicros.ShouldBeInRange(580_000, 600_000, "the older one says how far");
        foreach (int far in new[] { 1, 3, 5 })
            cluster.Heal(0, far);
        cluster.Elapse(20);
        Lag(near).BehindMicros.ShouldBe(0);
    }

    [Fact]
    public void A_data_centre_that_is_away_is_behind_since_it_missed_the_first_write_and_until_its_hints_are_delivered()
    {
        var cluster = new LoopCluster(8, dataCentres: 2);
        LoopNode near = cluster[cluster[0].ReplicasOf("key").First(static node => node % 2 == 0)];
        near.Call("TORC.CONSISTENCY", "WRITE", "LOCAL_QUORUM").ShouldBe("+OK");
        int[] far = [1, 3, 5, 7];
        foreach (int node in far)
            cluster.Kill(node);
        cluster.Elapse(500);
        Lag(near).BehindMicros.ShouldBe(0, "nothing was written since");
        near.Call("SET", "key", "v").ShouldBe("+OK");
        cluster.Elapse(1_000);
        Lag(near).BehindMicros.ShouldBeInRange(980_000, 1_000_000);
        LoopNode[] all = [.. Enumerable.Range(0, 8).Where(node => node % 2 == 0).Select(node => cluster[node])];
        all.Sum(node => Lag(node).HintBytes).ShouldBeGreaterThan(0, "a spare node keeps the write");
        foreach (int node in far)
            cluster.RestartLinks(node);
        cluster.Elapse(6_000);
        all.ShouldAllBe(node => Lag(node) == new DataCentreLag("dc1", 0, 0));
    }

    [Fact]
    public void A_cluster_in_one_place_has_no_lag()
    {
        var cluster = new LoopCluster(3);
        cluster[0].Call("SET", "key", "v").ShouldBe("+OK");
        var behind = new SortedDictionary<ushort, long>();
        cluster[0].ShardTurn(cluster[0].ShardOf("key"), shard => shard.CollectRemoteLags(behind));
        behind.ShouldBeEmpty();
        DataCentreLag.Of(cluster[0].Node.View, NoHints, NoHints).ShouldBeEmpty();
    }

    private static DataCentreLag Lag(LoopNode node)
    {
        var behind = new SortedDictionary<ushort, long>();
        var hints = new SortedDictionary<ushort, long>();
        for (int shard = 0; shard < node.Node.Shards.Count; shard++)
        {
            node.ShardTurn(shard, turn => turn.CollectRemoteLags(behind));
            foreach ((ushort target, long bytes) in node.Node.Shards[shard].HintBytes)
                hints[target] = hints.GetValueOrDefault(target) + bytes;
        }
        return DataCentreLag.Of(node.Node.View, behind, hints).ShouldHaveSingleItem();
    }

    private static SortedDictionary<ushort, long> Lags(RemoteWrites writes, long nowMicros)
    {
        var lags = new SortedDictionary<ushort, long>();
        writes.CollectLags(lags, nowMicros);
        return lags;
    }
}
