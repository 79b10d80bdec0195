using Torc.Base;
using Torc.Core.Placement;
using Torc.Node;
using Torc.Node.Control;
using Torc.Node.Peers;

namespace Torc.Tests.Node.Control;

/// <summary>Members that come and go: maps are handed to one node as if they had just been decided, and gossip does the rest.</summary>
public class MembershipTests
{
    [Fact]
    public void A_removed_node_says_so_and_is_heard_no_more()
    {
        var cluster = new LoopCluster(nodes: 4, partitions: 8, shards: 2);
        cluster[3].Call("SET", "k", "v").ShouldBe("+OK");
        Decide(cluster, 0, Without(MapOf(cluster, 0), 3));
        cluster.Elapse(4_000);

        cluster[3].Node.View.Standing.ShouldBe(Standing.Removed);
        cluster.Events.ShouldContain(happened => happened.Kind == NodeEventKind.Removed && happened.Node == 3);
        cluster[3].Call("GET", "k").ShouldStartWith("-UNAVAILABLE this node was removed from the cluster");
        cluster[3].Call("PING").ShouldBe("+PONG");
        cluster[3].Call("CLUSTER", "INFO").ShouldContain("cluster_state");
        cluster[3].Node.Control.Targets.ShouldBeEmpty();
        for (int node = 0; node < 3; node++)
        {
            cluster.AreLinked(node, 3).ShouldBeFalse();
            MapOf(cluster, node).Epoch.ShouldBe(2UL);
            cluster[node].Call("GET", "k").ShouldBe("$1 v");
            cluster[node].Node.View.PeerOf(3).ShouldBeNull();
            cluster[node].Call("CLUSTER", "SLOTS").ShouldNotContain(":6382");
        }
    }

    [Fact]
    public void A_member_that_is_missed_is_dialled_by_those_of_higher_ids_too()
    {
        // It may come back with a map of which nobody but itself is a member any more: then it knows nobody to dial.
        var cluster = new LoopCluster(nodes: 3, partitions: 8, shards: 1);
        cluster[2].Node.Control.Targets.ShouldNotContain(static target => target.Node == 0);
        cluster.Kill(0);
        cluster.Elapse(3_000);
        cluster[2].Node.Control.Targets.ShouldNotContain(static target => target.Node == 0);
        cluster.Elapse(4_000);
        cluster[1].Node.Control.Targets.ShouldContain(static target => target.Node == 0);
        cluster[2].Node.Control.Targets.ShouldContain(static target => target.Node == 0);
        cluster[2].Node.Control.Targets.ShouldNotContain(static target => target.Node == 1);
    }

    [Fact]
    public void What_was_asked_of_a_node_and_is_not_decided_when_it_is_removed_is_not_left_open()
    {
        var cluster = new LoopCluster(nodes: 4, partitions: 8, shards: 1);
        ClusterMap without = Without(MapOf(cluster, 0), 3);
        for (int node = 0; node < 3; node++)
            cluster.Kill(node);
        Ask(cluster, 3);
        cluster[3].Node.Control.Requests[^1].State.ShouldBe(ClusterRequestState.Deciding);
        Decide(cluster, 3, without);
        cluster[3].Node.Control.Requests[^1].State.ShouldBe(ClusterRequestState.Refused);
        cluster[3].Node.Control.Requests[^1].Text.ShouldContain("It may have been decided: look at another node");
    }

    [Fact]
    public void A_node_that_is_taking_over_a_map_says_so_to_who_asks_it_for_a_change()
    {
        var cluster = new LoopCluster(nodes: 4, partitions: 8, shards: 1);
        using var newer = new ByteWriter();
        Without(MapOf(cluster, 1), 3).Encode(newer);
        // The map is handed to the host to be made durable, which has no room for it and says nothing.
        cluster[1].Node.Control.OnPeerMessage(0, new PeerMessage(PeerMessageKind.Map, PeerFrame.ControlPartition, 0, newer.Written), cluster.Now, new Outbox());
        Ask(cluster, 1);
        cluster[1].Node.Control.Requests[^1].State.ShouldBe(ClusterRequestState.Refused);
        cluster[1].Node.Control.Requests[^1].Text.ShouldStartWith("This node is just taking over a newer cluster map");
    }

