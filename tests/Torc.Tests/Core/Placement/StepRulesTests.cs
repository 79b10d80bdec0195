using Torc.Core.Placement;

namespace Torc.Tests.Core.Placement;

public sealed class StepRulesTests
{
    private const int Partition = 0;

    [Fact]
    public void A_move_ends_when_both_sets_are_fenced_and_the_newcomer_is_complete()
    {
        ClusterMap map = Pending([0, 1, 2], [0, 1, 3]);
        var reports = new Reports();
        reports.Say(0, map.Epoch, complete: true);
        reports.Say(1, map.Epoch, complete: true);
        reports.Say(3, map.Epoch, complete: false);
        StepRules.MayComplete(map, Partition, reports).ShouldBeFalse("the newcomer still copies");
        reports.Say(3, map.Epoch - 1, complete: true);
        StepRules.MayComplete(map, Partition, reports).ShouldBeFalse("the newcomer speaks of an earlier map");
        reports.Say(3, map.Epoch, complete: true);
        StepRules.MayComplete(map, Partition, reports).ShouldBeTrue();
        reports.Say(1, map.Epoch - 1, complete: true);
        StepRules.MayComplete(map, Partition, reports).ShouldBeFalse("1 and 2 would still serve who reads by the present set alone");
        reports.Say(2, map.Epoch, complete: false);
        StepRules.MayComplete(map, Partition, reports).ShouldBeTrue("0 and 2 are fenced, 0 and 3 whole");
    }

    [Fact]
    public void Every_newcomer_has_to_be_complete_even_when_a_majority_is_without_it()
    {
        ClusterMap map = Pending([0, 1, 2], [0, 1, 2, 3]);
        var reports = new Reports();
        foreach (ushort node in new ushort[] { 0, 1, 2 })
            reports.Say(node, map.Epoch, complete: true);
        StepRules.MayComplete(map, Partition, reports).ShouldBeFalse();
    }

    [Fact]
    public void Without_newcomers_the_present_set_is_fenced_all_the_same()
    {
        ClusterMap map = Pending([0, 1, 2, 3, 4], [0]);
        var reports = new Reports();
        reports.Say(0, map.Epoch, complete: true);
        StepRules.MayComplete(map, Partition, reports).ShouldBeFalse("1 to 4 are a quorum for who has not heard of the move");
        reports.Say(1, map.Epoch, complete: false);
        reports.Say(2, map.Epoch, complete: false);
        StepRules.MayComplete(map, Partition, reports).ShouldBeTrue();
        reports.Behind.Add(0);
        StepRules.MayComplete(map, Partition, reports).ShouldBeFalse("1 to 4 may have what 0 lacks, and go");
    }

    [Fact]
    public void Of_two_replicas_one_that_is_gone_holds_nobody_up()
    {
        ClusterMap map = Pending([0, 1], [0, 3]);
        var reports = new Reports();
        reports.Say(3, map.Epoch, complete: true);
        StepRules.MayComplete(map, Partition, reports).ShouldBeFalse("0 and 1 would still serve who counts by the present set");
        reports.Say(0, map.Epoch, complete: true);
        StepRules.MayComplete(map, Partition, reports).ShouldBeTrue("1 alone is no quorum of two");
    }

    /// <summary>The only replica of its data centre can never say that it is fenced.</summary>
    [Fact]
    public void A_data_centre_whose_replicas_are_all_gone_holds_nobody_up()
    {
        ClusterMap map = Pending([0, 1, 2, 6], [0, 1, 2, 7]);
        var reports = new Reports();
        foreach (ushort node in new ushort[] { 0, 1, 2, 7 })
            reports.Say(node, map.Epoch, complete: true);
        StepRules.MayComplete(map, Partition, reports).ShouldBeFalse("6 may come back and serve LOCAL_QUORUM by the present set alone");
        StepRules.MayComplete(Pending([0, 1, 2, 6], [0, 1, 2, 7], gone: 6), Partition, reports).ShouldBeTrue();
    }

