using Torc.Base;
using Torc.Core.Membership;
using Torc.Core.Placement;

namespace Torc.Tests.Core.Membership;

public sealed class GossipTests
{
    [Theory]
    [InlineData(2, 1)]
    [InlineData(3, 2)]
    [InlineData(5, 3)]
    [InlineData(40, 4)]
    public void Everybody_comes_up_stays_up_and_a_death_is_seen_by_all(int nodes, ulong seed)
    {
        var cluster = new GossipCluster(nodes, seed);
        cluster.Until(() => cluster.WrongOpinions() == 0, 15_000).ShouldBeGreaterThanOrEqualTo(0);
        for (int second = 0; second < 60; second++)
        {
            cluster.Elapse(1_000);
            cluster.WrongOpinions().ShouldBe(0, $"second {second}");
        }
        cluster.Kill(1);
        cluster.Until(() => cluster.EverybodySees(1, live: false), 15_000).ShouldBeGreaterThanOrEqualTo(0);
        cluster.WrongOpinions().ShouldBe(0);
        cluster.Start(1);
        cluster.Until(() => cluster.EverybodySees(1, live: true), 15_000).ShouldBeGreaterThanOrEqualTo(0);
    }

    [Fact]
    public void A_link_that_broke_is_no_death_while_others_reach_the_peer()
    {
        var cluster = new GossipCluster(4, 5);
        cluster.Elapse(10_000);
        cluster.Cut(0, 3);
        cluster.Cut(3, 0);
        cluster.Suspect(0, 3);
        cluster[0].OpinionOf(3).ShouldBe(PeerOpinion.Suspected);
        for (int second = 0; second < 30; second++)
        {
            cluster.Elapse(1_000);
            cluster[0].IsLive(3).ShouldBeTrue($"second {second}");
        }
    }

    [Fact]
    public void A_broken_link_of_a_dead_peer_is_a_death_as_soon_as_the_probes_are_over()
    {
        var cluster = new GossipCluster(4, 6);
        cluster.Elapse(10_000);
        cluster.Kill(3);
        cluster.Elapse(1_500); // what others still pass on of its last counters has arrived
        cluster[0].OpinionOf(3).ShouldBe(PeerOpinion.Up);
        cluster.Suspect(0, 3);
        cluster.Elapse(new PeerHealthTunables().ProbeTimeoutMs + cluster.StepMs);
        cluster[0].OpinionOf(3).ShouldBe(PeerOpinion.Down);
    }

    /// <summary>Opinions are not sent: what one node believes of another changes nothing at a third.</summary>
    [Fact]
    public void Others_do_not_take_over_an_opinion()
    {
        var cluster = new GossipCluster(4, 7);
        cluster.Elapse(10_000);
        for (int other = 1; other < 3; other++)
        {
            cluster.Cut(0, other);
            cluster.Cut(other, 0);
        }
        cluster.Cut(0, 3);
        cluster.Cut(3, 0);
        cluster.Elapse(20_000);
        cluster[0].IsLive(3).ShouldBeFalse("it hears of nobody");
        cluster[1].IsLive(3).ShouldBeTrue();
        cluster[3].IsLive(1).ShouldBeTrue();
        cluster.Heal();
        cluster.Until(() => cluster.WrongOpinions() == 0, 15_000).ShouldBeGreaterThanOrEqualTo(0);
    }

    [Fact]
    public void Two_halves_find_each_other_again_after_a_long_cut()
    {
        var cluster = new GossipCluster(10, 8);
        cluster.Elapse(10_000);
        for (int left = 0; left < 5; left++)
        {
            for (int right = 5; right < 10; right++)
            {
                cluster.Cut(left, right);
                cluster.Cut(right, left);
            }
        }
        cluster.Elapse(60_000);
        cluster[0].IsLive(9).ShouldBeFalse();
        cluster[0].IsLive(4).ShouldBeTrue();
        cluster.Heal();
        cluster.Until(() => cluster.WrongOpinions() == 0, 15_000).ShouldBeGreaterThanOrEqualTo(0);
    }