    [Fact]
    public void A_node_that_was_away_when_it_was_removed_is_told_when_it_knocks()
    {
        var cluster = new LoopCluster(nodes: 4, partitions: 8, shards: 1);
        cluster.Kill(3);
        Decide(cluster, 0, Without(MapOf(cluster, 0), 3));
        cluster.Elapse(3_000);
        cluster[3].Node.View.Standing.ShouldBe(Standing.Member);
        cluster.Elapse(3_000);
        cluster[3].Node.Control.Targets.Select(target => target.Node).ShouldBe([(ushort)0, (ushort)1, (ushort)2], "alone, it dials all that it knows");

        cluster[0].Node.Control.Policy.IsGuest(cluster[3].Node.Control.Policy.Greet(1, 0, 1, default)).ShouldBeTrue();
        cluster.LinkGuest(3, 0);
        cluster.Elapse(1_000);
        cluster[3].Node.View.Standing.ShouldBe(Standing.Removed);
        cluster.AreLinked(3, 0).ShouldBeFalse();
    }

    [Fact]
    public void A_first_node_that_was_removed_and_wiped_finds_the_others_and_is_told_how_to_join()
    {
        var cluster = new LoopCluster(nodes: 4, partitions: 8, shards: 1);
        cluster.Kill(3);
        Decide(cluster, 0, Without(MapOf(cluster, 0), 3));
        cluster.RestartEmpty(3, wiped: true);
        cluster.Kill(3);
        cluster[3].Node.Control.Targets.ShouldBeEmpty("those with lower ids dial");
        cluster.Elapse(6_000);
        cluster[3].Node.Control.Targets.Select(target => target.Node).ShouldBe([(ushort)0, (ushort)1, (ushort)2]);
        cluster.LinkGuest(3, 0);
        cluster.Elapse(1_000);
        cluster[3].Node.View.Standing.ShouldBe(Standing.Forming);
        cluster[3].Node.Control.FormationProblem.ShouldContain("--seeds");
        cluster.Events.ShouldContain(happened => happened.Kind == NodeEventKind.PeerRefused && happened.Detail!.Contains("was removed", StringComparison.Ordinal));
    }

    [Fact]
    public void A_node_with_seeds_waits_until_a_map_lists_it_and_has_the_id_that_it_has_there()
    {
        var cluster = new LoopCluster(nodes: 3, partitions: 8, shards: 2);
        cluster[0].Call("SET", "k", "v").ShouldBe("+OK");
        int joiner = cluster.AddJoiner(birth: 4711);
        cluster[joiner].Node.Control.Targets.ShouldBe([new LinkTarget(null, cluster.AddressOf(0))]);
        cluster.LinkGuest(joiner, 0);
        cluster.Elapse(10_000);
        cluster[joiner].Node.View.Standing.ShouldBe(Standing.Joining);
        cluster[joiner].Node.Control.SeenMap!.Nodes.Count.ShouldBe(3);
        cluster[joiner].Call("GET", "k").ShouldStartWith("-UNAVAILABLE this node is no member of a cluster yet; let it in with torc join");
        JoinCandidate candidate = cluster[0].Node.Control.Admissions.Candidates.ShouldHaveSingleItem();
        candidate.Node.Birth.ShouldBe(4711UL);
        candidate.Node.PeerAddress.ShouldBe(cluster.AddressOf(joiner));

        cluster[0].Node.Control.Admissions.Refuse(4711, "not today");
        cluster.Elapse(1_000);
        cluster[joiner].Node.Control.JoinProblem.ShouldBe("not today");

        Decide(cluster, 0, With(MapOf(cluster, 0), candidate.Node));
        cluster.Elapse(1_000);
        cluster[joiner].Node.View.Standing.ShouldBe(Standing.Member);
        cluster[joiner].Node.View.Self.ShouldBe((ushort)3);
        cluster[joiner].Node.Actor.NodeId.ShouldBe((ushort)3);
        cluster.AreLinked(joiner, 0).ShouldBeFalse("the link of a node without id ends");
        cluster[0].Node.Control.Admissions.Candidates.ShouldBeEmpty();
        cluster[0].Node.Control.Targets.Select(target => target.Address).ShouldContain(cluster.AddressOf(joiner));

        cluster.RestartLinks(joiner);
        cluster.Elapse(3_000);
        cluster[joiner].Call("GET", "k").ShouldBe("$1 v");
        cluster[joiner].Call("SET", "other", "w").ShouldBe("+OK");
        cluster[1].Call("GET", "other").ShouldBe("$1 w");
        cluster[1].Node.View.IsUp(3).ShouldBeTrue();
    }

