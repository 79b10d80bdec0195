using Torc.Base;
using Torc.Core.Placement;

namespace Torc.Tests.Core.Placement;

public sealed class ClusterMapTests
{
    [Fact]
    public void Goes_there_and_back()
    {
        for (ulong seed = 0; seed < 50; seed++)
        {
            var random = new SeededRandom(seed);
            ClusterMap map = Planner.Create(SampleCluster.Random(random), 1 << random.Below(6), 3, SampleCluster.Keyspaces, out _);
            ClusterMap.TryDecode(map.Bytes(), out ClusterMap? read).ShouldBeTrue($"seed {seed}");
            read!.Bytes().ShouldBe(map.Bytes());
            read.Nodes.ShouldBe(map.Nodes);
            read.Keyspaces.ShouldBe(map.Keyspaces);
            read.Epoch.ShouldBe(1UL);
            read.EpochOf(0).ShouldBe(1UL);
        }
    }

    /// <summary>The bytes on disk and wire, frozen: docs/formats/cluster-map.md.</summary>
    [Fact]
    public void Encoding_is_frozen()
    {
        var node = new NodeInfo(3, "h:1", "h", 6379, 8379, "d", "r", 2, 0x0102030405060708);
        ClusterMap map = Planner.Create([node], 1, 3, SampleCluster.Keyspaces, out _);
        string hex = Convert.ToHexString(map.Bytes());
        hex[18..].ShouldBe("0100000000000000" + "01000000" + "03" + "0100"
            + "0300" + "0807060504030201" + "03000000683A31" + "0100000068" + "EB18" + "BB20" + "0100000064" + "0100000072" + "02000000"
            + "02" + "000202" + "010003" + "0100000000000000" + "0300");
        hex[..2].ShouldBe("01");
    }

    [Fact]
    public void Truncated_or_changed_bytes_are_refused_or_another_valid_map()
    {
        byte[] bytes = Planner.Create(SampleCluster.Nodes(4), 8, 3, SampleCluster.Keyspaces, out _).Bytes();
        for (int length = 0; length < bytes.Length; length++)
            ClusterMap.TryDecode(bytes.AsSpan(0, length), out _).ShouldBeFalse($"length {length}");
        ClusterMap.TryDecode([.. bytes, 0], out _).ShouldBeFalse();
        for (int bit = 0; bit < bytes.Length * 8; bit++)
        {
            byte[] flipped = [.. bytes];
            flipped[bit / 8] ^= (byte)(1 << bit % 8);
            if (ClusterMap.TryDecode(flipped, out ClusterMap? other))
                other.Bytes().ShouldBe(flipped, $"bit {bit}");
        }
    }

    [Fact]
    public void Slots_and_partitions_cover_each_other()
    {
        ClusterMap map = Planner.Create(SampleCluster.Nodes(3), 256, 3, [], out _);
        int next = 0;
        for (int partition = 0; partition < map.PartitionCount; partition++)
        {
            (int first, int last) = map.SlotsOf(partition);
            first.ShouldBe(next);
            map.PartitionOf(first).ShouldBe(partition);
            map.PartitionOf(last).ShouldBe(partition);
            next = last + 1;
        }
        next.ShouldBe(Slots.Count);
    }

    [Fact]
    public void Knows_its_nodes_and_keyspaces()
    {
        ClusterMap map = Planner.Create([SampleCluster.Node(5), SampleCluster.Node(2)], 4, 1, SampleCluster.Keyspaces, out _);
        map.NodeOf(5)!.Host.ShouldBe("node5");
        map.NodeOf(3).ShouldBeNull();
        map.NodeOf(900).ShouldBeNull();
        map.KeyspaceOf(1).ShouldBe(SampleCluster.Keyspaces[1]);
        map.KeyspaceOf(9).ShouldBeNull();
        map.IsReplica(0, map.ReplicasOf(0)[0]).ShouldBeTrue();
        map.IsReplica(0, 3).ShouldBeFalse();
    }

    [Fact]
    public void What_is_not_a_map_is_a_bug_of_the_caller()
    {
        Should.Throw<InvariantException>(() => Planner.Create(SampleCluster.Nodes(3), 12, 3, [], out _));
        Should.Throw<InvariantException>(() => Planner.Create(SampleCluster.Nodes(3), 8, 0, [], out _));
        Should.Throw<InvariantException>(() => Planner.Create([], 8, 3, [], out _));
        Should.Throw<InvariantException>(() => Planner.Create([SampleCluster.Node(1), SampleCluster.Node(1)], 8, 1, [], out _));
    }
}
