using Torc.Base;
using Torc.Core.Repair;
using Version = Torc.Core.Clocks.Version;

namespace Torc.Tests.Core.Repair;

public sealed class PartitionExchangeTests
{
    private static readonly byte[] Keyspaces = [254, 0, 3];

    /// <summary>Rows are sets of writes (bit masks, joined by OR); budgets are random on both sides; rows change meanwhile.</summary>
    [Fact]
    public void Afterwards_this_side_holds_everything_that_the_peer_held()
    {
        for (ulong seed = 0; seed < 300; seed++)
        {
            var random = new SeededRandom(seed);
            SortedDictionary<(byte, ulong), ulong> mine = Rows(random), theirs = Rows(random);
            var atStart = new SortedDictionary<(byte, ulong), ulong>(theirs);
            using var exchange = new PartitionExchange(7, 2, Keyspaces);
            int steps = 0;
            for (; exchange.Step != ExchangeStep.Finished; steps++)
            {
                steps.ShouldBeLessThan(5_000, $"seed {seed}: does not end");
                Perform(exchange, mine, theirs, random);
                if (random.Chance(0.1))
                    theirs[(0, random.Next())] = 64;
            }
            foreach (((byte, ulong) key, ulong row) in atStart)
                (row & ~mine.GetValueOrDefault(key)).ShouldBe(0UL, $"seed {seed}: {key}");
            exchange.PeerWasComplete.ShouldBeTrue();
            exchange.RowsFetched.ShouldBeLessThanOrEqualTo(exchange.RowsCompared);
        }
    }

    [Fact]
    public void Equal_sides_fetch_nothing()
    {
        var random = new SeededRandom(1);
        SortedDictionary<(byte, ulong), ulong> rows = Rows(random);
        using var exchange = new PartitionExchange(7, 2, Keyspaces);
        while (exchange.Step != ExchangeStep.Finished)
            Perform(exchange, rows, rows, random);
        exchange.RowsFetched.ShouldBe(0);
        exchange.RowsCompared.ShouldBeGreaterThanOrEqualTo(rows.Count);
    }

    [Fact]
    public void An_empty_peer_is_one_question_per_keyspace()
    {
        using var exchange = new PartitionExchange(0, 1, Keyspaces);
        byte[] empty = [0, 0, 0, 0];
        foreach (byte keyspace in Keyspaces)
        {
            exchange.Step.ShouldBe(ExchangeStep.AskPeer);
            exchange.Keyspace.ShouldBe(keyspace);
            exchange.From.ShouldBe(0UL);
            exchange.PeerListed(0, peerIsComplete: false, empty).ShouldBeTrue();
        }
        exchange.Step.ShouldBe(ExchangeStep.Finished);
        exchange.PeerWasComplete.ShouldBeFalse();
    }

    [Fact]
    public void Completeness_is_that_of_the_first_answer()
    {
        using var exchange = new PartitionExchange(0, 1, Keyspaces);
        byte[] empty = [0, 0, 0, 0];
        exchange.PeerListed(99, peerIsComplete: false, empty);
        exchange.PeerListed(0, peerIsComplete: true, empty);
        exchange.PeerListed(0, peerIsComplete: true, empty);
        exchange.PeerListed(0, peerIsComplete: true, empty);
        exchange.Step.ShouldBe(ExchangeStep.Finished);
        exchange.PeerWasComplete.ShouldBeFalse();
    }

    [Fact]
    public void A_range_without_progress_or_a_broken_listing_is_refused()
    {
        using var exchange = new PartitionExchange(0, 1, Keyspaces);
        exchange.PeerListed(50, true, [0, 0, 0, 0]).ShouldBeTrue();
        exchange.PeerListed(50, true, [0, 0, 0, 0]).ShouldBeFalse("would go on for ever");
        exchange.PeerListed(20, true, [0, 0, 0, 0]).ShouldBeFalse();
        exchange.PeerListed(0, true, [1, 0, 0, 0]).ShouldBeFalse();
        exchange.Step.ShouldBe(ExchangeStep.AskPeer);
        exchange.From.ShouldBe(50UL);
    }

    private static void Perform(PartitionExchange exchange, SortedDictionary<(byte, ulong), ulong> mine,
        SortedDictionary<(byte, ulong), ulong> theirs, SeededRandom random)
    {
        using var listing = new RangeListing();
        if (exchange.Step == ExchangeStep.AskPeer)
        {
            ulong end = List(theirs, exchange.Keyspace, exchange.From, 1 + random.Below(20), listing);
            using var bytes = new ByteWriter();
            listing.Encode(bytes);
            exchange.PeerListed(end, peerIsComplete: true, bytes.Written).ShouldBeTrue();
        }
        else if (exchange.Step == ExchangeStep.ScanLocal)
        {
            ulong end = List(mine, exchange.Keyspace, exchange.From, 1 + random.Below(20), listing);
            exchange.LocalListed(end, listing);
        }
        else
        {
            for (int index = 0; index < exchange.ToFetch; index++)
            {
                (byte, ulong) key = (exchange.Keyspace, BitConverter.ToUInt64(exchange.KeyToFetch(index)));
                mine[key] = mine.GetValueOrDefault(key) | theirs[key];
            }
            exchange.RowsMerged();
        }
    }

    /// <summary>What a store does: lists whole rows from a hash on, about so many, and says where it stopped.</summary>
    private static ulong List(SortedDictionary<(byte, ulong), ulong> rows, byte keyspace, ulong from, int budget, RangeListing listing)
    {
        var inOrder = rows.Where(row => row.Key.Item1 == keyspace)
            .Select(row => (Key: BitConverter.GetBytes(row.Key.Item2), row.Value))
            .Select(row => (Hash: StableHash.Hash64(row.Key), row.Key, row.Value))
            .Where(row => row.Hash >= from).OrderByDescending(row => row.Hash).Reverse().ToList();
        foreach ((ulong hash, byte[] key, ulong value) in inOrder.Take(budget).Reverse())
            listing.Add(hash, key, new Version(value, 1), value);
        listing.Sort();
        return inOrder.Count > budget ? inOrder[budget].Hash : 0;
    }

    private static SortedDictionary<(byte, ulong), ulong> Rows(SeededRandom random)
    {
        var rows = new SortedDictionary<(byte, ulong), ulong>();
        for (int count = random.Below(150); count > 0; count--)
            rows[(Keyspaces[random.Below(3)], (ulong)random.Below(100))] = 1UL << random.Below(4);
        return rows;
    }
}
