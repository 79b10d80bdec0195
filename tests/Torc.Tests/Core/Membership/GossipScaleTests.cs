using Torc.Core.Membership;
using Torc.Core.Placement;
using Xunit.Abstractions;

namespace Torc.Tests.Core.Membership;

/// <summary>A thousand nodes that only gossip: no link breaks to tell of a death.</summary>
public sealed class GossipScaleTests(ITestOutputHelper output)
{
    private const int Nodes = 1_000;
    private const int StepMs = 200;
    private const int SettleMs = 8_000;
    private const int KnownWithinMs = 15_000;
    private const double BytesPerSecondMax = 10_000;

    [Fact]
    public void A_thousand_nodes_know_of_a_change_in_time_and_say_little()
    {
        var cluster = new GossipCluster(Nodes, 2026, new PeerHealthTunables { IntervalsMax = 8 }, delayStepsMax: 1, StepMs);
        cluster.Elapse(SettleMs);
        cluster.WrongOpinions().ShouldBe(0, "all came up");

        double quiet = Measure(cluster, 2_000);
        ClusterMap next = GossipCluster.Next(cluster.Map);
        Array.Clear(cluster.SentBytes);
        cluster.UseMap(500, next);
        long mapMs = cluster.Until(() => Enumerable.Range(0, Nodes).All(node => cluster[node].Map!.Epoch == next.Epoch), KnownWithinMs);
        double whileMap = cluster.SentBytes.Max() * 1_000.0 / mapMs;

        Array.Clear(cluster.SentBytes);
        cluster.Kill(321);
        long deathMs = cluster.Until(() => cluster.EverybodySees(321, live: false), KnownWithinMs);
        double whileDeath = cluster.SentBytes.Max() * 1_000.0 / deathMs;
        int wrong = cluster.WrongOpinions();

        output.WriteLine($"quiet {quiet:F0} B/s; map known after {mapMs} ms at {whileMap:F0} B/s; death after {deathMs} ms at {whileDeath:F0} B/s; wrong opinions {wrong}");
        mapMs.ShouldBeInRange(1, KnownWithinMs - 1);
        deathMs.ShouldBeInRange(1, KnownWithinMs - 1);
        new[] { quiet, whileMap, whileDeath }.ShouldAllBe(static rate => rate < BytesPerSecondMax);
        wrong.ShouldBe(0);
    }

    /// <summary>What the node that sent most sent a second.</summary>
    private static double Measure(GossipCluster cluster, int milliseconds)
    {
        Array.Clear(cluster.SentBytes);
        cluster.Elapse(milliseconds);
        return cluster.SentBytes.Max() * 1_000.0 / milliseconds;
    }
}
