using Torc.Base;
using Torc.Core.Placement;
using Torc.Core.Replication;
using Xunit.Abstractions;

namespace Torc.Tests.Core.Placement;

public sealed class ChangePlannerTests(ITestOutputHelper output)
{
    private const ulong Seeds = 40;

    [Fact]
    public void A_join_moves_replicas_to_the_joining_nodes_alone()
    {
        for (ulong seed = 0; seed < Seeds; seed++)
        {
            var random = new SeededRandom(seed);
            ClusterMap map = ChangeSamples.Cluster(random, out string context);
            NodeInfo[] joining = [.. Enumerable.Range(0, 1 + random.Below(3)).Select(number => ChangeSamples.Newcomer(random, map, number))];
            PlacementPlan plan = ChangePlanner.Plan(map, new ChangeRequest.Join(joining));
            ClusterMap after = ChangeSamples.Run(plan, context);
            ushort[] old = [.. map.Nodes.Select(node => node.Id)];
            int between = plan.Moves.Sum(move => move.Added.Count(old.Contains));
            if (!ChangeSamples.HasDomains(map.Nodes) && !ChangeSamples.HasDomains(after.Nodes))
                between.ShouldBe(0, context);
            ChangeSamples.ShouldBeApart(after, context);
            ChangeSamples.ShouldBeNearShares(after, plan, 2, context);
            after.Nodes.Select(node => node.Id).ShouldBe(old.Concat(Enumerable.Range(map.NextNodeId(), joining.Length).Select(id => (ushort)id)), context);
        }
    }

    /// <summary>The figures of docs/PLACEMENT.md.</summary>
    [Theory]
    [InlineData(3, 256)]
    [InlineData(3, 1024)]
    [InlineData(5, 256)]
    [InlineData(5, 1024)]
    [InlineData(50, 256)]
    [InlineData(50, 1024)]
    public void A_join_to_equal_nodes_moves_its_share_and_no_more(int nodes, int partitions)
    {
        ClusterMap map = Planner.Create(SampleCluster.Nodes(nodes), partitions, 3, SampleCluster.Keyspaces, out _);
        PlacementPlan plan = ChangePlanner.Plan(map, new ChangeRequest.Join([SampleCluster.Node(99)]));
        ClusterMap after = ChangeSamples.Run(plan, $"{nodes} nodes, {partitions} partitions");
        int replicas = partitions * 3;
        int[] held = [.. after.Nodes.Select(node => ChangeSamples.Held(after, node.Id))];
        output.WriteLine($"| {nodes} → {nodes + 1} | {partitions} | {plan.ReplicasMoved} of {replicas} | {plan.ShareMoved:P2} | {1.0 / (nodes + 1):P2} | "
            + $"{plan.Moves.Sum(move => move.Added.Count(id => id < nodes))} | {held.Min()} to {held.Max()} |");
        plan.ReplicasMoved.ShouldBeInRange(replicas / (nodes + 1), (replicas + nodes) / (nodes + 1));
        plan.Moves.ShouldAllBe(move => move.Added.Count == 1 && move.Added[0] == nodes && move.Dropped.Count == 1);
        (held.Max() - held.Min()).ShouldBeLessThanOrEqualTo(2);
        plan.Warnings.ShouldBeEmpty();
    }

    [Fact]
    public void A_leave_moves_what_the_leaving_nodes_held()
    {
        for (ulong seed = 0; seed < Seeds; seed++)
        {
            var random = new SeededRandom(seed);
            ClusterMap map = ChangeSamples.Cluster(random, out string context);
            ushort[] leaving = [.. map.Nodes.Where(_ => random.Chance(0.2)).Select(node => node.Id).Take(3).Take(map.Nodes.Count - 1)];
            if (leaving.Length == 0)
                continue;
            PlacementPlan plan = ChangePlanner.Plan(map, new ChangeRequest.Leave(leaving));
            ClusterMap after = ChangeSamples.Run(plan, context);
            after.Removed.ShouldBe(leaving.Select(id => new RemovedNode(id, map.NodeOf(id)!.Birth)), context);
            if (!ChangeSamples.HasDomains(map.Nodes))
                plan.Moves.ShouldAllBe(move => move.Added.Count <= move.Dropped.Count && move.Dropped.All(id => leaving.Contains(id)), context);
            ChangeSamples.ShouldBeApart(after, context);
            if (!ChangeSamples.HasDomains(map.Nodes) && map.Nodes.All(node => node.Weight == 1))
                ChangeSamples.ShouldBeNearShares(after, plan, 2, context);
        }
    }

