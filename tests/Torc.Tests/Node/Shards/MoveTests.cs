using System.Globalization;
using Torc.Base;
using Torc.Core.Placement;
using Torc.Node;

namespace Torc.Tests.Node.Shards;

/// <summary>Partitions that move while requests go on. Maps are put on nodes as if they had been decided; from then on the nodes drive the change.</summary>
public class MoveTests
{
    private const int Nodes = 5;
    private const int Keys = 60;

    [Fact]
    public void A_move_takes_all_rows_along()
    {
        var cluster = new LoopCluster(Nodes);
        Fill(cluster, "before");
        ClusterMap map = Planned(cluster);
        Dictionary<int, ushort[]> goals = Moving(map).ToDictionary(partition => partition, partition => map.MoveOf(partition)!.Replicas.ToArray());
        Fill(cluster, "while moving", from: Keys);
        AwaitEnd(cluster);
        foreach ((int partition, ushort[] goal) in goals)
            cluster[0].Node.View.Map!.ReplicasOf(partition).ToArray().ShouldBe(goal);
        ReadAll(cluster, 2 * Keys);
        cluster[1].CallPatiently("DBSIZE").ShouldBe(":120");
    }

    [Fact]
    public void What_has_moved_away_is_dropped_when_the_change_is_over()
    {
        var cluster = new LoopCluster(Nodes);
        Fill(cluster, "before");
        Planned(cluster);
        AwaitEnd(cluster);
        cluster.Elapse(1_000);
        ClusterMap map = cluster[0].Node.View.Map!;
        for (int node = 0; node < Nodes; node++)
        {
            for (ushort partition = 0; partition < map.PartitionCount; partition++)
            {
                bool isHeld = cluster[node].Node.Shards[cluster[node].Node.ShardOf(partition)].Store.Counts(0, partition).Records > 0;
                isHeld.ShouldBe(map.IsReplica(partition, (ushort)node), $"node {node}, partition {partition}");
            }
        }
        cluster.Events.ShouldContain(happened => happened.Kind == NodeEventKind.PartitionDropped);
        ReadAll(cluster, Keys);
    }

    [Fact]
    public void A_write_waits_for_a_majority_of_both_sets()
    {
        var cluster = new LoopCluster(Nodes);
        (ClusterMap map, string key) = PendingApart(cluster);
        ushort[] present = map.ReplicasOf(PartitionOf(map, key)).ToArray();
        ushort[] added = [.. map.PendingOf(PartitionOf(map, key)).ToArray().Except(present)];
        added.Length.ShouldBe(2);
        foreach (ushort node in added)
            cluster.Cut(present[0], node);
        cluster[present[0]].Call("SET", key, "new").ShouldBe("", "one of the new set holds it");
        cluster.Heal(present[0], added[0]);
        cluster.Run();
        cluster[present[0]].TakeOutput().ShouldBe("+OK");
    }

    [Fact]
    public void A_command_that_waited_for_its_key_while_the_partition_moved_away_is_passed_on()
    {
        var cluster = new LoopCluster(Nodes);
        (ClusterMap map, string key) = PendingApart(cluster);
        ushort[] present = map.ReplicasOf(PartitionOf(map, key)).ToArray();
        ushort coordinator = present[0];
        for (int other = 0; other < Nodes; other++)
        {
            if (other != coordinator)
                cluster.Cut(coordinator, other);
        }
        cluster[coordinator].Call("INCR", key).ShouldBe("", "it waits for what others hold");
        cluster[coordinator].Call("INCR", key).ShouldBe("", "it waits for the one before");
        ClusterMap moved = ChangeSteps.Complete(map, [PartitionOf(map, key)]);
        moved.IsMember(PartitionOf(map, key), coordinator).ShouldBeFalse();
        for (int node = 0; node < Nodes; node++)
            Adopt(cluster, node, moved);
        for (int other = 0; other < Nodes; other++)
        {
            if (other != coordinator)
                cluster.Heal(coordinator, other);
        }
        cluster.Run();
        cluster[coordinator].TakeOutput().Split("-UNAVAILABLE").Length.ShouldBe(3, "whoever has it now has copied nothing yet");
    }

    [Fact]
    public void A_read_repairs_newcomers_so_that_the_new_set_alone_gives_the_same_answer()
    {
        var cluster = new LoopCluster(Nodes);
        Fill(cluster, "before");
        (ClusterMap map, string key) = PendingApart(cluster);
        int partition = PartitionOf(map, key);
        ushort[] present = map.ReplicasOf(partition).ToArray(), then = map.PendingOf(partition).ToArray();
        ushort stays = present.Intersect(then).Single();
        // The one that is in both sets is down, so the new set's majority are the two that have copied nothing yet.
        ushort coordinator = present.First(node => node != stays);
        cluster.Kill(stays);
        CallPatiently(cluster, coordinator, "GET", key).ShouldBe("$6 before");
    }

