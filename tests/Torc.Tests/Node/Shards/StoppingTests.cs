using Torc.Node.Commands;

namespace Torc.Tests.Node.Shards;

/// <summary>Three replicas, of which one is about to stop and says so.</summary>
public sealed class StoppingTests
{
    private readonly LoopCluster _cluster = new(3);
    private readonly string _key;

    public StoppingTests() =>
        _key = Enumerable.Range(0, 1_000).Select(static i => $"key{i}").First(name => _cluster[0].ReplicasOf(name)[0] == 1);

    [Fact]
    public void All_nodes_pass_it_over_and_it_passes_over_itself()
    {
        Coordinator(0).ShouldBe(1);
        Stop(1);
        _cluster.Run();
        ushort second = _cluster[0].ReplicasOf(_key)[1];
        foreach (int node in new[] { 0, 1, 2 })
            Coordinator(node).ShouldBe(second);
        _cluster[1].Call("INCR", _key).ShouldBe(":1");
        _cluster[1].Call("GET", _key).ShouldBe("$1 1");
    }

    [Fact]
    public void It_is_known_when_all_that_are_up_have_answered()
    {
        _cluster[1].Node.Control.PeersKnowOfStop.ShouldBeFalse();
        Stop(1);
        _cluster[1].Node.Control.PeersKnowOfStop.ShouldBeFalse();
        _cluster.Run();
        _cluster[1].Node.Control.PeersKnowOfStop.ShouldBeTrue();
        _cluster[0].Node.Control.PeersKnowOfStop.ShouldBeFalse("it is not this node that stops");
    }

    [Fact]
    public void Who_is_down_is_not_waited_for()
    {
        _cluster.Cut(1, 2);
        _cluster.Cut(2, 1);
        Stop(1);
        _cluster.Run();
        _cluster[1].Node.Control.PeersKnowOfStop.ShouldBeFalse();
        _cluster.Elapse(10_000);
        _cluster[1].Node.Control.PeersKnowOfStop.ShouldBeTrue();
    }

    [Fact]
    public void What_was_given_to_it_is_under_way_until_it_has_answered()
    {
        _cluster.Cut(0, 1);
        _cluster.Cut(2, 1);
        _cluster[0].Send("TORC.CONSISTENCY", "WRITE", "ALL");
        _cluster[0].Send("INCR", _key).ShouldBe("", "node 1 coordinates it");
        Forwarded(1).ShouldBe(0, "it is on its way");
        _cluster.Heal(0, 1);
        _cluster.Run();
        Stop(1);
        Forwarded(1).ShouldBe(1, "node 2 does not answer");
        _cluster.Heal(2, 1);
        _cluster.Elapse(10_000);
        Forwarded(1).ShouldBe(0);
    }

    [Fact]
    public void It_serves_when_there_is_no_other()
    {
        Stop(1);
        _cluster.Run();
        _cluster.Kill(0);
        _cluster.Kill(2);
        _cluster[1].Call("TORC.CONSISTENCY", "READ", "ONE", "WRITE", "ONE").ShouldBe("+OK");
        _cluster[1].Call("SET", _key, "5").ShouldBe("+OK");
        _cluster[1].Call("GET", _key).ShouldBe("$1 5");
    }

    [Fact]
    public void One_that_is_back_is_as_any_other()
    {
        Stop(1);
        _cluster.Run();
        _cluster.RestartEmpty(1, wiped: false);
        _cluster.Elapse(20_000);
        foreach (int node in new[] { 0, 1, 2 })
            Coordinator(node).ShouldBe(1);
    }

    private void Stop(int node) => _cluster[node].ControlTurn((control, outbox) => control.BeginStopping(_cluster.Now, outbox));

    private int Forwarded(int node) => _cluster[node].Node.Shards.Sum(static shard => shard.ForwardedUnderWay);

    private int Coordinator(int node) => Router.Coordinator(
        _cluster[node].Node.View, CommandKind.ReadModifyWrite, _cluster[node].PartitionOf(_key), selfComplete: true, isLocal: false);
}
