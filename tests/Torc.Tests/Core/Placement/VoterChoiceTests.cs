using Torc.Base;
using Torc.Core.Placement;

namespace Torc.Tests.Core.Placement;

public sealed class VoterChoiceTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 1)]
    [InlineData(3, 3)]
    [InlineData(4, 3)]
    [InlineData(5, 5)]
    [InlineData(60, 5)]
    public void Are_an_odd_number_up_to_five(int nodes, int voters) =>
        VoterChoice.Choose(SampleCluster.Nodes(nodes), []).Length.ShouldBe(voters);

    [Fact]
    public void No_data_centre_and_no_rack_holds_more_than_its_part()
    {
        for (ulong seed = 0; seed < 200; seed++)
        {
            NodeInfo[] nodes = SampleCluster.Random(new SeededRandom(seed));
            ushort[] voters = VoterChoice.Choose(nodes, []);
            voters.ShouldBe(voters.Order());
            int[] perCentre = [.. nodes.GroupBy(node => node.DataCentre).Select(centre => centre.Count(node => voters.Contains(node.Id)))];
            foreach (IGrouping<string, NodeInfo> centre in nodes.GroupBy(node => node.DataCentre))
            {
                int here = centre.Count(node => voters.Contains(node.Id));
                (here == centre.Count() || here >= perCentre.Max() - 1).ShouldBeTrue($"seed {seed}: {centre.Key} could take one from another");
                int racks = centre.Where(node => voters.Contains(node.Id)).Select(node => node.Rack).Distinct().Count();
                racks.ShouldBe(Math.Min(here, centre.Select(node => node.Rack).Distinct().Count()), $"seed {seed}: racks of {centre.Key}");
            }
        }
    }

    [Fact]
    public void Who_votes_stays_and_who_joins_or_leaves_does_not_vote()
    {
        NodeInfo[] nodes = SampleCluster.Nodes(7);
        VoterChoice.Choose(nodes, [2, 3, 4, 5, 6]).ShouldBe([2, 3, 4, 5, 6]);
        nodes[3] = nodes[3] with { State = NodeState.Leaving };
        nodes[0] = nodes[0] with { State = NodeState.Joining };
        VoterChoice.Choose(nodes, [2, 3, 4, 5, 6]).ShouldBe([1, 2, 4, 5, 6]);
    }

    [Fact]
    public void Who_leaves_votes_on_when_one_of_three_would_be_left()
    {
        NodeInfo[] nodes = SampleCluster.Nodes(4);
        nodes[0] = nodes[0] with { State = NodeState.Leaving };
        nodes[3] = nodes[3] with { State = NodeState.Joining };
        VoterChoice.Choose(nodes, [0, 1, 2]).ShouldBe([0, 1, 2]);
        VoterChoice.Choose(nodes[..2], [0]).ShouldBe([1], "two that vote are no better than one");
    }

    [Fact]
    public void The_vote_goes_to_those_who_stay_before_a_change_ends()
    {
        ClusterMap map = Planner.Create(SampleCluster.Nodes(1), 8, 1, SampleCluster.Keyspaces, out _);
        PlacementPlan plan = ChangePlanner.Plan(map, new ChangeRequest.Replace(0, SampleCluster.Node(7)));
        int[] partitions = [.. plan.Moves.Select(move => move.Partition)];
        ClusterMap pending = ChangeSteps.Begin(plan.First!, partitions);
        pending.Voters.ShouldBe([0]);
        ChangeSteps.Complete(pending, partitions[1..]).Voters.ShouldBe([0]);
        ClusterMap moved = ChangeSteps.Complete(pending, partitions);
        moved.Voters.ShouldBe([1], "the first node is to hear of its end from others");
        ChangeSteps.Finish(moved).Voters.ShouldBe([1]);
    }
}