    [Fact]
    public void A_coordinator_that_has_not_heard_of_a_move_is_refused_and_begins_again_with_the_new_map()
    {
        var cluster = new LoopCluster(Nodes);
        Fill(cluster, "before");
        ClusterMap map = Planned(cluster);
        int[] moving = Moving(map);
        string key = KeyIn(map, moving[0]);
        ushort[] present = map.ReplicasOf(moving[0]).ToArray();
        ClusterMap pending = ChangeSteps.Begin(map, moving);
        ushort coordinator = present[0];
        Adopt(cluster, present[1], pending);
        Adopt(cluster, present[2], pending);
        cluster[coordinator].Node.View.Map!.Epoch.ShouldBeLessThan(pending.Epoch);
        cluster[coordinator].Call("SET", key, "after").ShouldBe("+OK");
        cluster[coordinator].Node.View.Map!.Epoch.ShouldBe(pending.Epoch);
        cluster.Events.ShouldContain(happened => happened.Kind == NodeEventKind.StaleRefused);
        foreach (ushort node in pending.PendingOf(moving[0]))
            cluster[node].Node.View.Map!.Epoch.ShouldBe(pending.Epoch);
    }

    [Fact]
    public void A_replica_that_has_not_heard_of_a_move_fetches_the_map_before_it_acts()
    {
        var cluster = new LoopCluster(Nodes);
        ClusterMap map = Planned(cluster);
        int[] moving = Moving(map);
        string key = KeyIn(map, moving[0]);
        ClusterMap pending = ChangeSteps.Begin(map, moving);
        ushort coordinator = pending.ReplicasOf(moving[0])[0];
        Adopt(cluster, coordinator, pending);
        cluster[coordinator].CallPatiently("SET", key, "value").ShouldBe("+OK");
        foreach (ushort node in pending.MembersOf(moving[0]))
            cluster[node].Node.View.Map!.Epoch.ShouldBe(pending.Epoch);
    }

    [Fact]
    public void A_newcomer_that_starts_again_copies_again()
    {
        var cluster = new LoopCluster(Nodes);
        Fill(cluster, "before");
        (ClusterMap map, _) = PendingApart(cluster);
        ushort newcomer = map.PendingOf(0).ToArray().First(node => map.IsNewcomer(0, node));
        // Another newcomer cannot copy, so the move stays pending.
        ushort other = map.PendingOf(0).ToArray().Last(node => map.IsNewcomer(0, node));
        cluster.Kill(other);
        Await(cluster, () => cluster[newcomer].Node.IsCompleteHere(0));
        cluster.Kill(newcomer);
        cluster.RestartEmpty(newcomer, wiped: false);
        cluster[newcomer].Node.IsCompleteHere(0).ShouldBeFalse();
        cluster[newcomer].LiveRecords().ShouldBe(0);
        Await(cluster, () => cluster[newcomer].Node.IsCompleteHere(0));
        cluster[newcomer].LiveRecords().ShouldBeGreaterThan(0);
    }

    /// <summary>A majority without it makes the copy complete; the replica that has it drops its own when the move is over.</summary>
    [Fact]
    public void A_write_of_level_ONE_on_a_replica_that_goes_is_taken_along()
    {
        var cluster = new LoopCluster(Nodes);
        Fill(cluster, "before");
        ClusterMap map = cluster[0].Node.View.Map!;
        ushort[] present = map.ReplicasOf(0).ToArray();
        string key = KeyIn(map, 0);
        cluster.Cut(present[2], present[0]);
        cluster.Cut(present[2], present[1]);
        cluster[present[2]].Call("TORC.CONSISTENCY", "WRITE", "ONE").ShouldBe("+OK");
        cluster[present[2]].Call("SET", key, "only here").ShouldBe("+OK");
        ushort[] newcomers = [.. Enumerable.Range(0, Nodes).Select(node => (ushort)node).Except(present)];
        foreach (ushort newcomer in newcomers)
            cluster.Cut(present[2], newcomer);
        PendingApart(cluster);
        cluster.Elapse(2_000);
        cluster[present[0]].Node.View.Map!.IsChanging.ShouldBeTrue("a majority was copied, and the third is not known to be down");
        foreach (ushort newcomer in newcomers)
            cluster.Heal(present[2], newcomer);
        Await(cluster, () => !cluster[present[0]].Node.View.Map!.IsChanging);
        cluster.Heal(present[2], present[0]);
        cluster.Heal(present[2], present[1]);
        AwaitEnd(cluster);
        cluster.Elapse(1_000);
        CallPatiently(cluster, present[1], "GET", key).ShouldBe("$9 only here");
    }

