using Torc.Base;
using Torc.Core.Cells;
using Torc.Core.Placement;
using Torc.Node;
using Torc.Node.Peers;
using Version = Torc.Core.Clocks.Version;

namespace Torc.Tests.Node.Shards;

/// <summary>One copy of a write crosses to the other data centre. Even nodes are one data centre, odd ones the other, three replicas in each.</summary>
public sealed class RelayTests
{
    private const int ValueBytes = 10_000;
    private readonly LoopCluster _cluster = new(6, dataCentres: 2);
    private readonly int _relay;
    private readonly int[] _others;

    public RelayTests()
    {
        int[] far = [.. _cluster[0].ReplicasOf("key").Select(static node => (int)node).Where(static node => node % 2 == 1)];
        (_relay, _others) = (far[0], far[1..]);
        _others.Length.ShouldBe(2);
    }

    private LoopNode Coordinator => _cluster[0];

    [Theory]
    [InlineData("LOCAL_QUORUM")]
    [InlineData("QUORUM")]
    [InlineData("EACH_QUORUM")]
    [InlineData("ALL")]
    public void One_copy_crosses_and_all_replicas_have_it(string level)
    {
        long relayed = BytesAcross(_cluster, level);
        long direct = BytesAcross(new LoopCluster(6, dataCentres: 2, options: new NodeOptions { RelaysWrites = false }), level);
        relayed.ShouldBeInRange(ValueBytes, ValueBytes + 1_000);
        direct.ShouldBeGreaterThan(3 * ValueBytes);
        for (int node = 0; node < 6; node++)
            ValueAt(node).ShouldBe(new string('v', ValueBytes), $"node {node}");
    }

    [Fact]
    public void Members_of_an_older_version_are_sent_it_directly() =>
        BytesAcross(new LoopCluster(6, dataCentres: 2, levelMax: ClusterLevel.Oldest), "EACH_QUORUM").ShouldBeGreaterThan(3 * ValueBytes);

    [Fact]
    public void Who_has_not_answered_after_a_while_is_sent_it_directly()
    {
        Write("EACH_QUORUM");
        foreach (int other in _others)
            _cluster.Cut(_relay, other);
        Coordinator.Call("SET", "key", "v").ShouldBe("", "the relay reaches nobody");
        _cluster.Elapse(300);
        Coordinator.TakeOutput().ShouldBe("+OK");
        ShouldHoldEverywhere("v");
        Coordinator.Call("SET", "key", "w").ShouldBe("+OK", "the next goes through another");
        ShouldHoldEverywhere("w");
    }

