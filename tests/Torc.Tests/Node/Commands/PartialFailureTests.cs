namespace Torc.Tests.Node.Commands;

/// <summary>What commands over several keys say when replicas are missing: never that nothing happened when something did.</summary>
public class PartialFailureTests
{
    [Fact]
    public void A_refused_mset_says_so()
    {
        var cluster = new LoopCluster(3);
        cluster.Kill(1);
        cluster.Kill(2);
        cluster[0].Call("MSET", "a", "1", "b", "2").ShouldStartWith("-UNAVAILABLE");
        cluster[0].Call("DEL", "a", "b").ShouldStartWith("-UNAVAILABLE");
        cluster[0].Call("FLUSHALL").ShouldStartWith("-UNAVAILABLE");
        cluster[0].Call("DBSIZE").ShouldStartWith(":");
        cluster[0].Call("KEYS", "*").ShouldStartWith("-UNAVAILABLE");
        cluster[0].Call("SCAN", "0").ShouldStartWith("-UNAVAILABLE");
        cluster[0].Call("RANDOMKEY").ShouldStartWith("-UNAVAILABLE");
        cluster[0].Call("INFO").ShouldContain("loading:0");
    }

    [Fact]
    public void Two_of_three_are_enough()
    {
        var cluster = new LoopCluster(3);
        cluster.Kill(1);
        cluster[0].Call("MSET", "a", "1", "b", "2").ShouldBe("+OK");
        cluster[2].Call("MGET", "a", "b").ShouldBe("*2 $1 1 $1 2");
        cluster[0].Call("RENAME", "a", "c").ShouldBe("+OK");
        cluster[2].Call("KEYS", "c").ShouldBe("*1 $1 c");
    }

    [Fact]
    public void A_rename_moves_a_source_that_was_written_meanwhile_again()
    {
        var cluster = new LoopCluster(3);
        cluster[0].Call("SET", "source", "old").ShouldBe("+OK");
        // The rename has read the source and waits for the destination's replicas; then somebody else writes the source.
        cluster[0].Send("RENAME", "source", "target").ShouldBe("");
        cluster[1].Send("SET", "source", "new");
        cluster.Run();
        cluster[0].TakeOutput().ShouldBe("+OK");
        string target = cluster[2].Call("GET", "target"), source = cluster[2].Call("GET", "source");
        bool newIsKept = target == "$3 new" || source == "$3 new";
        newIsKept.ShouldBeTrue($"target {target}, source {source}");
    }
}
