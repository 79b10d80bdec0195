namespace Torc.Tests.Node.Shards;

/// <summary>
/// A data centre with one copy has heard of a change of a key's expiry and not of the write before it. The key is there: who reads it or builds on it is given the
/// value, or told that it is out of reach, and never that there is none.
/// </summary>
public sealed class MissingValueTests
{
    private readonly LoopCluster _cluster = new(3, dataCentres: 3, options: new() { RelaysWrites = false });
    private readonly string _key;

    public MissingValueTests()
    {
        _key = Enumerable.Range(0, 1_000).Select(static i => $"key{i}").First(name => _cluster[0].ReplicasOf(name)[0] == 0);
        foreach (int node in new[] { 0, 1, 2 })
            _cluster[node].Call("TORC.CONSISTENCY", "READ", "LOCAL_QUORUM", "WRITE", "LOCAL_QUORUM").ShouldBe("+OK");
        _cluster[0].Send("SET", _key, "value").ShouldBe("+OK");
        _cluster.Lose(0, 1);
        _cluster.Lose(0, 2);
        _cluster[0].Call("EXPIRE", _key, "1000").ShouldBe(":1");
        _cluster.Run();
    }

    [Theory]
    [InlineData("LOCAL_QUORUM")]
    [InlineData("LOCAL_ONE")]
    [InlineData("ONE")]
    public void A_read_asks_the_other_data_centres(string level)
    {
        _cluster[1].Call("TORC.CONSISTENCY", "READ", level).ShouldBe("+OK");
        _cluster[1].Call("GET", _key).ShouldBe("$5 value");
        _cluster[1].Call("EXISTS", _key).ShouldBe(":1");
    }

    [Fact]
    public void So_does_a_quorum_of_copies_that_lack_it()
    {
        _cluster.Cut(0, 1);
        _cluster.Cut(0, 2);
        _cluster[1].Call("TORC.CONSISTENCY", "READ", "QUORUM").ShouldBe("+OK");
        _cluster[1].Send("GET", _key).ShouldBe("");
        _cluster.Run();
        _cluster[1].TakeOutput().ShouldBe("", "the two that answered have not got it");
        _cluster.Heal(0, 1);
        _cluster.Heal(0, 2);
        _cluster.Run();
        _cluster[1].TakeOutput().ShouldBe("$5 value");
    }

    [Fact]
    public void So_does_a_change()
    {
        _cluster[1].Call("APPEND", _key, "s").ShouldBe(":6");
        _cluster[2].Call("GET", _key).ShouldBe("$6 values");
    }

    [Fact]
    public void Out_of_reach_it_is_not_called_missing()
    {
        _cluster.Kill(0);
        _cluster[1].Call("GET", _key).ShouldStartWith("-UNAVAILABLE the value of this key is on replicas that are down");
        _cluster[1].Call("APPEND", _key, "s").ShouldStartWith("-UNAVAILABLE the value of this key is on replicas that are down");
        _cluster.RestartLinks(0);
        _cluster.Elapse(10_000);
        _cluster[1].Call("GET", _key).ShouldBe("$5 value");
    }
}
