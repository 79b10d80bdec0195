using Torc.Base;
using Torc.Core.Placement;

namespace Torc.Tests.Core.Placement;

/// <summary>Clusters to change, and what has to be true of each map on the way.</summary>
internal static class ChangeSamples
{
    /// <summary>2 to 60 nodes, 64 to 512 partitions, 1 to 5 copies; half of them with data centres and racks, half with weights.</summary>
    public static ClusterMap Cluster(SeededRandom random, out string context)
    {
        int nodes = random.Chance(0.5) ? 2 + random.Below(8) : 2 + random.Below(59);
        int partitions = 64 << random.Below(4), copies = 1 + random.Below(5);
        int centres = random.Chance(0.5) ? 1 : 1 + random.Below(3), racks = centres == 1 && random.Chance(0.6) ? 1 : 1 + random.Below(4);
        int weights = random.Chance(0.5) ? 1 : 4;
        context = $"{nodes} nodes, {partitions} partitions, {copies} copies, {centres} centres, {racks} racks, weights to {weights}";
        NodeInfo[] members = [.. Enumerable.Range(0, nodes).Select(id =>
            SampleCluster.Node(id * 2, 1 + random.Below(weights), $"dc{random.Below(centres)}", $"r{random.Below(racks)}"))];
        return Planner.Create(members, partitions, copies, SampleCluster.Keyspaces, out _);
    }

    /// <summary>Like one of the members, so in a rack that there is.</summary>
    public static NodeInfo Newcomer(SeededRandom random, ClusterMap map, int number)
    {
        NodeInfo like = map.Nodes[random.Below(map.Nodes.Count)];
        return SampleCluster.Node(0, like.Weight, like.DataCentre, like.Rack) with { PeerAddress = $"new{number}:1", Birth = (ulong)number + 50_000 };
    }

    public static bool HasDomains(IEnumerable<NodeInfo> nodes) => nodes.Select(node => (node.DataCentre, node.Rack)).Distinct().Count() > 1;

    public static int Held(ClusterMap map, ushort node) => Enumerable.Range(0, map.PartitionCount).Count(partition => map.IsReplica(partition, node));

    /// <summary>Runs a plan to its end, some moves at a time; every map on the way is made, and so checked, in full.</summary>
    public static ClusterMap Run(PlacementPlan plan, string context)
    {
        plan.Refusal.ShouldBeNull(context);
        ClusterMap map = plan.First!;
        foreach (PartitionChange[] batch in plan.Moves.Chunk(256))
        {
            int[] partitions = [.. batch.Select(move => move.Partition)];
            ulong epoch = map.Epoch;
            map = ChangeSteps.Begin(map, partitions);
            map.EpochOf(partitions[0]).ShouldBe(epoch + 1, context);
            map.PendingOf(partitions[0]).Length.ShouldBePositive(context);
            map = ChangeSteps.Complete(map, partitions);
            map.EpochOf(partitions[0]).ShouldBe(epoch + 2, context);
        }
        if (map.IsChanging)
            map = ChangeSteps.Finish(map);
        map.IsChanging.ShouldBeFalse(context);
        return map;
    }

    /// <summary>Distinct data centres when there are enough for all copies, and distinct racks in each.</summary>
    public static void ShouldBeApart(ClusterMap map, string context)
    {
        int copies = map.ReplicasOf(0).Length;
        int centres = map.Nodes.Select(node => node.DataCentre).Distinct().Count();
        for (int partition = 0; partition < map.PartitionCount; partition++)
        {
            NodeInfo[] replicas = [.. map.ReplicasOf(partition).ToArray().Select(id => map.NodeOf(id)!)];
            if (copies <= centres)
                replicas.Select(node => node.DataCentre).Distinct().Count().ShouldBe(copies, $"{context}: data centres of partition {partition}");
            foreach (IGrouping<string, NodeInfo> centre in replicas.GroupBy(node => node.DataCentre))
            {
                int racks = map.Nodes.Where(node => node.DataCentre == centre.Key).Select(node => node.Rack).Distinct().Count();
                if (centre.Count() <= racks)
                    centre.Select(node => node.Rack).Distinct().Count().ShouldBe(centre.Count(), $"{context}: racks of partition {partition} in {centre.Key}");
            }
        }
    }

    /// <summary>Within some replicas of the share by weight, unless the plan says that failure domains stand against it.</summary>
    public static void ShouldBeNearShares(ClusterMap map, PlacementPlan plan, int tolerance, string context)
    {
        if (plan.Warnings.Any(warning => warning.Contains("by weight")))
        {
            HasDomains(map.Nodes).ShouldBeTrue($"{context}: {plan.Warnings[0]}");
            return;
        }
        int copies = map.ReplicasOf(0).Length;
        long[] caps = [.. map.Nodes.Select(_ => (long)map.PartitionCount)];
        int[] shares = Apportionment.Divide(map.PartitionCount * copies, [.. map.Nodes.Select(node => (long)node.Weight)], caps);
        if (HasDomains(map.Nodes))
            return;
        for (int index = 0; index < shares.Length; index++)
            Math.Abs(Held(map, map.Nodes[index].Id) - shares[index]).ShouldBeLessThanOrEqualTo(tolerance, $"{context}: node {map.Nodes[index].Id}");
    }
}
