using Torc.Base;
using Torc.Core.Placement;

namespace Torc.Tests.Core.Placement;

public sealed class PlannerTests
{
    [Fact]
    public void Every_plan_is_valid_even_and_as_far_apart_as_it_can_be()
    {
        for (ulong seed = 0; seed < 300; seed++)
        {
            var random = new SeededRandom(seed);
            NodeInfo[] nodes = SampleCluster.Random(random);
            int partitions = 1 << random.Below(8), wanted = 1 + random.Below(5);
            ClusterMap map = Planner.Create(nodes, partitions, wanted, SampleCluster.Keyspaces, out IReadOnlyList<string> warnings);
            string context = $"seed {seed}: {nodes.Length} nodes, {partitions} partitions, {wanted} copies";

            map.ReplicasPerPartition.ShouldBe(Math.Min(wanted, nodes.Length), context);
            for (int partition = 0; partition < partitions; partition++)
                map.ReplicasOf(partition).ToArray().Distinct().Count().ShouldBe(map.ReplicasPerPartition, context);
            CheckApart(map, "data centre", node => node.DataCentre, warnings, context);
            CheckFirstsEven(map, context);
            if (!warnings.Any(warning => warning.Contains("by weight")))
                CheckWeights(map, context);
        }
    }

    [Fact]
    public void Copies_are_on_distinct_racks_whenever_there_are_enough_racks()
    {
        for (ulong seed = 0; seed < 200; seed++)
        {
            var random = new SeededRandom(seed);
            int racks = 2 + random.Below(4);
            var nodes = new List<NodeInfo>();
            for (int rack = 0; rack < racks; rack++)
            {
                for (int count = 1 + random.Below(3); count > 0; count--)
                    nodes.Add(SampleCluster.Node(nodes.Count, 1 + random.Below(4), "", $"r{rack}"));
            }
            int copies = 1 + random.Below(racks);
            ClusterMap map = Planner.Create(nodes, 64, copies, [], out IReadOnlyList<string> warnings);
            for (int partition = 0; partition < 64; partition++)
                map.ReplicasOf(partition).ToArray().Select(id => map.NodeOf(id)!.Rack).Distinct().Count().ShouldBe(copies, $"seed {seed}");
            warnings.ShouldNotContain(warning => warning.Contains("in one rack"), $"seed {seed}");
        }
    }

    [Fact]
    public void Three_equal_nodes_hold_everything_and_lead_a_third_each()
    {
        ClusterMap map = Planner.Create(SampleCluster.Nodes(3), 256, 3, SampleCluster.Keyspaces, out IReadOnlyList<string> warnings);
        warnings.ShouldBeEmpty();
        int[] firsts = [.. Enumerable.Range(0, 256).GroupBy(partition => map.ReplicasOf(partition)[0]).Select(group => group.Count())];
        firsts.Order().ShouldBe([85, 85, 86]);
    }

    [Fact]
    public void A_node_shares_partitions_with_all_others()
    {
        ClusterMap map = Planner.Create(SampleCluster.Nodes(9), 256, 3, [], out _);
        var partners = new HashSet<(ushort, ushort)>();
        for (int partition = 0; partition < 256; partition++)
        {
            foreach (ushort one in map.ReplicasOf(partition))
            {
                foreach (ushort other in map.ReplicasOf(partition))
                    partners.Add((one, other));
            }
        }
        partners.Count.ShouldBe(81);
    }

    [Fact]
    public void The_order_of_the_input_does_not_matter()
    {
        for (ulong seed = 0; seed < 50; seed++)
        {
            var random = new SeededRandom(seed);
            NodeInfo[] nodes = SampleCluster.Random(random);
            NodeInfo[] shuffled = [.. nodes.OrderBy(_ => random.Next())];
            byte[] one = Planner.Create(nodes, 32, 3, SampleCluster.Keyspaces, out _).Bytes();
            byte[] other = Planner.Create(shuffled, 32, 3, [.. SampleCluster.Keyspaces.Reverse()], out _).Bytes();
            one.ShouldBe(other, $"seed {seed}");
        }
    }

