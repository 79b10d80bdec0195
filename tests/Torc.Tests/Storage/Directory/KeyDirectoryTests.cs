using Torc.Base;
using Torc.Storage.Directory;

namespace Torc.Tests.Storage.Directory;

public sealed class KeyDirectoryTests
{
    public static TheoryData<string, int> Shapes => new()
    {
        { "uniform", 40_000 },
        { "high bits equal", 20_000 },
        { "tags equal", 20_000 },
        { "low bits only", 20_000 },
        { "few hashes", 4_000 },
        { "one hash", 1_500 },
        { "two close hashes", 1_500 },
        { "clusters", 20_000 },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Behaves_like_a_dictionary(string shape, int steps)
    {
        for (ulong seed = 1; seed <= 3; seed++)
            RunRandomly(shape, steps, seed, coldChance: 0);
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void Behaves_like_a_dictionary_while_records_are_cold(string shape, int steps)
    {
        RunRandomly(shape, steps, seed: 4, coldChance: 1);
        RunRandomly(shape, steps, seed: 5, coldChance: 0.01);
    }

    [Theory]
    [MemberData(nameof(Shapes))]
    public void A_directory_that_was_filled_at_once_behaves_like_one_that_grew(string shape, int steps)
    {
        RunRandomly(shape, steps / 4, seed: 6, coldChance: 0, filled: 1);
        RunRandomly(shape, steps / 4, seed: 7, coldChance: 0, filled: steps);
        RunRandomly(shape, steps / 4, seed: 8, coldChance: 1, filled: steps);
    }

    [Fact]
    public void Filling_takes_no_more_memory_than_growing_and_scans_in_order()
    {
        const ulong seed = 13;
        var random = new SeededRandom(seed);
        var twin = new DirectoryTwin();
        using var arena = new BucketArena(1 << 30);
        using var grown = new KeyDirectory(arena, twin);
        using var filled = new KeyDirectory(arena, twin);
        for (int key = 0; key < 100_000; key++)
            InsertNew(grown, twin, random, random.Next());
        Fill(filled, twin);
        twin.ShouldEqual(filled, $"seed {seed}");
        filled.MemoryBytes.ShouldBeInRange(grown.MemoryBytes * 95 / 100, grown.MemoryBytes * 105 / 100);
        CandidatesPerLookup(filled, twin).ShouldBeLessThan(1.01);
        Should.Throw<InvariantException>(() => Fill(filled, twin));
    }

    [Fact]
    public void An_empty_directory_has_nothing_and_no_memory()
    {
        using var arena = new BucketArena(1 << 30);
        using var directory = new KeyDirectory(arena, new DirectoryTwin());
        directory.Count.ShouldBe(0);
        directory.MemoryBytes.ShouldBe(0);
        directory.Contains(5, 5).ShouldBeFalse();
        directory.Remove(5, 5).ShouldBeFalse();
        directory.Replace(5, 5, 6).ShouldBeFalse();
        directory.Candidates(5).MoveNext().ShouldBeFalse();
        directory.Prefetch(5);
        var sink = new SetSink([]);
        directory.Scan(0, 10, ref sink).ShouldBe(0UL);
        sink.Visits.ShouldBe(0);
    }

    [Fact]
    public void Seven_keys_take_one_cache_line()
    {
        var random = new SeededRandom(3);
        using var arena = new BucketArena(1 << 30);
        using var directory = new KeyDirectory(arena, new DirectoryTwin());
        for (int key = 0; key < 7; key++)
            directory.Insert(random.Next(), key);
        directory.MemoryBytes.ShouldBe(64);
    }

    [Fact]
    public void The_smallest_and_greatest_hash_and_address_are_kept()
    {
        using var arena = new BucketArena(1 << 30);
        using var directory = new KeyDirectory(arena, new DirectoryTwin());
        directory.Insert(0, 0);
        directory.Insert(ulong.MaxValue, KeyDirectory.AddressesMax - 1);
        directory.Contains(0, 0).ShouldBeTrue();
        directory.Contains(ulong.MaxValue, KeyDirectory.AddressesMax - 1).ShouldBeTrue();
        directory.Contains(0, KeyDirectory.AddressesMax - 1).ShouldBeFalse();
        DirectoryTwin.CandidatesHave(directory, 0, 0).ShouldBeTrue();
        Should.Throw<InvariantException>(() => directory.Insert(1, KeyDirectory.AddressesMax));
        Should.Throw<InvariantException>(() => directory.Insert(1, -1));
    }

    [Fact]
    public void Splits_wait_for_cold_records_and_are_caught_up_with_when_they_are_warm()
    {
        // Hashes that agree in more bits than a tag holds: no split is possible without the records.
        const ulong seed = 8;
        var random = new SeededRandom(seed);
        var twin = new DirectoryTwin { IsCold = _ => true };
        using var arena = new BucketArena(1 << 30);
        using var directory = new KeyDirectory(arena, twin);
        for (int key = 0; key < 2_000; key++)
            InsertNew(directory, twin, random, random.Next() >> 30);
        twin.ShouldEqual(directory, $"seed {seed}, cold");
        CandidatesPerLookup(directory, twin).ShouldBeGreaterThan(1_000);

        twin.IsCold = _ => false;
        for (int key = 0; key < 200; key++)
            InsertNew(directory, twin, random, random.Next() >> 30);
        twin.ShouldEqual(directory, $"seed {seed}, warm");
        CandidatesPerLookup(directory, twin).ShouldBeLessThan(10);
    }

    [Fact]
    public void Lookups_meet_few_false_candidates_when_tags_were_renewed_often()
    {
        const ulong seed = 9;
        var random = new SeededRandom(seed);
        var twin = new DirectoryTwin();
        using var arena = new BucketArena(1 << 30);
        using var directory = new KeyDirectory(arena, twin);
        for (int key = 0; key < 300_000; key++)
            InsertNew(directory, twin, random, random.Next());
        twin.Asked.ShouldBeGreaterThan(0);
        CandidatesPerLookup(directory, twin).ShouldBeLessThan(1.01);
    }

    [Fact]
    public void A_cleared_directory_gives_its_memory_to_others()
    {
        const ulong seed = 10;
        var random = new SeededRandom(seed);
        using var arena = new BucketArena(1 << 30);
        var twin = new DirectoryTwin();
        using var first = new KeyDirectory(arena, twin);
        using var second = new KeyDirectory(arena, twin);
        for (int key = 0; key < 200_000; key++)
            first.Insert(random.Next(), key);
        first.Clear();
        first.Count.ShouldBe(0);
        first.MemoryBytes.ShouldBe(0);
        arena.UsedBytes.ShouldBe(0);
        long mapped = arena.MappedBytes;
        for (int key = 0; key < 200_000; key++)
            second.Insert(random.Next(), key);
        arena.MappedBytes.ShouldBe(mapped);
        arena.UsedBytes.ShouldBe(second.MemoryBytes);
    }

    [Fact]
    public void Removing_keys_gives_memory_back()
    {
        const ulong seed = 12;
        var random = new SeededRandom(seed);
        var twin = new DirectoryTwin();
        using var arena = new BucketArena(1 << 30);
        using var directory = new KeyDirectory(arena, twin);
        for (int key = 0; key < 50_000; key++)
            InsertNew(directory, twin, random, random.Next());
        long full = directory.MemoryBytes;
        while (twin.Count > 5_000)
        {
            long address = twin.Addresses[random.Below(twin.Count)];
            directory.Remove(twin.HashOf(address), address).ShouldBeTrue();
            twin.Remove(address);
        }
        directory.MemoryBytes.ShouldBeLessThan(full / 4);
        twin.ShouldEqual(directory, $"seed {seed}");
        foreach (long address in twin.Addresses.ToArray())
            directory.Remove(twin.HashOf(address), address).ShouldBeTrue();
        directory.MemoryBytes.ShouldBe(0);
        arena.UsedBytes.ShouldBe(0);
    }

    internal static void InsertNew(KeyDirectory directory, DirectoryTwin twin, SeededRandom random, ulong hash)
    {
        long address = twin.NewAddress(random);
        directory.Insert(hash, address);
        twin.Add(hash, address);
    }

    private static double CandidatesPerLookup(KeyDirectory directory, DirectoryTwin twin)
    {
        long candidates = 0;
        foreach (long address in twin.Addresses)
        {
            foreach (long _ in directory.Candidates(twin.HashOf(address)))
                candidates++;
        }
        return (double)candidates / twin.Count;
    }

    private static void Fill(KeyDirectory directory, DirectoryTwin twin) =>
        directory.Fill(twin.Addresses.Select(address => new DirectoryEntry(twin.HashOf(address), address)).OrderBy(entry => entry.Hash).ToArray());

    private static void RunRandomly(string shape, int steps, ulong seed, double coldChance, int filled = 0)
    {
        string context = $"{shape}, seed {seed}, cold {coldChance}, filled {filled}";
        var random = new SeededRandom(seed);
        var twin = new DirectoryTwin();
        var coldRandom = random.Fork("cold");
        var cold = new Dictionary<long, bool>();
        twin.IsCold = address => cold.TryGetValue(address, out bool known) ? known : cold[address] = coldRandom.Chance(coldChance);
        using var arena = new BucketArena(1 << 30);
        using var directory = new KeyDirectory(arena, twin);
        for (int key = 0; key < filled; key++)
            twin.Add(HashOf(shape, random), twin.NewAddress(random));
        Fill(directory, twin);
        double growth = 0.6;
        for (int step = 0; step < steps; step++)
        {
            if (step % (steps / 8) == 0)
                growth = random.Chance(0.6) ? 0.8 : 0.25;
            if (twin.Count == 0 || random.Chance(growth))
                InsertNew(directory, twin, random, HashOf(shape, random));
            else
                ChangeOne(directory, twin, random, context);
            if (step % 3_000 == 0)
                twin.ShouldEqual(directory, context);
        }
        twin.ShouldEqual(directory, context);
        foreach (long address in twin.Addresses)
            directory.Remove(twin.HashOf(address), address).ShouldBeTrue(context);
        arena.UsedBytes.ShouldBe(0, context);
    }

    private static void ChangeOne(KeyDirectory directory, DirectoryTwin twin, SeededRandom random, string context)
    {
        long address = twin.Addresses[random.Below(twin.Count)];
        ulong hash = twin.HashOf(address);
        long other = twin.NewAddress(random);
        directory.Contains(hash, other).ShouldBeFalse(context);
        directory.Remove(hash, other).ShouldBeFalse(context);
        directory.Replace(hash, other, address).ShouldBeFalse(context);
        if (random.Chance(0.5))
        {
            directory.Remove(hash, address).ShouldBeTrue(context);
            directory.Contains(hash, address).ShouldBeFalse(context);
            DirectoryTwin.CandidatesHave(directory, hash, address).ShouldBeFalse(context);
            twin.Remove(address);
        }
        else
        {
            directory.Replace(hash, address, other).ShouldBeTrue(context);
            directory.Contains(hash, address).ShouldBeFalse(context);
            twin.Remove(address);
            twin.Add(hash, other);
        }
        directory.Count.ShouldBe(twin.Count, context);
    }

    private static ulong HashOf(string shape, SeededRandom random) => shape switch
    {
        "uniform" => random.Next(),
        "high bits equal" => 0xABCDEF01_23000000 | random.Next() >> 40,
        "tags equal" => 0xABCDEF00_00000000 | random.Next() >> 24,
        "low bits only" => random.Next() >> 52,
        "few hashes" => (random.Next() >> 59) * 0x9E3779B97F4A7C15,
        "one hash" => 0x123456789ABCDEF0,
        "two close hashes" => 0x123456789ABCDEF0 | random.Next() >> 63,
        "clusters" => (random.Next() & 3) << 62 | (random.Next() & 7) << 30 | random.Next() >> 50,
        _ => throw new ArgumentOutOfRangeException(nameof(shape)),
    };
}
