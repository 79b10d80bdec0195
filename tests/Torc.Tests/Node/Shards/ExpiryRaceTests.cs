using Torc.Node;

namespace Torc.Tests.Node.Shards;

/// <summary>A deadline that one node takes off while the others find that it has passed.</summary>
public sealed class ExpiryRaceTests
{
    private const int AwayMs = 5_000;
    private readonly LoopCluster _cluster = new(3, options: new NodeOptions { OperationTimeoutMs = 2 * AwayMs });

    [Fact]
    public void Nobody_is_told_that_a_key_persists_which_expired_meanwhile()
    {
        string key = Enumerable.Range(0, 100).Select(static i => $"key{i}").First(name => _cluster[0].ReplicasOf(name)[0] == 0);
        _cluster[0].Call("SET", key, "v", "PXAT", (_cluster.WallMs + (AwayMs / 2)).ToString(System.Globalization.CultureInfo.InvariantCulture)).ShouldBe("+OK");
        _cluster.Elapse(500);

        _cluster[0].Send("PERSIST", key).ShouldBe("", "it reads from a majority first");
        while (_cluster[1].TimesAsked + _cluster[2].TimesAsked == 0)
            _cluster.RunOnce().ShouldBeTrue();
        foreach (int other in new[] { 1, 2 })
            _cluster.Cut(0, other);
        _cluster.Elapse(AwayMs);
        _cluster[1].LiveRecords().ShouldBe(0, "the others take node 0 for dead, and the key for expired");

        foreach (int other in new[] { 1, 2 })
            _cluster.Heal(0, other);
        _cluster.Run();
        _cluster[0].TakeOutput().ShouldStartWith("-TIMEOUT");
        _cluster.Elapse(1_000);
        foreach (int node in new[] { 0, 1, 2 })
            _cluster[node].CallPatiently("GET", key).ShouldBe("$-1");
    }
}
