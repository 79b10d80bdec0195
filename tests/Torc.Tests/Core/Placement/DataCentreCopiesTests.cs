using Torc.Base;
using Torc.Core.Placement;
using Xunit.Abstractions;

namespace Torc.Tests.Core.Placement;

/// <summary>A replication factor for each data centre: exactly so many copies there, of the first map and after every change.</summary>
public sealed class DataCentreCopiesTests(ITestOutputHelper output)
{
    private const ulong Seeds = 40;

    [Fact]
    public void Each_data_centre_has_the_number_that_was_asked_for()
    {
        for (ulong seed = 0; seed < 200; seed++)
        {
            ClusterMap map = Cluster(new SeededRandom(seed), out IReadOnlyList<string> warnings, out string context);
            ShouldBeAsWanted(map, context);
            foreach (DataCentreCopies centre in map.Copies.ByDataCentre)
            {
                NodeInfo[] nodes = [.. map.Nodes.Where(node => node.DataCentre == centre.DataCentre)];
                bool isShort = nodes.Length < centre.Copies;
                warnings.Any(warning => warning.Contains($"Data centre {centre.DataCentre} is to have")).ShouldBe(isShort, context);
                ShouldFollowWeights(map, nodes, Math.Min(centre.Copies, nodes.Length), warnings, 1, context);
            }
        }
    }

    [Fact]
    public void Every_change_keeps_the_numbers_and_moves_nothing_between_data_centres()
    {
        for (ulong seed = 0; seed < Seeds; seed++)
        {
            var random = new SeededRandom(seed);
            ClusterMap map = Cluster(random, out _, out string context);
            for (int change = 0; change < 4; change++)
            {
                ChangeRequest request = Change(random, map);
                PlacementPlan plan = ChangePlanner.Plan(map, request);
                if (plan.Refusal is not null)
                    continue;
                context += $"; {request.GetType().Name}";
                ClusterMap after = ChangeSamples.Run(plan, context);
                ShouldBeAsWanted(after, context);
                after.Copies.ShouldBe(request is ChangeRequest.ReplicationFactor factor ? factor.Copies : map.Copies, context);
                if (request is not ChangeRequest.ReplicationFactor)
                    ShouldStayApart(map, plan, context);
                map = after;
            }
        }
    }

    /// <summary>The figures of docs/PLACEMENT.md.</summary>
    [Theory]
    [InlineData(3, 256)]
    [InlineData(5, 256)]
    [InlineData(50, 1024)]
    public void A_join_moves_its_share_of_its_data_centre_and_no_more(int nodes, int partitions)
    {
        NodeInfo[] members = [.. Enumerable.Range(0, nodes).Select(id => SampleCluster.Node(id, 1, "dc1")), .. Enumerable.Range(0, 4).Select(id => SampleCluster.Node(100 + id, 1, "dc2"))];
        ClusterMap map = Planner.Create(members, partitions, Wanted("dc1:3,dc2:2"), [], out IReadOnlyList<string> warnings);
        warnings.ShouldBeEmpty();
        PlacementPlan plan = ChangePlanner.Plan(map, new ChangeRequest.Join([SampleCluster.Node(200, 1, "dc1")]));
        ClusterMap after = ChangeSamples.Run(plan, $"{nodes} nodes");
        ushort joined = after.Nodes[^1].Id;
        int replicas = partitions * 3;
        output.WriteLine($"| {nodes} → {nodes + 1} of dc1 beside 4 of dc2 | {partitions} | {plan.ReplicasMoved} of {replicas} in dc1 | {(double)plan.ReplicasMoved / replicas:P2} | {1.0 / (nodes + 1):P2} |");
        plan.ReplicasMoved.ShouldBeInRange(replicas / (nodes + 1), (replicas + nodes) / (nodes + 1));
        plan.Moves.ShouldAllBe(move => move.Added.Count == 1 && move.Added[0] == joined && map.NodeOf(move.Dropped.Single())!.DataCentre == "dc1");
        plan.Warnings.ShouldBeEmpty();
    }

