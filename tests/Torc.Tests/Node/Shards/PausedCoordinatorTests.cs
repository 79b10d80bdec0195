namespace Torc.Tests.Node.Shards;

/// <summary>A node that is paused finds requests when it wakes that were given up long ago.</summary>
public sealed class PausedCoordinatorTests
{
    private readonly LoopCluster _cluster = new(3);

    [Theory]
    [InlineData("DEL")]
    [InlineData("APPEND", "+")]
    public void A_change_that_was_given_up_does_not_undo_what_was_acknowledged_since(string command, params string[] arguments)
    {
        const string key = "k";
        int coordinator = _cluster[0].ReplicasOf(key)[0];
        LoopNode forwarder = _cluster[(coordinator + 1) % 3], other = _cluster[(coordinator + 2) % 3];
        forwarder.Call("SET", key, "old").ShouldBe("+OK");

        _cluster.Paused = coordinator;
        forwarder.Send([command, key, .. arguments]);
        _cluster.Elapse(5_000);
        forwarder.TakeOutput().ShouldStartWith("-TIMEOUT the outcome is not known: its coordinator");
        other.Call("SET", key, "new").ShouldBe("+OK");

        _cluster.Paused = -1;
        _cluster.Run(); // it finds what waited before it notices that it heard nothing for long
        _cluster.Elapse(5_000);
        other.Call("GET", key).ShouldEndWith("new");
        forwarder.Call("APPEND", key, "er").ShouldBe(":5", "once it is awake it coordinates again");
        _cluster[coordinator].Call("GET", key).ShouldEndWith("newer");
    }

    /// <summary>Who still waits hears that nothing was done, and asks another.</summary>
    [Fact]
    public void A_change_that_is_still_waited_for_goes_to_another()
    {
        const string key = "k";
        int coordinator = _cluster[0].ReplicasOf(key)[0];
        LoopNode forwarder = _cluster[(coordinator + 1) % 3];
        _cluster.Paused = coordinator;
        forwarder.Send("INCR", key);
        _cluster.Elapse(1_500);
        forwarder.TakeOutput().ShouldBeEmpty();
        _cluster.Paused = -1;
        _cluster.Run();
        forwarder.TakeOutput().ShouldBe(":1");
    }
}
