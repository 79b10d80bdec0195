using Torc.Core.Placement;
using Torc.Core.Replication;
using Torc.Node;
using Torc.Node.Control;

namespace Torc.Tests.Node.Control;

public class ClusterChangeTests
{
    private static readonly KeyspaceSettings Strong = new(3, ConsistencyLevel.All, ConsistencyLevel.One);

    private readonly LoopCluster _cluster = new(nodes: 3, partitions: 4, shards: 1);
    private long _requests;

    [Fact]
    public void A_change_asked_of_one_node_is_decided_and_comes_into_use_on_all()
    {
        Ask(1, new ChangeRequest.Keyspaces([Strong]));
        _cluster.Elapse(2_000);
        ReportOf(1).State.ShouldBe(ClusterRequestState.Decided);
        for (int node = 0; node < 3; node++)
        {
            MapOf(node).Epoch.ShouldBe(2UL);
            MapOf(node).KeyspaceOf(3).ShouldBe(Strong);
        }
    }

    [Fact]
    public void Requests_to_several_nodes_at_once_are_decided_one_after_another()
    {
        for (int node = 0; node < 3; node++)
            Ask(node, new ChangeRequest.Keyspaces([Strong with { Id = (byte)node }]));
        _cluster.Elapse(10_000);
        for (int node = 0; node < 3; node++)
        {
            ReportOf(node).State.ShouldBe(ClusterRequestState.Decided);
            MapOf(node).Epoch.ShouldBe(4UL);
            for (byte id = 0; id < 3; id++)
                MapOf(node).KeyspaceOf(id).ShouldBe(Strong with { Id = id });
        }
    }

    [Fact]
    public void Without_a_majority_of_the_voters_the_map_stays_and_the_operator_is_told()
    {
        _cluster.Kill(0);
        _cluster.Kill(2);
        Ask(1, new ChangeRequest.Keyspaces([Strong]));
        _cluster.Elapse(60_000);
        ReportOf(1).State.ShouldBe(ClusterRequestState.Refused);
        ReportOf(1).Text.ShouldContain("No majority of the voters (nodes 0, 1, 2)");
        MapOf(1).Epoch.ShouldBe(1UL);
    }

    [Fact]
    public void A_node_that_was_away_takes_the_newer_map_when_it_is_back()
    {
        _cluster.Kill(2);
        Ask(0, new ChangeRequest.Keyspaces([Strong]));
        _cluster.Elapse(5_000);
        ReportOf(0).State.ShouldBe(ClusterRequestState.Decided);
        MapOf(2).Epoch.ShouldBe(1UL);
        _cluster.RestartLinks(2);
        _cluster.Elapse(5_000);
        MapOf(2).KeyspaceOf(3).ShouldBe(Strong);
    }

    [Fact]
    public void A_voter_that_lost_its_disk_is_taken_in_again_under_its_new_birth()
    {
        _cluster.Kill(2);
        _cluster.RestartEmpty(2, wiped: true);
        _cluster.Elapse(10_000);
        for (int node = 0; node < 3; node++)
        {
            MapOf(node).NodeOf(2)!.Birth.ShouldBe(999UL);
            MapOf(node).Epoch.ShouldBe(2UL);
        }
        _cluster.Kill(0);
        Ask(2, new ChangeRequest.Keyspaces([Strong]));
        _cluster.Elapse(10_000);
        ReportOf(2).State.ShouldBe(ClusterRequestState.Decided);
    }

    [Fact]
    public void Voters_that_are_gone_for_ever_are_left_behind_on_the_operators_word()
    {
        _cluster.Kill(0);
        _cluster.Kill(2);
        _cluster.Elapse(30_000);
        Ask(1, new ClusterWish.RecoverVoters([0, 1]));
        ReportOf(1).Text.ShouldBe("Node 1 is up.");
        Ask(1, new ClusterWish.RecoverVoters([0]));
        ReportOf(1).Text.ShouldContain("are a majority");
        Ask(1, new ClusterWish.RecoverVoters([0, 2]));
        ReportOf(1).State.ShouldBe(ClusterRequestState.Decided);
        MapOf(1).Voters.ShouldBe([1]);
        _cluster.Events.ShouldContain(happened => happened.Kind == NodeEventKind.VotersRecovered);

        Ask(1, new ChangeRequest.Keyspaces([Strong]));
        _cluster.Elapse(2_000);
        ReportOf(1).State.ShouldBe(ClusterRequestState.Decided);
    }