    /// <summary>From three copies to one: the one that stays has missed a write that the two others acknowledged.</summary>
    [Fact]
    public void What_only_those_have_that_go_is_taken_over_by_those_that_stay()
    {
        var cluster = new LoopCluster(Nodes);
        Fill(cluster, "before");
        ClusterMap map = cluster[0].Node.View.Map!;
        ushort[] present = map.ReplicasOf(0).ToArray();
        string key = KeyIn(map, 0);
        cluster.Cut(present[0], present[1]);
        cluster.Cut(present[0], present[2]);
        cluster[present[1]].Call("SET", key, "not there").ShouldBe("+OK");
        ClusterMapDraft draft = ClusterMapDraft.After(map);
        draft.Copies = 1;
        draft.Moves[0] = new ReplicaMove(MoveStage.Planned, [present[0]]);
        ClusterMap pending = ChangeSteps.Begin(draft.ToMap(), [0]);
        for (int node = 0; node < Nodes; node++)
            Adopt(cluster, node, pending);
        cluster[present[0]].Node.IsBehindHere(0).ShouldBeTrue();
        cluster.Elapse(1_000);
        cluster[present[1]].Node.View.Map!.IsChanging.ShouldBeTrue("the one that stays cannot catch up yet");
        cluster.Heal(present[0], present[1]);
        cluster.Heal(present[0], present[2]);
        AwaitEnd(cluster);
        cluster[present[0]].Node.View.Map!.ReplicasOf(0).ToArray().ShouldBe([present[0]]);
        cluster.Elapse(1_000);
        CallPatiently(cluster, present[1], "GET", key).ShouldBe("$9 not there");
    }

    [Fact]
    public void A_cancelled_move_leaves_everything_where_it_was()
    {
        var cluster = new LoopCluster(Nodes);
        Fill(cluster, "before");
        (ClusterMap map, _) = PendingApart(cluster);
        ushort[] present = map.ReplicasOf(0).ToArray();
        ushort newcomer = map.PendingOf(0).ToArray().First(node => map.IsNewcomer(0, node));
        ushort other = map.PendingOf(0).ToArray().Last(node => map.IsNewcomer(0, node));
        cluster.Kill(other);
        Await(cluster, () => cluster[newcomer].Node.IsCompleteHere(0));
        Adopt(cluster, present[0], ChangeSteps.Cancel(map));
        cluster.RestartLinks(other);
        AwaitEnd(cluster);
        cluster[newcomer].Node.IsCompleteHere(0).ShouldBeFalse();
        cluster[0].Node.View.Map!.ReplicasOf(0).ToArray().ShouldBe(present);
        Fill(cluster, "after");
        ReadAll(cluster, Keys);
    }

    /// <summary>Nodes die at any stage, and come back later, while clients write: what was acknowledged is there in the end, and read meanwhile.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public void Nothing_acknowledged_is_lost_whoever_dies_at_whatever_stage(ulong seed)
    {
        var random = new SeededRandom(seed);
        var cluster = new LoopCluster(Nodes);
        var acknowledged = new Dictionary<string, int>();
        var attempted = new Dictionary<string, int>();
        Write(cluster, random, acknowledged, attempted, dead: -1);
        Planned(cluster);
        for (int deaths = 0; deaths < 4; deaths++)
        {
            int dead = random.Below(Nodes);
            cluster.Kill(dead);
            Write(cluster, random, acknowledged, attempted, dead);
            cluster.Elapse(random.Below(1_500));
            Check(cluster, acknowledged, attempted, dead);
            cluster.RestartLinks(dead);
            cluster.Elapse(random.Below(1_000));
            Write(cluster, random, acknowledged, attempted, dead: -1);
        }
        AwaitEnd(cluster);
        Check(cluster, acknowledged, attempted, dead: -1);
    }

    private static void Write(LoopCluster cluster, SeededRandom random, Dictionary<string, int> acknowledged, Dictionary<string, int> attempted, int dead)
    {
        for (int i = 0; i < 40; i++)
        {
            string key = $"key:{random.Below(Keys)}";
            int node = random.Below(Nodes);
            int value = attempted.GetValueOrDefault(key) + 1;
            if (node == dead)
                continue;
            attempted[key] = value;
            if (CallPatiently(cluster, node, "SET", key, value.ToString(CultureInfo.InvariantCulture)) == "+OK")
                acknowledged[key] = value;
            cluster[node].Reconnect();
        }
    }