    [Fact]
    public void A_replacement_moves_exactly_the_replicas_of_the_replaced_node()
    {
        for (ulong seed = 0; seed < Seeds; seed++)
        {
            var random = new SeededRandom(seed);
            ClusterMap map = ChangeSamples.Cluster(random, out string context);
            NodeInfo old = map.Nodes[random.Below(map.Nodes.Count)];
            PlacementPlan plan = ChangePlanner.Plan(map, new ChangeRequest.Replace(old.Id, old with { Birth = 7 }));
            ClusterMap after = ChangeSamples.Run(plan, context);
            ushort fresh = (ushort)map.NextNodeId();
            plan.Moves.Count.ShouldBe(ChangeSamples.Held(map, old.Id), context);
            plan.Moves.ShouldAllBe(move => move.Added.Single() == fresh && move.Dropped.Single() == old.Id, context);
            after.IsRemoved(old.Id).ShouldBeTrue();
            after.NodeOf(fresh)!.PeerAddress.ShouldBe(old.PeerAddress, "a replacement may take over the address");
        }
    }

    [Fact]
    public void Weights_and_the_replication_factor_change_by_the_same_road()
    {
        for (ulong seed = 0; seed < Seeds; seed++)
        {
            var random = new SeededRandom(seed);
            ClusterMap map = ChangeSamples.Cluster(random, out string context);
            ChangeRequest request = random.Chance(0.5)
                ? new ChangeRequest.ReplicationFactor(1 + random.Below(5))
                : new ChangeRequest.Weight(map.Nodes[random.Below(map.Nodes.Count)].Id, 1 + random.Below(4));
            PlacementPlan plan = ChangePlanner.Plan(map, request);
            ClusterMap after = ChangeSamples.Run(plan, context);
            int copies = Math.Min(after.ReplicationFactor, after.Nodes.Count);
            for (int partition = 0; partition < after.PartitionCount; partition++)
                after.ReplicasOf(partition).Length.ShouldBe(copies, context);
            ChangeSamples.ShouldBeApart(after, context);
            if (!ChangeSamples.HasDomains(map.Nodes))
                ChangeSamples.ShouldBeNearShares(after, plan, 2, context);
        }
    }

    [Fact]
    public void A_weight_that_doubles_moves_little_more_than_the_difference()
    {
        ClusterMap map = Planner.Create(SampleCluster.Nodes(5), 256, 3, [], out _);
        PlacementPlan plan = ChangePlanner.Plan(map, new ChangeRequest.Weight(2, 2));
        ClusterMap after = ChangeSamples.Run(plan, "one of five twice as big");
        int gained = ChangeSamples.Held(after, 2) - ChangeSamples.Held(map, 2);
        gained.ShouldBeInRange(101, 103, "768 × 2/6 instead of 768 / 5");
        plan.ReplicasMoved.ShouldBeLessThanOrEqualTo(gained + 2);
    }

    [Fact]
    public void First_places_stay_even()
    {
        ClusterMap map = Planner.Create(SampleCluster.Nodes(3), 256, 3, [], out _);
        for (int number = 0; number < 9; number++)
        {
            map = ChangeSamples.Run(ChangePlanner.Plan(map, new ChangeRequest.Join([SampleCluster.Node(50 + number)])), "growing");
            foreach (NodeInfo node in map.Nodes)
            {
                int firsts = Enumerable.Range(0, 256).Count(partition => map.ReplicasOf(partition)[0] == node.Id);
                firsts.ShouldBeInRange(256 / map.Nodes.Count - 8, 256 / map.Nodes.Count + 8, $"node {node.Id} of {map.Nodes.Count}");
            }
        }
    }