    [Fact]
    public void A_node_of_another_number_of_partitions_is_told_which_to_start_with()
    {
        var cluster = new LoopCluster(nodes: 1, partitions: 8, shards: 1);
        int joiner = cluster.AddJoiner(birth: 4711, partitions: 16);
        cluster.LinkGuest(joiner, 0);
        cluster.Elapse(2_000);
        cluster[joiner].Node.Control.JoinProblem.ShouldContain("start it with --partitions 8");
        cluster[joiner].Node.View.Standing.ShouldBe(Standing.Joining);
    }

    [Fact]
    public void Newer_maps_that_arrive_under_load_lose_nothing()
    {
        var cluster = new LoopCluster(nodes: 3, partitions: 8, shards: 2);
        var random = new Torc.Base.SeededRandom(2026);
        var acknowledged = new Dictionary<string, string>();
        for (int round = 0; round < 60; round++)
        {
            int cutFrom = random.Below(3), cutTo = (cutFrom + 1 + random.Below(2)) % 3;
            if (random.Chance(0.3))
                cluster.Cut(cutFrom, cutTo);
            string[] keys = [.. Enumerable.Range(0, 3).Select(node => $"key{random.Below(40)}-{node}")];
            string[] early = [.. keys.Select((key, node) => cluster[node].Send("SET", key, $"{round}"))];
            if (round % 3 == 0)
                Decide(cluster, random.Below(3), NextOf(cluster, random));
            cluster.Heal(cutFrom, cutTo);
            cluster.Elapse(400);
            for (int node = 0; node < 3; node++)
            {
                string reply = early[node] + cluster[node].TakeOutput();
                reply.ShouldBe("+OK", $"round {round}, node {node}");
                acknowledged[keys[node]] = $"{round}";
            }
        }
        cluster.Elapse(5_000);
        for (int node = 0; node < 3; node++)
        {
            MapOf(cluster, node).Epoch.ShouldBe(21UL);
            foreach ((string key, string value) in acknowledged)
                cluster[node].Call("GET", key).ShouldBe($"${value.Length} {value}");
        }
    }

    /// <summary>The newest map of all with other voters and another default level, its replicas as before.</summary>
    private static ClusterMap NextOf(LoopCluster cluster, Torc.Base.SeededRandom random)
    {
        ClusterMap newest = Enumerable.Range(0, 3).Select(node => MapOf(cluster, node)).MaxBy(map => map.Epoch)!;
        var draft = ClusterMapDraft.After(newest);
        draft.Voters = [(ushort)random.Below(3)];
        draft.Keyspaces[5] = draft.Keyspaces[5] with { Read = (Torc.Core.Replication.ConsistencyLevel)(1 + random.Below(2)) };
        return draft.ToMap();
    }

    private static ClusterMap Without(ClusterMap map, ushort removed)
    {
        var draft = ClusterMapDraft.After(map);
        draft.Nodes = [.. map.Nodes.Where(node => node.Id != removed)];
        draft.Voters = [.. draft.Nodes.Select(node => node.Id)];
        draft.Removed = [new RemovedNode(removed, map.NodeOf(removed)!.Birth)];
        for (int partition = 0; partition < map.PartitionCount; partition++)
        {
            ushort[] replicas = draft.Replicas[partition];
            int place = Array.IndexOf(replicas, removed);
            if (place < 0)
                continue;
            replicas[place] = draft.Nodes.First(node => !replicas.Contains(node.Id)).Id;
            draft.PartitionEpochs[partition] = draft.Epoch;
        }
        return draft.ToMap();
    }

    private static ClusterMap With(ClusterMap map, NodeInfo added)
    {
        var draft = ClusterMapDraft.After(map);
        draft.Nodes = [.. map.Nodes, added with { Id = (ushort)map.NextNodeId(), State = NodeState.Joining }];
        return draft.ToMap();
    }

    private static ClusterMap MapOf(LoopCluster cluster, int node) => cluster[node].Node.View.Map!;

    private static void Ask(LoopCluster cluster, int node) => cluster[node].ControlTurn(
        (control, outbox) => control.Ask(new ClusterRequest(1, new ClusterWish.Change(new ChangeRequest.ReplicationFactor(2))), cluster.Now, outbox));

    private static void Decide(LoopCluster cluster, int node, ClusterMap map) =>
        cluster[node].ControlTurn((control, outbox) => control.OnMapPersisted(map, cluster.Now, outbox));
}
