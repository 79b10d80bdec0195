using Torc.Base;
using Torc.Storage.Directory;

namespace Torc.Tests.Storage.Directory;

public sealed class KeyDirectoryScanTests
{
    [Fact]
    public void Ranges_are_disjoint_cover_the_hash_space_and_keep_to_the_budget()
    {
        for (ulong seed = 1; seed <= 5; seed++)
        {
            (KeyDirectory directory, DirectoryTwin twin, BucketArena arena) = Filled(seed, keys: 20_000);
            var random = new SeededRandom(seed).Fork("budgets");
            ulong from = 0;
            int total = 0;
            do
            {
                int budget = 1 + random.Below(500);
                var sink = new SetSink([]);
                ulong end = directory.Scan(from, budget, ref sink);
                (end == 0 || end > from).ShouldBeTrue($"seed {seed}: the scan went back");
                sink.Visits.ShouldBeLessThan(budget + 120, $"seed {seed}");
                var expected = twin.Addresses.Where(address => InRange(twin.HashOf(address), from, end)).ToHashSet();
                sink.Addresses.SetEquals(expected).ShouldBeTrue($"seed {seed}, from {from:x}, end {end:x}");
                sink.Visits.ShouldBe(expected.Count);
                total += sink.Visits;
                from = end;
            } while (from != 0);
            total.ShouldBe(twin.Count, $"seed {seed}");
            directory.Dispose();
            arena.Dispose();
        }
    }

    [Fact]
    public void A_bounded_range_visits_what_may_be_in_it_and_ends_there()
    {
        const ulong seed = 6;
        (KeyDirectory directory, DirectoryTwin twin, BucketArena arena) = Filled(seed, keys: 20_000);
        var random = new SeededRandom(seed).Fork("ranges");
        for (int round = 0; round < 200; round++)
        {
            ulong from = random.Next();
            ulong end = from + (random.Next() >> random.Below(60)) + 1;
            if (end <= from)
                end = 0;
            var sink = new SetSink([]);
            directory.Scan(from, end, int.MaxValue, ref sink).ShouldBe(end);
            string context = $"seed {seed}, round {round}, from {from:x}, end {end:x}";
            foreach (long address in twin.Addresses)
            {
                if (InRange(twin.HashOf(address), from, end))
                    sink.Addresses.Contains(address).ShouldBeTrue(context);
            }
            // A tag places an entry within 2^40 hashes of the range or better.
            foreach (long address in sink.Addresses)
                InRange(twin.HashOf(address), from - Math.Min(from, 1UL << 40), end == 0 || end + (1UL << 40) < end ? 0 : end + (1UL << 40)).ShouldBeTrue(context);
        }
        directory.Dispose();
        arena.Dispose();
    }

    [Fact]
    public void Entries_present_during_a_whole_scan_are_visited_while_the_directory_grows_and_shrinks()
    {
        for (ulong seed = 1; seed <= 8; seed++)
        {
            (KeyDirectory directory, DirectoryTwin twin, BucketArena arena) = Filled(seed, keys: 300);
            var random = new SeededRandom(seed).Fork("changes");
            var steady = twin.Addresses.Where(address => address % 3 != 0).ToHashSet();
            var sink = new SetSink([]);
            bool grow = seed % 2 == 0;
            ulong from = 0;
            int calls = 0;
            do
            {
                from = directory.Scan(from, 5, ref sink);
                calls++;
                for (int change = 0; change < 400 && grow && calls < 40; change++)
                    KeyDirectoryTests.InsertNew(directory, twin, random, random.Next());
                for (int change = 0; change < 4 && !grow; change++)
                    RemoveOneBut(steady, directory, twin, random);
            } while (from != 0);
            steady.IsSubsetOf(sink.Addresses).ShouldBeTrue($"seed {seed}: an entry was missed");
            calls.ShouldBeGreaterThan(2);
            twin.ShouldEqual(directory, $"seed {seed}");
            directory.Dispose();
            arena.Dispose();
        }
    }

    [Fact]
    public void Colliding_hashes_are_scanned_too()
    {
        using var arena = new BucketArena(1 << 30);
        var twin = new DirectoryTwin();
        using var directory = new KeyDirectory(arena, twin);
        for (long address = 0; address < 500; address++)
        {
            directory.Insert(0x8000_0000_0000_0000, address);
            twin.Add(0x8000_0000_0000_0000, address);
        }
        var above = new SetSink([]);
        directory.Scan(0x8000_0100_0000_0000, 1_000, ref above).ShouldBe(0UL);
        above.Visits.ShouldBe(0);
        var exact = new SetSink([]);
        directory.Scan(0x8000_0000_0000_0000, 0x8000_0000_0000_0001, 1_000, ref exact).ShouldBe(0x8000_0000_0000_0001UL);
        exact.Addresses.Count.ShouldBe(500);
    }

    private static bool InRange(ulong hash, ulong from, ulong end) => hash >= from && (end == 0 || hash < end);

    private static (KeyDirectory Directory, DirectoryTwin Twin, BucketArena Arena) Filled(ulong seed, int keys)
    {
        var random = new SeededRandom(seed);
        var arena = new BucketArena(1 << 30);
        var twin = new DirectoryTwin();
        var directory = new KeyDirectory(arena, twin);
        for (int key = 0; key < keys; key++)
            KeyDirectoryTests.InsertNew(directory, twin, random, random.Next());
        return (directory, twin, arena);
    }

    private static void RemoveOneBut(HashSet<long> kept, KeyDirectory directory, DirectoryTwin twin, SeededRandom random)
    {
        long address = twin.Addresses[random.Below(twin.Count)];
        if (kept.Contains(address))
            return;
        directory.Remove(twin.HashOf(address), address).ShouldBeTrue();
        twin.Remove(address);
    }
}