    [Fact]
    public void The_same_question_has_the_same_answer_whatever_the_order_of_the_nodes()
    {
        ClusterMap map = ChangeSamples.Cluster(new SeededRandom(5), out _);
        ClusterMap.TryDecode(map.Bytes(), out ClusterMap? read).ShouldBeTrue();
        var request = new ChangeRequest.Leave([map.Nodes[1].Id]);
        ChangePlanner.Plan(read!, request).First!.Bytes().ShouldBe(ChangePlanner.Plan(map, request).First!.Bytes());
    }

    [Fact]
    public void Keyspaces_change_without_moves()
    {
        ClusterMap map = Planner.Create(SampleCluster.Nodes(3), 8, 3, SampleCluster.Keyspaces, out _);
        KeyspaceSettings changed = SampleCluster.Keyspaces[1] with { Read = ConsistencyLevel.All };
        PlacementPlan plan = ChangePlanner.Plan(map, new ChangeRequest.Keyspaces([changed]));
        plan.Moves.ShouldBeEmpty();
        plan.First!.IsChanging.ShouldBeFalse();
        plan.First.KeyspaceOf(1).ShouldBe(changed);
        plan.First.EpochOf(0).ShouldBe(1UL, "no partition changed");
    }

    [Fact]
    public void What_cannot_be_is_refused_in_words()
    {
        ClusterMap map = Planner.Create(SampleCluster.Nodes(3), 8, 3, SampleCluster.Keyspaces, out _);
        Refusal(map, new ChangeRequest.Leave([0, 1, 2])).ShouldContain("has to stay");
        Refusal(map, new ChangeRequest.Leave([7])).ShouldContain("no member");
        Refusal(map, new ChangeRequest.Join([])).ShouldContain("No node");
        Refusal(map, new ChangeRequest.Join([SampleCluster.Node(1)])).ShouldContain("address of node 1");
        Refusal(map, new ChangeRequest.Join([SampleCluster.Node(9) with { Birth = 1_001 }])).ShouldContain("data directory");
        Refusal(map, new ChangeRequest.Weight(1, 0)).ShouldContain("weight");
        Refusal(map, new ChangeRequest.Keyspaces([SampleCluster.Keyspaces[0] with { Id = 9 }])).ShouldContain("no keyspace");
        ClusterMap changing = ChangePlanner.Plan(map, new ChangeRequest.Join([SampleCluster.Node(9)])).First!;
        Refusal(changing, new ChangeRequest.Leave([0])).ShouldContain("under way");

        ClusterMap without = ChangeSamples.Run(ChangePlanner.Plan(map, new ChangeRequest.Leave([2])), "two are left");
        Refusal(without, new ChangeRequest.Join([SampleCluster.Node(2)])).ShouldContain("was a member");
        without.NextNodeId().ShouldBe(3, "2 was given once");
    }

    [Fact]
    public void A_leave_that_leaves_too_few_is_planned_with_a_warning()
    {
        ClusterMap map = Planner.Create(SampleCluster.Nodes(3), 8, 3, [], out _);
        PlacementPlan plan = ChangePlanner.Plan(map, new ChangeRequest.Leave([2]));
        plan.Warnings.ShouldHaveSingleItem().ShouldContain("Replication factor 3 needs 3 nodes");
        plan.ReplicasMoved.ShouldBe(0, "the two others hold everything already");
    }

    private static string Refusal(ClusterMap map, ChangeRequest request)
    {
        PlacementPlan plan = ChangePlanner.Plan(map, request);
        plan.First.ShouldBeNull();
        return plan.Refusal.ShouldNotBeNull();
    }
}