    [Fact]
    public void Warns_of_too_few_nodes_and_of_a_data_centre_without_copies()
    {
        ClusterMap map = Planner.Create(TwoAndOne(), 8, Wanted("dc1:2,dc2:3"), [], out IReadOnlyList<string> few);
        few.ShouldHaveSingleItem().ShouldBe("Data centre dc2 is to have 3 copies of each key and has 1 nodes, so each key has 1 there.");
        map.ReplicationFactor.ShouldBe(5);
        map.ReplicasPerPartition.ShouldBe(3);
        Planner.Create(TwoAndOne(), 8, Wanted("dc1:2"), [], out IReadOnlyList<string> none);
        none.ShouldHaveSingleItem().ShouldContain("dc2 is given no copies");
        PlacementPlan last = ChangePlanner.Plan(map, new ChangeRequest.Leave([2]));
        last.Warnings.ShouldHaveSingleItem().ShouldContain("has 0 nodes, so each key has 0 there");
        last.ReplicasMoved.ShouldBe(0, "the copies of dc2 are not made up for elsewhere");
    }

    [Fact]
    public void What_cannot_be_is_refused_in_words()
    {
        ClusterMap map = Planner.Create(TwoAndOne(), 8, Wanted("dc1:2"), [], out _);
        Refusal(map, new ChangeRequest.ReplicationFactor(Wanted("dc1:2,dc9:1"))).ShouldBe("No node is in data centre dc9. There are nodes in dc1, dc2.");
        Refusal(Planner.Create(TwoAndOne(), 8, 2, [], out _, ClusterLevel.Oldest), new ChangeRequest.ReplicationFactor(Wanted("dc1:2"))).ShouldContain("takes a cluster of level 3");
        Refusal(map, new ChangeRequest.Leave([0, 1])).ShouldContain("No node would be left in a data centre that is to keep copies (dc1:2)");
        Refusal(map, new ChangeRequest.Replace(0, SampleCluster.Node(9, 1, "dc2"))).ShouldContain("Node 0 is in data centre dc1 and");
    }

    [Fact]
    public void One_number_becomes_a_number_for_each_and_back()
    {
        NodeInfo[] nodes = [.. Enumerable.Range(0, 6).Select(id => SampleCluster.Node(id, 1, $"dc{id % 2 + 1}"))];
        ClusterMap map = Planner.Create(nodes, 64, 4, [], out _);
        PlacementPlan same = ChangePlanner.Plan(map, new ChangeRequest.ReplicationFactor(Wanted("dc1:2,dc2:2")));
        same.ReplicasMoved.ShouldBe(0, "four copies were spread so already");
        PlacementPlan more = ChangePlanner.Plan(ChangeSamples.Run(same, "2 and 2"), new ChangeRequest.ReplicationFactor(Wanted("dc1:3,dc2:1")));
        more.Moves.ShouldAllBe(move => move.Added.Count == 1 && move.Added[0] % 2 == 0 && move.Dropped.Count == 1 && move.Dropped[0] % 2 == 1);
        ClusterMap back = ChangeSamples.Run(ChangePlanner.Plan(ChangeSamples.Run(more, "3 and 1"), new ChangeRequest.ReplicationFactor(4)), "4 again");
        back.Copies.IsByDataCentre.ShouldBeFalse();
        ChangeSamples.ShouldBeApart(back, "4 again");
    }

    private static CopiesWanted Wanted(string text) => CopiesWanted.TryParse(text, out CopiesWanted? copies, out string problem) ? copies : throw new ArgumentException(problem);

    private static NodeInfo[] TwoAndOne() => [SampleCluster.Node(0, 1, "dc1"), SampleCluster.Node(1, 1, "dc1"), SampleCluster.Node(2, 1, "dc2")];

    private static string Refusal(ClusterMap map, ChangeRequest request) => ChangePlanner.Plan(map, request).Refusal.ShouldNotBeNull();

    /// <summary>1 to 3 data centres with 1 to 9 nodes and 1 to 4 copies each, up to 4 racks, half with weights; sometimes one keeps nothing.</summary>
    private static ClusterMap Cluster(SeededRandom random, out IReadOnlyList<string> warnings, out string context)
    {
        int centres = 1 + random.Below(3), racks = 1 + random.Below(4), weights = random.Chance(0.5) ? 1 : 4;
        var nodes = new List<NodeInfo>();
        for (int centre = 0; centre < centres; centre++)
        {
            for (int left = 1 + random.Below(9); left > 0; left--)
                nodes.Add(SampleCluster.Node(nodes.Count * 2, 1 + random.Below(weights), $"dc{centre}", $"r{random.Below(racks)}"));
        }
        CopiesWanted copies = Copies(random, centres);
        int partitions = 16 << random.Below(4);
        context = $"{nodes.Count} nodes, {partitions} partitions, {copies}, {racks} racks, weights to {weights}";
        return Planner.Create(nodes, partitions, copies, SampleCluster.Keyspaces, out warnings);
    }