    [Fact]
    public void A_voter_that_is_back_without_its_disk_has_no_vote_and_can_be_left_behind()
    {
        _cluster.Kill(2);
        _cluster.RestartEmpty(2, wiped: true);
        _cluster.Kill(0);
        _cluster.Elapse(30_000);
        MapOf(1).Epoch.ShouldBe(1UL, "one voter of three decides nothing");
        Ask(1, new ClusterWish.RecoverVoters([0, 2]));
        ReportOf(1).State.ShouldBe(ClusterRequestState.Decided, ReportOf(1).Text);
        _cluster.Elapse(10_000);
        MapOf(1).NodeOf(2)!.Birth.ShouldBe(999UL, "it is let in again");
    }

    [Fact]
    public void Voters_that_are_up_are_not_left_behind()
    {
        Ask(1, new ClusterWish.RecoverVoters([0, 2]));
        ReportOf(1).Text.ShouldBe("Node 0 is up.");
        MapOf(1).Epoch.ShouldBe(1UL);
    }

    [Fact]
    public void A_node_that_leaves_says_at_once_that_it_was_removed()
    {
        Ask(2, new ChangeRequest.Leave([2]));
        _cluster.Elapse(10_000);
        MapOf(0).NodeOf(2).ShouldBeNull();
        _cluster[2].Node.View.Standing.ShouldBe(Standing.Removed);
        ReportOf(2).State.ShouldBe(ClusterRequestState.Decided);
        string status = _cluster[2].Call("TORC.CLUSTER", "STATUS");
        status.ShouldContain("self :2");
        status.ShouldContain("$7 removed");
        status.ShouldContain("changing :0");
        status.ShouldContain("this node was removed from the cluster");
        status.ShouldNotContain("cancel and remove it");
        foreach (string[] command in (string[][])[["TORC.CLUSTER", "CANCEL"], ["TORC.CLUSTER", "PLAN", "LEAVE", "1"], ["TORC.CLUSTER", "WEIGHT", "0", "50"], ["TORC.REPAIR", "START"]])
            _cluster[2].Call(command).ShouldStartWith("-UNAVAILABLE this node was removed from the cluster");
        Ask(2, new ClusterWish.Cancel());
        ReportOf(2).State.ShouldBe(ClusterRequestState.Refused);
        ReportOf(2).Text.ShouldContain("was removed from the cluster");
    }

    [Theory]
    [InlineData("WEIGHT 0 99999999", "-ERR A weight is a number from 1 to 10000.")]
    [InlineData("WEIGHT 0 0", "-ERR A weight is a number from 1 to 10000.")]
    [InlineData("KEYSPACE 0 READ ONE READ TWO", "-ERR READ is given twice: say KEYSPACE keyspace [READ level] [WRITE level]")]
    [InlineData("KEYSPACE 0 WRITE ONE WRITE ONE", "-ERR WRITE is given twice: say KEYSPACE keyspace [READ level] [WRITE level]")]
    public void What_is_asked_wrongly_is_refused_before_anything_is_decided(string words, string refusal)
    {
        _cluster[0].Call(["TORC.CLUSTER", .. words.Split(' ')]).ShouldBe(refusal);
        _cluster[0].Call(["TORC.CLUSTER", "PLAN", .. words.Split(' ')]).ShouldBe(refusal);
    }

    [Fact]
    public void What_cannot_be_planned_is_refused_in_words()
    {
        Ask(0, new ChangeRequest.Leave([7]));
        Ask(0, new ClusterWish.Cancel());
        _cluster.Elapse(1_000);
        _cluster[0].Node.Control.Requests.Select(report => report.Text).ShouldBe(["Node 7 is no member.", "No change is under way."]);
    }

    private ClusterMap MapOf(int node) => _cluster[node].Node.View.Map!;

    private ClusterRequestReport ReportOf(int node) => _cluster[node].Node.Control.Requests[^1];

    private void Ask(int node, ChangeRequest change) => Ask(node, new ClusterWish.Change(change));

    private void Ask(int node, ClusterWish wish) =>
        _cluster[node].ControlTurn((control, outbox) => control.Ask(new ClusterRequest(++_requests, wish), _cluster.Now, outbox));
}