    private static void Check(LoopCluster cluster, Dictionary<string, int> acknowledged, Dictionary<string, int> attempted, int dead)
    {
        foreach ((string key, int least) in acknowledged)
        {
            for (int node = 0; node < Nodes; node++)
            {
                if (node == dead)
                    continue;
                string reply = CallPatiently(cluster, node, "GET", key);
                cluster[node].Reconnect();
                reply.ShouldStartWith("$", Case.Sensitive, $"{key} read by node {node} with {dead} dead");
                int value = int.Parse(reply.Split(' ')[1], CultureInfo.InvariantCulture);
                value.ShouldBeInRange(least, attempted[key], $"{key} read by node {node} with {dead} dead");
            }
        }
    }

    private static void Fill(LoopCluster cluster, string value, int from = 0)
    {
        for (int i = from; i < from + Keys; i++)
            CallPatiently(cluster, i % Nodes, "SET", $"key:{i}", value).ShouldBe("+OK");
    }

    private static void ReadAll(LoopCluster cluster, int keys)
    {
        for (int node = 0; node < Nodes; node++)
        {
            CallPatiently(cluster, node, "TORC.CONSISTENCY", "READ", "ALL").ShouldBe("+OK");
            for (int i = 0; i < keys; i++)
                CallPatiently(cluster, node, "EXISTS", $"key:{i}").ShouldBe(":1");
        }
    }

    /// <summary>A change that moves one replica of every other partition.</summary>
    private static ClusterMap Planned(LoopCluster cluster)
    {
        ClusterMapDraft draft = ClusterMapDraft.After(cluster[0].Node.View.Map!);
        for (int partition = 0; partition < cluster.Partitions; partition += 2)
        {
            ushort[] set = draft.Replicas[partition].ToArray();
            ushort added = Enumerable.Range(0, Nodes).Select(node => (ushort)node).First(node => !set.Contains(node));
            set[partition / 2 % set.Length] = added;
            draft.Moves[partition] = new ReplicaMove(MoveStage.Planned, set);
        }
        return Step(cluster, 0, draft.ToMap());
    }

    /// <summary>A pending move of one partition to a set that shares one node with the present one.</summary>
    private static (ClusterMap Map, string Key) PendingApart(LoopCluster cluster)
    {
        ClusterMapDraft draft = ClusterMapDraft.After(cluster[0].Node.View.Map!);
        ushort[] present = draft.Replicas[0];
        ushort[] others = [.. Enumerable.Range(0, Nodes).Select(node => (ushort)node).Except(present)];
        draft.Moves[0] = new ReplicaMove(MoveStage.Planned, [present[1], .. others]);
        ClusterMap map = ChangeSteps.Begin(draft.ToMap(), [0]);
        for (int node = 0; node < Nodes; node++)
            Adopt(cluster, node, map);
        return (map, KeyIn(map, 0));
    }

    /// <summary>The nodes drive a change by themselves, from whatever map they are given.</summary>
    private static void AwaitEnd(LoopCluster cluster) =>
        Await(cluster, () => Enumerable.Range(0, Nodes).All(node => !cluster[node].Node.View.Map!.IsChanging));

    private static int[] Moving(ClusterMap map) =>
        [.. Enumerable.Range(0, map.PartitionCount).Where(partition => map.MoveOf(partition) is not null)];

    /// <summary>A node gets another map, as if it had been decided and made durable there; the others hear of it.</summary>
    private static void Adopt(LoopCluster cluster, int node, ClusterMap map) =>
        cluster[node].ControlTurn((control, outbox) => control.OnMapPersisted(map, cluster.Now, outbox));

    private static ClusterMap Step(LoopCluster cluster, int node, ClusterMap map)
    {
        Adopt(cluster, node, map);
        cluster.Run();
        return map;
    }

    private static void Await(LoopCluster cluster, Func<bool> condition)
    {
        for (int waited = 0; !condition(); waited += 100)
        {
            waited.ShouldBeLessThan(60_000);
            cluster.Elapse(100);
        }
    }

    private static string KeyIn(ClusterMap map, int partition) =>
        Enumerable.Range(0, 10_000).Select(i => $"key:{i}").First(key => PartitionOf(map, key) == partition);

    private static int PartitionOf(ClusterMap map, string key) => map.PartitionOf(Slots.Of(System.Text.Encoding.UTF8.GetBytes(key)));

    private static string CallPatiently(LoopCluster cluster, int node, params string[] command)
    {
        string reply = cluster[node].Call(command);
        for (int waited = 0; reply.Length == 0 && waited < 8_000; waited += 300)
        {
            cluster.Elapse(300);
            reply = cluster[node].TakeOutput();
        }
        return reply;
    }
}
