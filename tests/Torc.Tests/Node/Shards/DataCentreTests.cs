namespace Torc.Tests.Node.Shards;

/// <summary>Two data centres of three nodes, three replicas in each: nodes 0, 2 and 4 are the one, 1, 3 and 5 the other.</summary>
public sealed class DataCentreTests
{
    private static readonly int[] Near = [0, 2, 4], Far = [1, 3, 5];
    private readonly LoopCluster _cluster = new(nodes: 6, dataCentres: 2);

    [Fact]
    public void Local_levels_go_on_alone_when_the_other_data_centre_is_cut_off_and_the_rest_is_refused()
    {
        CutOff();
        _cluster[0].Call("TORC.CONSISTENCY", "READ", "LOCAL_QUORUM", "WRITE", "LOCAL_QUORUM").ShouldBe("+OK");
        for (int i = 0; i < 20; i++)
        {
            _cluster[0].Call("SET", $"key{i}", $"value{i}").ShouldBe("+OK");
            _cluster[0].Call("GET", $"key{i}").ShouldEndWith($" value{i}");
            _cluster[0].Call("INCR", $"count{i}").ShouldBe(":1");
            _cluster[0].Call("SET", $"key{i}", "x", "NX").ShouldBe("$-1");
        }
        foreach (string level in new[] { "QUORUM", "EACH_QUORUM", "ALL" })
        {
            _cluster[0].Call("TORC.CONSISTENCY", "READ", level, "WRITE", level).ShouldBe("+OK");
            _cluster[0].Call("SET", "key1", "y").ShouldStartWith("-UNAVAILABLE the write needs");
            _cluster[0].Call("GET", "key1").ShouldStartWith("-UNAVAILABLE the read needs");
        }
    }

    [Fact]
    public void Both_sides_write_alone_and_converge_afterwards()
    {
        CutOff();
        foreach (int node in new[] { 0, 1 })
            _cluster[node].Call("TORC.CONSISTENCY", "READ", "LOCAL_QUORUM", "WRITE", "LOCAL_QUORUM").ShouldBe("+OK");
        _cluster[0].Call("SET", "near", "1").ShouldBe("+OK");
        _cluster[1].Call("SET", "far", "2").ShouldBe("+OK");
        _cluster[1].Call("GET", "near").ShouldBe("$-1");
        Reunite();
        _cluster.Elapse(10_000);
        _cluster[1].Call("GET", "near").ShouldBe("$1 1");
        _cluster[0].Call("GET", "far").ShouldBe("$1 2");
    }

    [Fact]
    public void A_local_write_reaches_the_other_data_centre_without_waiting_for_it()
    {
        _cluster[0].Call("TORC.CONSISTENCY", "WRITE", "LOCAL_QUORUM").ShouldBe("+OK");
        foreach (int far in Far)
        {
            foreach (int near in Near)
                _cluster.Cut(far, near);
        }
        _cluster[0].Call("SET", "key", "value").ShouldBe("+OK");
        _cluster[1].Call("TORC.CONSISTENCY", "READ", "LOCAL_ONE").ShouldBe("+OK");
        _cluster[1].Call("GET", "key").ShouldBe("$5 value");
    }

    [Fact]
    public void Each_quorum_waits_for_both()
    {
        _cluster[0].Call("TORC.CONSISTENCY", "WRITE", "EACH_QUORUM").ShouldBe("+OK");
        foreach (int near in Near)
        {
            _cluster.Cut(1, near);
            _cluster.Cut(3, near);
        }
        _cluster[0].Call("SET", "key", "value").ShouldBe("");
        foreach (int near in Near)
            _cluster.Heal(3, near);
        _cluster.Run();
        _cluster[0].TakeOutput().ShouldBe("+OK");
    }

    [Fact]
    public void A_local_read_asks_nobody_elsewhere()
    {
        _cluster[0].Call("SET", "key", "value").ShouldBe("+OK");
        int before = Far.Sum(node => _cluster[node].TimesAsked);
        _cluster[0].Call("TORC.CONSISTENCY", "READ", "LOCAL_QUORUM").ShouldBe("+OK");
        _cluster[0].Call("GET", "key").ShouldBe("$5 value");
        Far.Sum(node => _cluster[node].TimesAsked).ShouldBe(before);
        _cluster[0].Call("TORC.CONSISTENCY", "READ", "EACH_QUORUM").ShouldBe("+OK");
        _cluster[0].Call("GET", "key").ShouldBe("$5 value");
        Far.Sum(node => _cluster[node].TimesAsked).ShouldBe(before + 2);
    }

    [Fact]
    public void Scans_work_at_local_levels()
    {
        CutOff();
        _cluster[2].Call("TORC.CONSISTENCY", "READ", "LOCAL_QUORUM", "WRITE", "LOCAL_QUORUM").ShouldBe("+OK");
        _cluster[2].Call("MSET", "a", "1", "b", "2").ShouldBe("+OK");
        _cluster[2].Call("KEYS", "*").Split(' ').Where(word => word is "a" or "b").Order().ShouldBe(["a", "b"]);
    }

    private void CutOff()
    {
        foreach (int far in Far)
            _cluster.Kill(far);
        // Those of the other side still have each other.
        foreach (int from in Far)
        {
            foreach (int to in Far)
                _cluster.Link(from, to);
        }
        _cluster.Elapse(1_000);
    }

    private void Reunite()
    {
        foreach (int near in Near)
        {
            foreach (int far in Far)
            {
                _cluster.Link(near, far);
                _cluster.Link(far, near);
            }
        }
    }
}