    /// <summary>The word of an operator is not taken where it need not be: two of three still answer.</summary>
    [Fact]
    public void One_that_is_gone_does_not_stand_for_one_that_answers()
    {
        ClusterMap map = Pending([0, 1, 2], [0, 1, 3], gone: 2);
        var reports = new Reports();
        reports.Say(0, map.Epoch, complete: true);
        reports.Say(3, map.Epoch, complete: true);
        StepRules.MayComplete(map, Partition, reports).ShouldBeFalse("1 and 2, should it live, are a quorum");
        reports.Say(1, map.Epoch, complete: false);
        StepRules.MayComplete(map, Partition, reports).ShouldBeTrue();
    }

    [Fact]
    public void Of_a_set_that_shrinks_a_majority_has_caught_up()
    {
        ClusterMap map = Pending([0, 1, 2, 3, 4], [0, 1, 2]);
        var reports = new Reports();
        foreach (ushort node in new ushort[] { 0, 1, 2, 3, 4 })
            reports.Say(node, map.Epoch, complete: true);
        reports.Behind.UnionWith([0, 1]);
        StepRules.MayComplete(map, Partition, reports).ShouldBeFalse();
        reports.Behind.Remove(1);
        StepRules.MayComplete(map, Partition, reports).ShouldBeTrue("1 and 2 hold everything");
    }

    [Fact]
    public void Each_data_centre_has_a_majority_of_its_own()
    {
        ClusterMap map = Pending([0, 1, 2, 6, 7, 8], [0, 1, 2, 6, 7, 9]);
        var reports = new Reports();
        foreach (ushort node in new ushort[] { 0, 1, 2, 6, 9 })
            reports.Say(node, map.Epoch, complete: true);
        StepRules.MayComplete(map, Partition, reports).ShouldBeFalse("7 and 8 still serve LOCAL_QUORUM by the present set alone");
        reports.Say(7, map.Epoch, complete: false);
        StepRules.MayComplete(map, Partition, reports).ShouldBeTrue();
    }

    [Fact]
    public void A_change_ends_when_the_last_maps_of_all_partitions_are_in_use()
    {
        ClusterMap pending = Pending([0, 1, 2], [0, 1, 3]);
        StepRules.MayFinish(pending, new Reports()).ShouldBeFalse("a move is left");
        ClusterMap map = ChangeSteps.Complete(pending, [Partition]);
        var reports = new Reports();
        reports.Say(0, map.Epoch, complete: true);
        reports.Say(2, map.Epoch, complete: true);
        StepRules.MayFinish(map, reports).ShouldBeFalse("2 is no replica any more");
        reports.Say(3, map.Epoch, complete: false);
        StepRules.MayFinish(map, reports).ShouldBeTrue();
    }

    private static ClusterMap Pending(ushort[] now, ushort[] then, int gone = -1)
    {
        NodeInfo[] nodes = [.. Enumerable.Range(0, 10).Select(id => SampleCluster.Node(id, 1, id < 6 ? "near" : "far"))];
        ClusterMapDraft draft = ClusterMapDraft.After(Planner.Create(nodes, 1, 3, [], out _));
        draft.Replicas[Partition] = now;
        draft.Moves[Partition] = new ReplicaMove(MoveStage.Planned, then);
        draft.Nodes = [.. draft.Nodes.Select(node => node.Id == 5 ? node with { State = NodeState.Joining } : node.Id == gone ? node with { State = NodeState.Gone } : node)];
        return ChangeSteps.Begin(draft.ToMap(), [Partition]);
    }

    private sealed class Reports : IPlacementReports
    {
        private readonly Dictionary<ushort, (ulong Epoch, bool Complete)> _said = [];

        public HashSet<ushort> Behind { get; } = [];

        public void Say(ushort node, ulong epoch, bool complete) => _said[node] = (epoch, complete);

        public ulong MapEpochOf(ushort node) => _said.GetValueOrDefault(node).Epoch;

        public bool IsBehind(ushort node, int partition) => Behind.Contains(node);

        public bool IsComplete(ushort node, int partition) => _said.GetValueOrDefault(node).Complete;
    }
}
