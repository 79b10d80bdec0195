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
        ClusterMap map = Planner.Create([node], 1, 3, SampleCluster.Keyspaces, out _, ClusterLevel.Oldest);
        string hex = Convert.ToHexString(map.Bytes());
        hex[18..].ShouldBe("0100000000000000" + "01000000" + "03" + "0100"
            + "0300" + "0807060504030201" + "03000000683A31" + "0100000068" + "EB18" + "BB20" + "0100000064" + "0100000072" + "02000000" + "00"
            + "0000" + "01" + "0300"
            + "02" + "00020201" + "01000300" + "0100000000000000" + "01" + "0300" + "00");
        hex[..2].ShouldBe("02");
    }

    /// <summary>From level 3 on.</summary>
    [Fact]
    public void Encoding_with_a_number_for_each_data_centre_is_frozen()
    {
        var node = new NodeInfo(3, "h:1", "h", 6379, 8379, "d", "r", 2, 0x0102030405060708);
        CopiesWanted copies = CopiesWanted.Of([new("d", 3), new("a", 2)], out _)!;
        ClusterMap map = Planner.Create([node], 1, copies, SampleCluster.Keyspaces, out _);
        string hex = Convert.ToHexString(map.Bytes());
        hex[..2].ShouldBe("03");
        hex[18..].ShouldStartWith("0100000000000000" + "01000000" + "05" + "02" + "0100000061" + "02" + "0100000064" + "03" + "0100" + "0300" + "0807060504030201");
        ClusterMap.TryDecode(map.Bytes(), out ClusterMap? read).ShouldBeTrue();
        read!.Copies.ShouldBe(copies);
        read.Bytes().ShouldBe(map.Bytes());
        byte[] bytes = map.Bytes();
        foreach ((int at, byte wrong) in new (int, byte)[] { (21, 4), (22, 0), (22, 1), (27, (byte)'e'), (28, 0), (28, 3) })
        {
            byte kept = bytes[at];
            bytes[at] = wrong;
            ClusterMap.TryDecode(bytes, out _).ShouldBeFalse($"byte {at} as {wrong}");
            bytes[at] = kept;
        }
        ClusterMap.TryDecode(bytes, out _).ShouldBeTrue();
    }

    [Fact]
    public void Encoding_of_a_change_under_way_is_frozen()
    {
        ClusterMap map = Changing();
        string hex = Convert.ToHexString(map.Bytes());
        hex.ShouldContain("0100" + "0900" + "4D00000000000000" + "03" + "000001000200", Case.Sensitive, "one removed node, three voters");
        hex.ShouldEndWith("0200000000000000" + "03" + Convert.ToHexString(Ids(map.ReplicasOf(0))) + "02" + "03" + "030001000200"
            + "0200000000000000" + "03" + Convert.ToHexString(Ids(map.ReplicasOf(1))) + "01" + "04" + "0000010002000300");
        ((byte)NodeState.Normal, (byte)NodeState.Joining, (byte)NodeState.Leaving, (byte)NodeState.Gone).ShouldBe(((byte)0, (byte)1, (byte)2, (byte)3));
        ((byte)MoveStage.Planned, (byte)MoveStage.Pending).ShouldBe(((byte)1, (byte)2));
    }

    [Fact]
    public void Tells_what_is_pending_what_is_planned_and_who_is_fenced()
    {
        ClusterMap map = Changing();
        ClusterMap.TryDecode(map.Bytes(), out ClusterMap? read).ShouldBeTrue();
        read!.PendingOf(0).ToArray().ShouldBe([3, 1, 2]);
        read.PendingOf(1).ToArray().ShouldBeEmpty("it is planned only");
        read.MoveOf(1)!.Replicas.ToArray().ShouldBe([0, 1, 2, 3]);
        read.IsChanging.ShouldBeTrue();
        read.NodeOf(3)!.State.ShouldBe(NodeState.Joining);
        read.IsRemoved(9).ShouldBeTrue();
        read.NodeOf(9).ShouldBeNull();
        read.IsRemoved(3).ShouldBeFalse();
        read.NextNodeId().ShouldBe(10, "9 was given once");
        Planner.Create(SampleCluster.Nodes(3), 2, 3, [], out _).IsChanging.ShouldBeFalse();
    }

    [Fact]
    public void Looking_up_replicas_takes_no_memory()
    {
        ClusterMap map = Changing();
        long replicas = 0;
        Allocations.Least(() =>
        {
            replicas = 0;
            for (int time = 0; time < 1_000; time++)
                replicas += map.ReplicasOf(time % 2).Length + map.PendingOf(time % 2).Length;
        }).ShouldBe(0);
        replicas.ShouldBe(500 * 6 + 500 * 3);
    }

    [Fact]
    public void Tells_which_keyspaces_are_sloppy()
    {
        ClusterMap map = Planner.Create([SampleCluster.Node(0)], 1, 3, SampleCluster.Keyspaces, out _);
        ClusterMap.TryDecode(map.Bytes(), out ClusterMap? read).ShouldBeTrue();
        read!.IsSloppy(0).ShouldBeTrue();
        read.IsSloppy(1).ShouldBeFalse();
        read.IsSloppy(9).ShouldBeFalse("a keyspace that is not listed is strict");
    }

    public static TheoryData<string> Faults => ["removed member", "voter unknown", "voters not ascending", "no voters", "same set", "unknown node", "twice", "stage", "state", "gone before its level", "no replicas", "too many"];

    [Theory]
    [MemberData(nameof(Faults))]
    public void Contradictions_are_refused(string fault)
    {
        ClusterMapDraft draft = ClusterMapDraft.After(Changing());
        switch (fault)
        {
            case "removed member": draft.Removed = [new RemovedNode(2, 1_002)]; break;
            case "voter unknown": draft.Voters = [0, 7]; break;
            case "voters not ascending": draft.Voters = [1, 0]; break;
            case "no voters": draft.Voters = []; break;
            case "same set": draft.Moves[0] = new ReplicaMove(MoveStage.Pending, draft.Replicas[0]); break;
            case "unknown node": draft.Moves[0] = new ReplicaMove(MoveStage.Pending, [0, 1, 9]); break;
            case "twice": draft.Moves[0] = new ReplicaMove(MoveStage.Pending, [0, 1, 1]); break;
            case "stage": draft.Moves[0] = new ReplicaMove((MoveStage)3, [3, 1, 2]); break;
            case "state": draft.Nodes[0] = draft.Nodes[0] with { State = (NodeState)4 }; break;
            case "gone before its level": (draft.Level, draft.Nodes[0]) = (ClusterLevel.GoneNodes - 1, draft.Nodes[0] with { State = NodeState.Gone }); break;
            case "no replicas": draft.Replicas[1] = []; break;
            case "too many": draft.Nodes = SampleCluster.Nodes(20); draft.Removed = []; draft.Moves[1] = new ReplicaMove(MoveStage.Planned, [.. Enumerable.Range(3, 16).Select(id => (ushort)id)]); break;
        }
        draft.TryToMap(out _).ShouldBeFalse();
        Should.Throw<InvariantException>(draft.ToMap);
    }

    [Fact]
    public void Truncated_or_changed_bytes_are_refused_or_another_valid_map()
    {
        Mutilate(Planner.Create(SampleCluster.Nodes(4), 8, 3, SampleCluster.Keyspaces, out _).Bytes());
        Mutilate(Changing().Bytes());
    }

    private static void Mutilate(byte[] bytes)
    {
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

    /// <summary>Four nodes: 3 joins, 9 was removed; partition 0 is moving, partition 1 is to move.</summary>
    private static ClusterMap Changing()
    {
        ClusterMapDraft draft = ClusterMapDraft.After(Planner.Create(SampleCluster.Nodes(3), 2, 3, SampleCluster.Keyspaces, out _));
        draft.Nodes = [.. draft.Nodes, SampleCluster.Node(3) with { State = NodeState.Joining }];
        draft.Removed = [new RemovedNode(9, 77)];
        draft.Moves[0] = new ReplicaMove(MoveStage.Pending, [3, 1, 2]);
        draft.Moves[1] = new ReplicaMove(MoveStage.Planned, [0, 1, 2, 3]);
        draft.PartitionEpochs[0] = draft.PartitionEpochs[1] = 2;
        return draft.ToMap();
    }

    private static byte[] Ids(ReadOnlySpan<ushort> nodes) => System.Runtime.InteropServices.MemoryMarshal.AsBytes(nodes).ToArray();
}
