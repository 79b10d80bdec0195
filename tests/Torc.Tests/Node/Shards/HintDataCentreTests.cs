namespace Torc.Tests.Node.Shards;

/// <summary>Hints in two data centres of five nodes, three replicas of a key in each: even nodes are the one, odd nodes the other.</summary>
public sealed class HintDataCentreTests
{
    private const int Nodes = 10;
    private readonly LoopCluster _cluster = new(Nodes, dataCentres: 2);
    private readonly int[] _nearReplicas, _farReplicas, _nearSpares, _farSpares;

    public HintDataCentreTests()
    {
        int[] replicas = [.. _cluster[0].ReplicasOf("key").Select(static node => (int)node)];
        int[] others = [.. Enumerable.Range(0, Nodes).Except(replicas)];
        (_nearReplicas, _farReplicas) = ([.. replicas.Where(IsNear)], [.. replicas.Where(static node => !IsNear(node))]);
        (_nearSpares, _farSpares) = ([.. others.Where(IsNear)], [.. others.Where(static node => !IsNear(node))]);
        (_nearReplicas.Length, _farReplicas.Length).ShouldBe((3, 3));
    }

    private LoopNode Coordinator => _cluster[_nearReplicas[0]];

    [Theory]
    [InlineData("LOCAL_QUORUM")]
    [InlineData("EACH_QUORUM")]
    public void A_level_of_this_data_centre_counts_hints_that_are_kept_in_it(string level)
    {
        Coordinator.Call("TORC.CONSISTENCY", "WRITE", level).ShouldBe("+OK");
        Kill(_nearReplicas[1], _nearReplicas[2], _nearSpares[0]);
        Coordinator.Call("SET", "key", "v").ShouldBe("+OK");
        _cluster[_nearSpares[1]].HintBytesFor(_nearReplicas[1]).ShouldBeGreaterThan(0);
        Kill(_nearSpares[1]);
        Coordinator.Call("SET", "key", "w").ShouldStartWith("-UNAVAILABLE the write needs", customMessage: "the other data centre's spare nodes are no help");
        _farSpares.Sum(node => _cluster[node].HintBytesFor(_nearReplicas[1])).ShouldBe(0, "what is refused is sent to nobody");
    }

    [Fact]
    public void Each_quorum_counts_hints_for_the_other_data_centre_that_are_kept_there()
    {
        Coordinator.Call("TORC.CONSISTENCY", "WRITE", "EACH_QUORUM").ShouldBe("+OK");
        Kill(_farReplicas[1], _farReplicas[2]);
        Coordinator.Call("SET", "key", "v").ShouldBe("+OK");
        _farSpares.Sum(node => _cluster[node].HintBytesFor(_farReplicas[1])).ShouldBeGreaterThan(0);
        Kill(_farSpares);
        Coordinator.Call("SET", "key", "w").ShouldStartWith("-UNAVAILABLE the write needs");
    }

    [Fact]
    public void A_local_level_does_not_need_hints_for_the_other_data_centre_but_has_them_kept()
    {
        Coordinator.Call("TORC.CONSISTENCY", "WRITE", "LOCAL_QUORUM").ShouldBe("+OK");
        Kill([.. _farReplicas, .. _farSpares]);
        Coordinator.Call("SET", "key", "v").ShouldBe("+OK");
        _nearSpares.Sum(node => _farReplicas.Sum(target => _cluster[node].HintBytesFor(target))).ShouldBeGreaterThan(0);
        Kill(_nearReplicas[1], _nearReplicas[2]);
        Kill(_nearSpares);
        Coordinator.Call("SET", "key", "w").ShouldStartWith("-UNAVAILABLE the write needs 2 of 3 replicas and 1 is up and whole");
    }

    private void Kill(params int[] nodes)
    {
        foreach (int node in nodes)
            _cluster.Kill(node);
    }

    private static bool IsNear(int node) => node % 2 == 0;
}
