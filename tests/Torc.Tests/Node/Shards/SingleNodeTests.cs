namespace Torc.Tests.Node.Shards;

public class SingleNodeTests
{
    private readonly LoopCluster _cluster = new(1, commands: TestCommands.Table);

    [Fact]
    public void A_cluster_of_one_answers_at_once()
    {
        _cluster[0].Send("put", "k", "1").ShouldBe("+OK");
        _cluster[0].Send("add", "k").ShouldBe(":2");
        _cluster[0].Send("see", "k").ShouldBe("+2");
        _cluster[0].Send("drop", "k").ShouldBe(":1");
        _cluster[0].Send("see", "k").ShouldBe("_");
    }

    [Fact]
    public void A_cluster_of_one_that_lost_its_log_serves_again_because_nobody_knows_better()
    {
        _cluster.RestartEmpty(0, wiped: false);
        _cluster.Elapse(40);
        _cluster[0].Send("see", "k").ShouldBe("_");
        _cluster[0].Send("put", "k", "1").ShouldBe("+OK");
    }
}