    [Fact]
    public void A_node_that_restarts_with_its_clock_set_back_goes_above_its_old_counter()
    {
        var cluster = new GossipCluster(5, 9);
        cluster.Elapse(10_000);
        ulong before = cluster[4].Counter;
        cluster.Kill(4);
        cluster.Elapse(40_000);
        cluster.Start(4, clockErrorMs: -86_400_000);
        cluster[4].Counter.ShouldBeLessThan(before);
        cluster.Until(() => cluster[4].Counter > before && cluster.WrongOpinions() == 0, 15_000).ShouldBeGreaterThanOrEqualTo(0);
        cluster.Until(() => Enumerable.Range(0, 4).All(node => cluster[node].IncarnationOf(4) == cluster[4].IncarnationOf(4)), 15_000)
            .ShouldBeGreaterThanOrEqualTo(0, "the new run is known by all");
    }

    [Fact]
    public void A_newer_map_reaches_everybody_also_who_was_away_for_several()
    {
        var cluster = new GossipCluster(8, 10);
        cluster.Elapse(5_000);
        cluster.Kill(7);
        ClusterMap map = cluster.Map;
        for (int change = 0; change < 6; change++)
        {
            map = GossipCluster.Next(map);
            cluster.UseMap(change % 3, map);
            cluster.Until(() => Enumerable.Range(0, 7).All(node => cluster[node].Map!.Epoch == map.Epoch), 15_000).ShouldBeGreaterThanOrEqualTo(0);
        }
        cluster.Start(7);
        cluster.Until(() => cluster[7].Map!.Epoch == map.Epoch, 15_000).ShouldBeGreaterThanOrEqualTo(0);
        using var expected = new ByteWriter();
        using var got = new ByteWriter();
        map.Encode(expected);
        cluster[7].Map!.Encode(got);
        got.Written.SequenceEqual(expected.Written).ShouldBeTrue();
    }

    [Fact]
    public void Messages_of_another_cluster_and_damaged_ones_are_refused()
    {
        var cluster = new GossipCluster(3, 11);
        var random = new SeededRandom(12);
        var silent = new Silence();
        var digest = new HeartbeatDigest { ClusterId = cluster.Map.ClusterId, MapEpoch = 1, Incarnation = 5, Counter = 100 };
        digest.Entries.Add(new HeartbeatDigest.Entry(0, 90, 0));
        digest.Entries.Add(new HeartbeatDigest.Entry(2, 120, 77));
        using var bytes = new ByteWriter();
        digest.Encode(bytes);
        HeartbeatDigest.TryDecode(bytes.Written, out HeartbeatDigest? read).ShouldBeTrue();
        read.Counter.ShouldBe(100ul);
        read.Entries.ShouldBe(digest.Entries);
        for (int length = 0; length < bytes.Length; length++)
            cluster[0].TryReceive(1, GossipKind.Round, bytes.Written[..length], cluster.Now, silent, out _).ShouldBeFalse();

        using var foreign = new ByteWriter();
        new HeartbeatDigest { ClusterId = cluster.Map.ClusterId + 1, MapEpoch = 1, Counter = 100 }.Encode(foreign);
        cluster[0].TryReceive(1, GossipKind.Round, foreign.Written, cluster.Now, silent, out _).ShouldBeFalse();

        byte[] garbage = new byte[200];
        foreach (GossipKind kind in Enum.GetValues<GossipKind>())
        {
            for (int round = 0; round < 2_000; round++)
            {
                random.Fill(garbage);
                bytes.Written[..Math.Min(bytes.Length, random.Below(60))].CopyTo(garbage);
                cluster[0].TryReceive(1, kind, garbage.AsSpan(0, random.Below(garbage.Length)), cluster.Now, silent, out ClusterMap? newer);
                newer.ShouldBeNull();
            }
        }
    }

    private sealed class Silence : IGossipOutbox
    {
        private readonly ByteWriter _body = new();

        public ByteWriter Begin(ushort to, GossipKind kind)
        {
            _body.Clear();
            return _body;
        }

        public void End(ushort to)
        {
        }
    }
}
