namespace Torc.Tests.Node.Shards;

/// <summary>FLUSHDB covers what was acknowledged before it, also where that was stamped by a clock ahead of its own.</summary>
public sealed class FlushTests
{
    private const int AheadMs = 300;
    private readonly LoopCluster _cluster = new(3, partitions: 1);

    [Fact]
    public void What_a_node_with_a_clock_ahead_wrote_is_gone()
    {
        WriteAhead("key");
        _cluster[1].Call("FLUSHDB").ShouldBe("+OK");
        _cluster[1].Call("GET", "key").ShouldBe("$-1");
        _cluster[0].Call("DBSIZE").ShouldBe(":0");
        _cluster[1].Call("SET", "key", "after").ShouldBe("+OK");
        _cluster[2].Call("GET", "key").ShouldBe("$5 after");
    }

    [Fact]
    public void Other_keyspaces_keep_what_they_have()
    {
        WriteAhead("key");
        _cluster[1].Call("SELECT", "1");
        _cluster[1].Call("FLUSHDB").ShouldBe("+OK");
        _cluster[2].Call("GET", "key").ShouldBe("$5 value");
    }

    /// <summary>Through node 0, on a quorum without node 1, whose clock so has not heard of it.</summary>
    private void WriteAhead(string key)
    {
        _cluster.Cut(0, 1);
        _cluster.WallMs += AheadMs;
        _cluster[0].Call("SET", key, "value").ShouldBe("+OK");
        _cluster.WallMs -= AheadMs;
        _cluster.Lose(0, 1);
        _cluster.Heal(0, 1);
    }
}
