using Torc.Node.Commands;

namespace Torc.Tests.Node.Shards;

/// <summary>Three replicas, of which one syncs slowly, as its host tells its shards.</summary>
public sealed class SlowDiskTests
{
    private const long SlowMicros = 200_000;
    private readonly LoopCluster _cluster = new(3);
    private readonly string _key;

    public SlowDiskTests() =>
        _key = Enumerable.Range(0, 1_000).Select(static i => $"key{i}").First(name => _cluster[0].ReplicasOf(name)[0] == 1);

    [Fact]
    public void All_nodes_pass_over_a_replica_with_a_slow_disk_as_coordinator_and_it_passes_over_itself()
    {
        foreach (int node in new[] { 0, 1, 2 })
            Coordinator(node, CommandKind.ReadModifyWrite).ShouldBe(1);
        Coordinator(1, CommandKind.Write).ShouldBe(1);
        SlowDown(1);
        ushort second = _cluster[0].ReplicasOf(_key)[1];
        foreach (int node in new[] { 0, 1, 2 })
            Coordinator(node, CommandKind.ReadModifyWrite).ShouldBe(second);
        Coordinator(1, CommandKind.Write).ShouldNotBe(1);
        Coordinator(1, CommandKind.Read).ShouldNotBe(1);
        Coordinator(0, CommandKind.Read).ShouldBe(0);
        _cluster[1].Call("INCR", _key).ShouldBe(":1");
        _cluster[1].Call("SET", _key, "5").ShouldBe("+OK");
        _cluster[1].Call("GET", _key).ShouldBe("$1 5");
    }

    [Fact]
    public void Reads_ask_the_others()
    {
        SlowDown(1);
        _cluster[0].Call("SET", _key, "5").ShouldBe("+OK");
        int asked = _cluster[1].TimesAsked;
        for (int i = 0; i < 10; i++)
            _cluster[0].Call("GET", _key).ShouldBe("$1 5");
        _cluster[1].TimesAsked.ShouldBe(asked);
    }

    [Fact]
    public void It_serves_when_there_is_no_other()
    {
        SlowDown(1);
        _cluster.Kill(0);
        _cluster.Kill(2);
        _cluster[1].Call("TORC.CONSISTENCY", "READ", "ONE", "WRITE", "ONE").ShouldBe("+OK");
        _cluster[1].Call("INCR", _key).ShouldStartWith("-UNAVAILABLE", customMessage: "what reads first needs a majority");
        _cluster[1].Call("SET", _key, "5").ShouldBe("+OK");
        _cluster[1].Call("GET", _key).ShouldBe("$1 5");
    }

    [Fact]
    public void A_forwarded_reply_does_not_wait_for_the_log_here()
    {
        SlowDown(1);
        _cluster[1].Send("SET", _key, "5").ShouldBe("");
        _cluster.Run();
        _cluster[1].TakeOutput().ShouldBe("+OK");
        _cluster[1].LastReplyBarrier.ShouldBe(0);
        _cluster[0].Call("SET", _key, "6").ShouldBe("+OK");
        _cluster[0].LastReplyBarrier.ShouldBeGreaterThan(0);
    }

    private int Coordinator(int node, CommandKind kind) => Router.Coordinator(
        _cluster[node].Node.View, kind, _cluster[node].PartitionOf(_key), selfComplete: true, isLocal: false);

    private void SlowDown(int node)
    {
        for (int shard = 0; shard < _cluster.ShardCount; shard++)
            _cluster[node].ShardTurn(shard, static turn => turn.Syncs.Add(SlowMicros));
        _cluster.Elapse(4_000);
    }
}
