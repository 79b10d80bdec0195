using Torc.Base;
using Torc.Core.Cells;
using Torc.Core.Repair;
using Version = Torc.Core.Clocks.Version;

namespace Torc.Tests.Core.Repair;

/// <summary>What floors make an exchange leave alone, and drop.</summary>
public sealed class ExchangeFloorsTests
{
    private static readonly byte[] Keyspaces = [254, 0];

    [Fact]
    public void An_old_row_of_a_peer_that_may_not_know_its_delete_is_left_alone()
    {
        var floors = new ExchangeFloors(Own: 100, PeerProof: 90, PruneBelow: 0);
        floors.DoubtedBelow.ShouldBe(100UL);
        floors.Skips(Live(95)).ShouldBeTrue();
        floors.Skips(Live(101)).ShouldBeFalse("newer than the floor");
        (floors with { PeerProof = 100 }).Skips(Live(95)).ShouldBeFalse("the peer has proved it");
        (floors with { PeerProof = 100 }).Skips(Deleted(95)).ShouldBeTrue("it would be collected again");
        (floors with { PeerProof = 100 }).Skips(Deleted(101)).ShouldBeFalse();
    }

    [Theory]
    [InlineData(100UL, 40UL, new[] { 1 })] // nothing is doubted: what is lacking comes, however old; the tombstone does not
    [InlineData(0UL, 40UL, new int[0])]
    public void What_is_lacking_below_the_own_floor_comes_from_proved_peers_only(ulong proof, ulong own, int[] fetched)
    {
        using var exchange = Exchange(new ExchangeFloors(own, proof, 0), peerHasRows: true);
        List(exchange, Live(39, "a"), Deleted(39, "b"));
        using var local = new RangeListing();
        exchange.LocalListed(0, local);
        Enumerable.Range(0, exchange.ToFetch).Select(index => (int)exchange.KeyToFetch(index)[0] - 'a' + 1).ShouldBe(fetched);
        exchange.ToPrune.ShouldBeEmpty();
    }

    [Fact]
    public void A_row_that_is_held_here_is_compared_whatever_its_age()
    {
        using var exchange = Exchange(new ExchangeFloors(Own: 100, PeerProof: 0, PruneBelow: 0), peerHasRows: true);
        List(exchange, Deleted(39, "a"));
        using RangeListing local = Listing(Live(30, "a"));
        exchange.LocalListed(0, local);
        exchange.ToFetch.ShouldBe(1);
    }

    [Fact]
    public void A_copy_that_is_being_completed_looks_at_all_rows_that_the_peer_does_not_hold()
    {
        using var exchange = Exchange(new ExchangeFloors(0, 100, PruneBelow: 100), peerHasRows: true);
        List(exchange, Live(50, "a"));
        using RangeListing local = Listing(Live(50, "a"), Live(60, "b"), Live(101, "c"), Deleted(70, "d"));
        exchange.LocalListed(0, local);
        exchange.ToPrune.Select(index => (char)local.KeyOf(index)[0]).Order().ToArray().ShouldBe(['b', 'c', 'd'], "a part of a newer row may be old");
        exchange.ToFetch.ShouldBe(0);
    }

    [Fact]
    public void So_it_does_where_the_peer_holds_nothing()
    {
        using var exchange = Exchange(new ExchangeFloors(0, 100, PruneBelow: 100), peerHasRows: false);
        exchange.Step.ShouldBe(ExchangeStep.AskPeer);
        exchange.Keyspace.ShouldBe((byte)0, "nothing is dropped of the system's keyspace");
        List(exchange);
        exchange.Step.ShouldBe(ExchangeStep.ScanLocal);
        using RangeListing local = Listing(Live(60, "b"));
        exchange.LocalListed(0, local);
        exchange.ToPrune.Count.ShouldBe(1);
        exchange.Step.ShouldBe(ExchangeStep.Finished);
    }

    [Fact]
    public void A_listing_of_a_peer_that_has_met_damage_since_drops_nothing()
    {
        using var exchange = Exchange(new ExchangeFloors(0, 100, PruneBelow: 100), peerHasRows: true);
        exchange.PeerListed(0, peerIsComplete: false, [0, 0, 0, 0]).ShouldBeFalse();
    }

    [Fact]
    public void Trees_show_what_only_this_side_holds_when_that_is_asked_for()
    {
        var mine = new MerkleTree(1);
        mine.Change(0xF000_0000_0000_0000, 7);
        using var answer = new ByteWriter();
        TreeDescent.TryAnswer(new MerkleTree(1), 0, [0, 0, 0, 0], answer).ShouldBeTrue();
        foreach (bool bothWays in new[] { false, true })
        {
            var descent = new TreeDescent();
            descent.Begin(1, 1, bothWays);
            descent.Answer(answer.Written, mine).ShouldBeTrue();
            descent.Ranges.Count.ShouldBe(bothWays ? 1 : 0);
        }
    }

    private static RangeEntry Live(ulong stamp, string key = "a") => Entry(stamp, key, digest: 42);

    private static RangeEntry Deleted(ulong stamp, string key = "a") => Entry(stamp, key, RowView.Tombstone(new Version(stamp, 1)).Digest);

    private static RangeEntry Entry(ulong stamp, string key, ulong digest) => new(key[0], new Version(stamp, 1), digest, 0, 1);

    /// <summary>An exchange that has compared the system's keyspace and is to list all of the user's.</summary>
    private static PartitionExchange Exchange(in ExchangeFloors floors, bool peerHasRows)
    {
        var exchange = new PartitionExchange(0, 1, Keyspaces, new Unbuilt());
        using var roots = new ByteWriter();
        if (peerHasRows)
            PeerRoot.Write(roots, 0, null);
        exchange.PeerRoots(true, roots.Written, floors).ShouldBeTrue();
        return exchange;
    }

    private static void List(PartitionExchange exchange, params RangeEntry[] entries)
    {
        using RangeListing listing = Listing(entries);
        using var bytes = new ByteWriter();
        listing.Encode(bytes);
        exchange.PeerListed(0, peerIsComplete: true, bytes.Written).ShouldBeTrue();
    }

    private static RangeListing Listing(params RangeEntry[] entries)
    {
        var listing = new RangeListing();
        foreach (RangeEntry entry in entries)
        {
            byte[] key = [(byte)entry.Hash];
            listing.Add(StableHash.Hash64(key), key, entry.Max, entry.Digest).ShouldBeTrue();
        }
        listing.Sort();
        return listing;
    }

    /// <summary>No tree of the users' keyspace yet, and no rows in the system's.</summary>
    private sealed class Unbuilt : IOwnTrees
    {
        public bool TryGetTree(byte keyspace, out MerkleTree? tree)
        {
            tree = null;
            return keyspace == 254;
        }
    }
}