    [Fact]
    public void When_the_relay_goes_down_the_others_are_sent_it_at_once()
    {
        Write("EACH_QUORUM");
        _cluster.Cut(0, _relay);
        Coordinator.Call("SET", "key", "v").ShouldBe("");
        _cluster.Kill(_relay);
        _cluster.Run();
        Coordinator.TakeOutput().ShouldBe("+OK");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_write_that_was_acknowledged_locally_reaches_the_others_though_its_relay_dies_or_does_not_pass_it_on(bool dies)
    {
        Write("LOCAL_QUORUM");
        _cluster.Cut(0, _relay);
        Coordinator.Call("SET", "key", "v").ShouldBe("+OK");
        if (dies)
        {
            _cluster.Kill(_relay);
            _cluster.Run();
        }
        else
        {
            _cluster.Lose(0, _relay);
            _cluster.Elapse(240);
        }
        foreach (int other in _others)
            ValueAt(other).ShouldBe("v", $"node {other}");
    }

    [Fact]
    public void Who_gets_it_twice_counts_once()
    {
        Write("EACH_QUORUM");
        _cluster.Cut(_relay, 0);
        _cluster.Cut(_relay, _others[1]);
        _cluster.Cut(0, _others[1]);
        Coordinator.Call("SET", "key", "v").ShouldBe("", "one of three there has answered");
        _cluster.Elapse(400);
        Coordinator.TakeOutput().ShouldBe("", "it has answered twice");
        _cluster.Heal(_relay, 0);
        _cluster.Run();
        Coordinator.TakeOutput().ShouldBe("+OK");
    }

    [Fact]
    public void A_late_answer_counts_for_no_later_write()
    {
        Write("LOCAL_QUORUM");
        foreach (int far in _others.Append(_relay))
            _cluster.Cut(far, 0);
        Coordinator.Call("SET", "key", "v").ShouldBe("+OK");
        Write("EACH_QUORUM");
        _cluster.Cut(0, _relay);
        foreach (int other in _others)
            _cluster.Cut(0, other);
        Coordinator.Call("SET", "key", "w").ShouldBe("");
        foreach (int far in _others.Append(_relay))
            _cluster.Heal(far, 0);
        _cluster.Run();
        Coordinator.TakeOutput().ShouldBe("", "they answered the first");
        _cluster.Heal(0, _relay);
        _cluster.Run();
        Coordinator.TakeOutput().ShouldBe("+OK");
    }

    [Fact]
    public void A_replica_that_is_down_is_left_to_hints_and_the_rest_is_relayed()
    {
        Write("EACH_QUORUM");
        _cluster.Kill(_others[1]);
        long before = _cluster.BytesAcross;
        Coordinator.Call("SET", "key", new string('v', ValueBytes)).ShouldBe("+OK");
        (_cluster.BytesAcross - before).ShouldBeInRange(ValueBytes, ValueBytes + 1_000);
    }

    [Fact]
    public void A_relay_that_knows_a_newer_set_of_replicas_passes_nothing_on()
    {
        ushort partition = (ushort)Coordinator.PartitionOf("key");
        byte[] body = BodyOfWrite();
        var buffer = new PeerBuffer();
        RelayMessage.Write(buffer, partition, [(ushort)_others[0], (ushort)_others[1]], body);
        _cluster.Events.Clear();
        _cluster[_relay].Receive(0, buffer.Seal().ToArray());
        _cluster.Events.ShouldContain(happened => happened.Kind == NodeEventKind.StaleRefused, "a message without an epoch is older than any map");
        _cluster.Run();
        for (int node = 0; node < 6; node++)
            ValueAt(node).ShouldBe("", $"node {node}");
    }

    [Fact]
    public void What_is_passed_on_in_the_name_of_nobody_is_dropped()
    {
        ushort partition = (ushort)Coordinator.PartitionOf("key");
        var outbox = new Outbox { Map = Coordinator.Node.View.Map };
        PassedWriteMessage.Write(outbox.Immediate(1), partition, coordinator: 77, BodyOfWrite());
        PassedWriteMessage.Write(outbox.Immediate(1), partition, (ushort)_others[0], BodyOfWrite());
        _cluster[_others[0]].Receive((ushort)_relay, outbox.ImmediateFrames(1).ToArray());
        ValueAt(_others[0]).ShouldBe("", "neither a stranger nor the node itself coordinates it");
    }

    private static byte[] BodyOfWrite()
    {
        using var row = new ByteWriter();
        Version version = RowWriter.String(row, Peers.PeerMessages.SomeVersion, "value"u8, 0);
        using var body = new ByteWriter();
        WriteMessage.WriteBody(body, 1, 0, "key"u8, version, row.Written);
        return body.Written.ToArray();
    }

    private void Write(string level) => Coordinator.Call("TORC.CONSISTENCY", "WRITE", level).ShouldBe("+OK");

    private static long BytesAcross(LoopCluster cluster, string level)
    {
        cluster[0].Call("TORC.CONSISTENCY", "WRITE", level).ShouldBe("+OK");
        long before = cluster.BytesAcross;
        cluster[0].Call("SET", "key", new string('v', ValueBytes)).ShouldBe("+OK");
        return cluster.BytesAcross - before;
    }

    private void ShouldHoldEverywhere(string value)
    {
        for (int node = 0; node < 6; node++)
            ValueAt(node).ShouldBe(value, $"node {node}");
    }

    /// <summary>Of the node's own copy.</summary>
    private string ValueAt(int node)
    {
        _cluster[node].Call("TORC.CONSISTENCY", "READ", "ONE").ShouldBe("+OK");
        string reply = _cluster[node].Call("GET", "key");
        return reply is "$-1" or "_" ? "" : reply.Split(' ')[1];
    }
}
