using System.Globalization;
using Torc.Node;

namespace Torc.Tests.Node.Shards;

/// <summary>A deadline that one node takes off, or moves, while the others find that it has passed.</summary>
public sealed class ExpiryRaceTests
{
    private const int AwayMs = 5_000;
    private readonly LoopCluster _cluster = new(3, options: new NodeOptions { OperationTimeoutMs = 2 * AwayMs });
    private readonly string _key;

    public ExpiryRaceTests() =>
        _key = Enumerable.Range(0, 100).Select(static i => $"key{i}").First(name => _cluster[0].ReplicasOf(name).SequenceEqual(new ushort[] { 0, 1, 2 }));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_collapse_that_arrives_after_a_change_of_the_deadline_was_acknowledged_does_not_undo_it(bool persists)
    {
        long deadline = _cluster.WallMs + AwayMs;
        _cluster[0].Call("SET", _key, "v", "PXAT", Number(deadline)).ShouldBe("+OK");
        CutBoth(0, 1);
        _cluster.Elapse(AwayMs - 100);
        ChangeAtNode0(persists);
        CollapseAtNode1(deadline);

        _cluster.Heal(0, 2);
        _cluster.Run();
        _cluster[0].TakeOutput().ShouldBe(":1", "nodes 0 and 2 have it, and no delete has come to them");
        ShowsEverywhere("$1 v", persists);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_change_of_the_deadline_that_arrives_after_the_collapse_brings_its_value_along(bool persists)
    {
        _cluster[0].Call("SET", _key, "v", "PXAT", Number(_cluster.WallMs + AwayMs)).ShouldBe("+OK");
        CutBoth(0, 1);
        _cluster.Elapse(AwayMs - 100);
        ChangeAtNode0(persists);
        _cluster.Elapse(AwayMs);
        _cluster[1].LiveRecords().ShouldBe(0, "the others take node 0 for dead, and the key for expired");
        _cluster[2].LiveRecords().ShouldBe(0);

        Heal();
        _cluster[0].TakeOutput().ShouldBe(":1");
        ShowsEverywhere("$1 v", persists);
    }

    [Fact]
    public void A_delete_stays_though_a_change_of_the_deadline_that_has_not_seen_it_is_stamped_later()
    {
        _cluster[0].Call("SET", _key, "v", "PXAT", Number(_cluster.WallMs + (10 * AwayMs))).ShouldBe("+OK");
        CutBoth(0, 1);
        _cluster.Elapse(AwayMs);
        ChangeAtNode0(persists: true);
        _cluster[1].Call("DEL", _key).ShouldBe(":1");
        Heal();
        _cluster[0].TakeOutput().ShouldStartWith("-TIMEOUT");
        _cluster.Elapse(1_000);
        foreach (int node in new[] { 0, 1, 2 })
            _cluster[node].CallPatiently("GET", _key).ShouldBe("$-1");
    }

    private static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>Node 0 has read the row and applied the change; what it sends to node 2 stays on the way.</summary>
    private void ChangeAtNode0(bool persists)
    {
        string deadline = Number(_cluster.WallMs + (100 * AwayMs));
        _cluster.Cut(2, 0);
        string reply = persists ? _cluster[0].Send("PERSIST", _key) : _cluster[0].Send("PEXPIREAT", _key, deadline);
        reply.ShouldBe("", "it asks another node first");
        _cluster.Run();
        _cluster.Cut(0, 2);
        _cluster.Heal(2, 0);
        _cluster.Run();
    }

    /// <summary>Node 1 takes node 0 for dead and finds the key expired: it reads from node 2, and its delete stays on the way there.</summary>
    private void CollapseAtNode1(long deadline)
    {
        _cluster.Cut(2, 1);
        int asked = _cluster[2].TimesAsked;
        while (_cluster[2].TimesAsked == asked)
        {
            _cluster.WallMs.ShouldBeLessThan(deadline + 1_000, "nobody sweeps");
            _cluster.Elapse(20);
        }
        _cluster.Cut(1, 2);
        _cluster.Heal(2, 1);
        _cluster.Run();
        _cluster[1].LiveRecords().ShouldBe(0);
        _cluster[2].LiveRecords().ShouldBe(1);
    }

    private void CutBoth(int one, int other)
    {
        _cluster.Cut(one, other);
        _cluster.Cut(other, one);
    }

    private void Heal()
    {
        foreach ((int from, int to) in new[] { (0, 1), (0, 2), (1, 0), (1, 2), (2, 0), (2, 1) })
            _cluster.Heal(from, to);
        _cluster.Run();
    }

    private void ShowsEverywhere(string value, bool persists)
    {
        Heal();
        _cluster.Elapse(1_000);
        foreach (int node in new[] { 0, 1, 2 })
        {
            _cluster[node].CallPatiently("GET", _key).ShouldBe(value);
            _cluster[node].LiveRecords().ShouldBe(1);
            string left = _cluster[node].CallPatiently("PTTL", _key);
            (left == ":-1").ShouldBe(persists, left);
        }
    }
}