    /// <summary>Nodes of one cluster plan separately; another algorithm in a later version must not slip in unseen.</summary>
    [Fact]
    public void Plans_are_frozen()
    {
        ClusterMap map = Planner.Create(SampleCluster.Nodes(5), 8, 3, SampleCluster.Keyspaces, out _, ClusterLevel.Oldest);
        string.Join(' ', Enumerable.Range(0, 8).Select(partition => string.Concat(map.ReplicasOf(partition).ToArray())))
            .ShouldBe("023 134 201 302 413 041 230 124");
        map.ClusterId.ShouldBe(13948907918932960895UL);
    }

    [Fact]
    public void The_cluster_id_depends_on_the_births()
    {
        NodeInfo[] nodes = SampleCluster.Nodes(3);
        ulong one = Planner.Create(nodes, 8, 3, [], out _).ClusterId;
        nodes[1] = nodes[1] with { Birth = 77 };
        Planner.Create(nodes, 8, 3, [], out _).ClusterId.ShouldNotBe(one);
    }

    [Fact]
    public void Warns_of_what_cannot_be_had()
    {
        Planner.Create(SampleCluster.Nodes(2), 8, 3, [], out IReadOnlyList<string> few);
        few.ShouldHaveSingleItem().ShouldContain("Replication factor 3");
        Planner.Create([SampleCluster.Node(0, 1, "", "a"), SampleCluster.Node(1, 1, "", "a"), SampleCluster.Node(2, 1, "", "b")], 8, 3, [],
            out IReadOnlyList<string> racks);
        racks.ShouldHaveSingleItem().ShouldContain("in one rack");
        Planner.Create([SampleCluster.Node(0, 1, "", "a"), SampleCluster.Node(1, 1, "", "a"), SampleCluster.Node(2, 1, "", "a"), SampleCluster.Node(3, 1, "", "b")], 8, 2, [],
            out IReadOnlyList<string> weights);
        weights.ShouldAllBe(warning => warning.Contains("racks and data centres come before weights"));
        weights.ShouldNotBeEmpty();
    }

    private static void CheckApart(ClusterMap map, string what, Func<NodeInfo, string> domainOf, IReadOnlyList<string> warnings, string context)
    {
        int possible = Math.Min(map.ReplicasPerPartition, map.Nodes.Select(domainOf).Distinct().Count());
        bool isShared = false;
        for (int partition = 0; partition < map.PartitionCount; partition++)
        {
            int domains = map.ReplicasOf(partition).ToArray().Select(id => domainOf(map.NodeOf(id)!)).Distinct().Count();
            if (possible == map.ReplicasPerPartition)
                domains.ShouldBe(possible, $"{context}: partition {partition} and {what}");
            isShared |= domains < map.ReplicasPerPartition;
        }
        if (isShared && map.Nodes.Select(domainOf).Distinct().Count() > 1)
            warnings.ShouldContain(warning => warning.Contains($"in one {what}"), context);
    }

    private static void CheckFirstsEven(ClusterMap map, string context)
    {
        foreach (NodeInfo node in map.Nodes)
        {
            int held = 0, firsts = 0;
            for (int partition = 0; partition < map.PartitionCount; partition++)
            {
                held += map.IsReplica(partition, node.Id) ? 1 : 0;
                firsts += map.ReplicasOf(partition)[0] == node.Id ? 1 : 0;
            }
            int copies = map.ReplicasPerPartition;
            firsts.ShouldBeInRange(held / copies, (held + copies - 1) / copies, $"{context}: first places of node {node.Id}");
        }
    }

    /// <summary>Within one of the share by weight, where nobody can hold more than every partition once.</summary>
    private static void CheckWeights(ClusterMap map, string context)
    {
        double seats = map.PartitionCount * map.ReplicasPerPartition, weight = map.Nodes.Sum(node => node.Weight);
        var full = new HashSet<ushort>();
        while (map.Nodes.FirstOrDefault(node => !full.Contains(node.Id) && seats * node.Weight / weight >= map.PartitionCount) is { } big)
        {
            full.Add(big.Id);
            seats -= map.PartitionCount;
            weight -= big.Weight;
        }
        foreach (NodeInfo node in map.Nodes)
        {
            double share = full.Contains(node.Id) ? map.PartitionCount : seats * node.Weight / weight;
            int held = Enumerable.Range(0, map.PartitionCount).Count(partition => map.IsReplica(partition, node.Id));
            Math.Abs(held - share).ShouldBeLessThanOrEqualTo(1, $"{context}: node {node.Id} holds {held} of {share}");
        }
    }
}