    private static CopiesWanted Copies(SeededRandom random, int centres)
    {
        int without = centres > 1 && random.Chance(0.2) ? random.Below(centres) : -1;
        return CopiesWanted.Of(Enumerable.Range(0, centres).Where(centre => centre != without).Select(centre => new DataCentreCopies($"dc{centre}", 1 + random.Below(4))), out _)!;
    }

    private static ChangeRequest Change(SeededRandom random, ClusterMap map)
    {
        NodeInfo any = map.Nodes[random.Below(map.Nodes.Count)];
        return random.Below(5) switch
        {
            0 => new ChangeRequest.Join([.. Enumerable.Range(0, 1 + random.Below(3)).Select(_ => ChangeSamples.Newcomer(random, map, (int)random.Below(1 << 20)))]),
            1 => new ChangeRequest.Leave([any.Id]),
            2 => new ChangeRequest.Replace(any.Id, any with { Birth = random.Next() }),
            3 => new ChangeRequest.Weight(any.Id, 1 + random.Below(4)),
            _ => new ChangeRequest.ReplicationFactor(Copies(random, map.Nodes.Select(node => node.DataCentre).Distinct().Count())),
        };
    }

    /// <summary>In each data centre the number asked for, as far as it has nodes, on distinct racks when there are enough.</summary>
    private static void ShouldBeAsWanted(ClusterMap map, string context)
    {
        for (int partition = 0; partition < map.PartitionCount; partition++)
        {
            NodeInfo[] replicas = [.. map.ReplicasOf(partition).ToArray().Select(id => map.NodeOf(id)!)];
            replicas.Distinct().Count().ShouldBe(replicas.Length, context);
            foreach (IGrouping<string, NodeInfo> centre in map.Nodes.GroupBy(node => node.DataCentre))
            {
                NodeInfo[] there = [.. replicas.Where(node => node.DataCentre == centre.Key)];
                there.Length.ShouldBe(Math.Min(map.Copies.In(centre.Key), centre.Count()), $"{context}: partition {partition} in {centre.Key}");
                int racks = centre.Select(node => node.Rack).Distinct().Count();
                if (there.Length <= racks)
                    there.Select(node => node.Rack).Distinct().Count().ShouldBe(there.Length, $"{context}: racks of partition {partition} in {centre.Key}");
            }
        }
    }

    private static void ShouldFollowWeights(ClusterMap map, NodeInfo[] nodes, int copies, IReadOnlyList<string> warnings, int tolerance, string context)
    {
        if (nodes.Length == 0 || warnings.Any(warning => warning.Contains("by weight")))
            return;
        int[] shares = Apportionment.Divide(map.PartitionCount * copies, [.. nodes.Select(node => (long)node.Weight)], [.. nodes.Select(_ => (long)map.PartitionCount)]);
        for (int index = 0; index < nodes.Length; index++)
            Math.Abs(ChangeSamples.Held(map, nodes[index].Id) - shares[index]).ShouldBeLessThanOrEqualTo(tolerance, $"{context}: node {nodes[index].Id}");
    }

    /// <summary>What a data centre's nodes take is what others of it give up, or lacked before.</summary>
    private static void ShouldStayApart(ClusterMap before, PlacementPlan plan, string context)
    {
        foreach (PartitionChange move in plan.Moves)
        {
            foreach (string centre in move.Added.Concat(move.Dropped).Select(id => plan.First!.NodeOf(id)!.DataCentre).Distinct())
            {
                int added = move.Added.Count(id => plan.First!.NodeOf(id)!.DataCentre == centre), dropped = move.Dropped.Count(id => plan.First!.NodeOf(id)!.DataCentre == centre);
                int there = before.ReplicasOf(move.Partition).ToArray().Count(id => before.NodeOf(id)!.DataCentre == centre);
                (there + added - dropped).ShouldBeLessThanOrEqualTo(before.Copies.In(centre), context);
                if (there == before.Copies.In(centre))
                    added.ShouldBeLessThanOrEqualTo(dropped, context);
            }
        }
    }
}
