using Torc.Base;
using Torc.Core.Placement;
using Torc.Core.Replication;
using Torc.Node.Control;
using Torc.Node.Peers;

namespace Torc.Tests.Node.Peers;

public class LinkPolicyTests
{
    private static readonly NodeInfo[] Nodes = [Info(0), Info(5), Info(1023)];
    private static readonly ClusterMap Map = MakeMap();

    [Theory]
    [InlineData(5, 105, true, null)]
    [InlineData(1023, 9, true, null)] // wiped: it says so by its birth, and is taken in again
    [InlineData(7, 107, true, null)] // of a newer map than this node's
    [InlineData(7, 107, false, "it says it is node 7, which it cannot be")]
    [InlineData(0, 100, true, "it says it is node 0, which it cannot be")]
    public void A_member_takes_members(int node, int birth, bool isMember, string? problem) =>
        ShouldBe(Member().FindProblem(Own(), Peer(node, birth, isMember ? Map.ClusterId : 0)), problem);

    [Fact]
    public void A_member_refuses_those_of_another_cluster() =>
        ShouldBe(Member().FindProblem(Own(), Peer(5, 105, 4711)), "node 5 belongs to another cluster");

    [Theory]
    [InlineData(2, 2, 0, "the cluster is at level 3 and node 5 goes up to 2")] // the version before, and it asks to join
    [InlineData(2, 9, 3, null)] // the next version
    [InlineData(4, 9, 4, "node 5 knows levels 4 to 9 and this one 2 to 3: their versions are too far apart")]
    [InlineData(2, 9, 4, "the cluster is at level 4 and this node goes up to 3")]
    public void Versions_work_together_that_know_the_level_of_the_cluster(int oldest, int newest, int ofCluster, string? problem)
    {
        PeerGreeting peer = Peer(5, 105, Map.ClusterId) with { OldestLevel = (byte)oldest, NewestLevel = (byte)newest, LevelOfCluster = (byte)ofCluster };
        ShouldBe(Member().FindProblem(Own(), peer), problem);
    }

    [Fact]
    public void A_node_goes_along_with_its_cluster_whatever_level_it_was_told() =>
        (Member() with { LevelMax = ClusterLevel.Oldest }).Greet(1, 7, 1, default).NewestLevel.ShouldBe(Map.Level);

    [Theory]
    [InlineData(3, 103)] // the removed node
    [InlineData(3, 999)] // its id, never given again
    [InlineData(NodeInfo.NoId, 103)] // its data directory
    [InlineData(NodeInfo.NoId, 999)] // one that wants to join
    public void Removed_nodes_and_those_without_id_are_guests(int node, int birth)
    {
        PeerGreeting peer = Peer(node, birth, node == NodeInfo.NoId ? 0 : Map.ClusterId);
        if (node == NodeInfo.NoId)
            Member().FindProblem(Own(), peer).ShouldBeNull();
        Member().IsGuest(peer).ShouldBeTrue();
        Member().IsGuest(Peer(5, 105, Map.ClusterId)).ShouldBeFalse();
    }

    /// <summary>Old data of a removed node, started where a newer member should be: it is told, however the link came about.</summary>
    [Fact]
    public void A_removed_node_that_answers_for_another_is_a_guest()
    {
        var handshake = new LinkHandshake(Own(), null, expected: 5, Member());
        using var bytes = new ByteWriter();
        Peer(3, 103, Map.ClusterId).Encode(bytes);
        ReadOnlySpan<byte> input = bytes.Written;
        using var output = new ByteWriter();
        handshake.Step(ref input, output).ShouldBe(LinkHandshakeOutcome.Done);
        handshake.IsGuest.ShouldBeTrue();
    }

    [Fact]
    public void A_node_that_joins_talks_to_members_only()
    {
        var policy = new LinkPolicy(Info(NodeInfo.NoId), Standing.Joining, null, 0);
        PeerGreeting own = policy.Greet(1, 0, 1, default);
        policy.FindProblem(own, Peer(5, 105, Map.ClusterId)).ShouldBeNull();
        ShouldBe(policy.FindProblem(own, Peer(NodeInfo.NoId, 9, 0)), "it is no member of a cluster itself");
    }

    [Fact]
    public void A_removed_node_talks_to_nobody()
    {
        var policy = new LinkPolicy(Info(3), Standing.Removed, Map, 3);
        ShouldBe(policy.FindProblem(policy.Greet(1, 7, 1, default), Peer(5, 105, Map.ClusterId)), "this node was removed from its cluster");
    }

    [Fact]
    public void Ids_may_have_gaps()
    {
        Map.PlaceOf(1023).ShouldBe(2);
        Map.PlaceOf(4).ShouldBe(-1);
        Map.PlaceOf(NodeInfo.NoId).ShouldBe(-1);
        Map.NextNodeId().ShouldBe(1024);
        var peers = Map.Nodes.Select(node => new PeerState(node, IsUp: node.Id != 5, [], 10, 0)).ToList();
        var view = new ClusterView(0, Map, [.. peers], clockIsTrusted: true, Standing.Member);
        view.PeerOf(1023)!.Node.Id.ShouldBe((ushort)1023);
        view.PeerOf(4).ShouldBeNull();
        view.IsUp(1023).ShouldBeTrue();
        view.IsUp(5).ShouldBeFalse();
        view.IsUp(6).ShouldBeFalse();
        view.IsFenced(3).ShouldBeTrue();
        view.IsFenced(5).ShouldBeFalse();
        for (int partition = 0; partition < Map.PartitionCount; partition++)
        {
            Torc.Node.Commands.Router.Coordinator(view, Torc.Node.Commands.CommandKind.Read, partition, selfComplete: false, isLocal: false).ShouldBe(1023);
            Torc.Node.Commands.Router.Coordinator(view, Torc.Node.Commands.CommandKind.Read, partition, selfComplete: false, isLocal: false, [1023]).ShouldBe(-1);
        }
    }

    private static LinkPolicy Member() => new(Nodes[0], Standing.Member, Map, 2);

    private static PeerGreeting Own() => Member().Greet(1, 7, 1, default);

    private static PeerGreeting Peer(int node, int birth, ulong cluster) =>
        new((ushort)node, 1, node == NodeInfo.NoId ? 0UL : 7UL, 1) { ClusterId = cluster, Birth = (ulong)birth };

    private static void ShouldBe(string? found, string? start)
    {
        if (start is null)
            found.ShouldBeNull();
        else
            found.ShouldNotBeNull().ShouldStartWith(start);
    }

    private static NodeInfo Info(int id) => new((ushort)id, $"10.0.0.1:{7000 + id % 1000}", "h", 6379, 8379, "", "", 1, (ulong)(100 + id));

    private static ClusterMap MakeMap()
    {
        ClusterMap first = Planner.Create(Nodes, 4, 3, [new KeyspaceSettings(0, ConsistencyLevel.Quorum, ConsistencyLevel.Quorum)], out _);
        var draft = ClusterMapDraft.After(first);
        draft.Removed = [new RemovedNode(3, 103)];
        return draft.ToMap();
    }
}
