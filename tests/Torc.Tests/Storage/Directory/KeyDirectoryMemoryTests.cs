using Torc.Base;
using Torc.Storage.Directory;

namespace Torc.Tests.Storage.Directory;

public sealed class KeyDirectoryMemoryTests
{
    /// <summary>What the design allows on average, everything counted: buckets, branches, sheet headers and holes of the arena.</summary>
    private const double BytesPerKeyMax = 14;

    [Fact]
    public void A_million_keys_over_64_directories_stay_within_the_bytes_a_key()
    {
        const ulong seed = 21;
        var random = new SeededRandom(seed);
        using var arena = new BucketArena(1L << 32);
        var none = new NoHashes();
        KeyDirectory[] directories = Enumerable.Range(0, 64).Select(_ => new KeyDirectory(arena, none)).ToArray();
        const long chunk = 2 << 20; // what may be mapped ahead of use
        for (int key = 1; key <= 1_000_000; key++)
        {
            directories[random.Below(64)].Insert(random.Next(), key);
            if (key >= 200_000 && key % 50_000 == 0)
            {
                ((double)directories.Sum(directory => directory.MemoryBytes) / key).ShouldBeLessThan(BytesPerKeyMax, $"seed {seed}, {key} keys");
                ((double)(arena.MappedBytes - chunk) / key).ShouldBeLessThan(BytesPerKeyMax, $"seed {seed}, {key} keys");
            }
        }
    }

    [Fact]
    public void A_million_keys_in_one_directory_stay_within_the_bytes_a_key()
    {
        const ulong seed = 22;
        var random = new SeededRandom(seed);
        using var arena = new BucketArena(1L << 32);
        var hashes = new HashesByAddress();
        using var directory = new KeyDirectory(arena, hashes);
        for (int key = 0; key < 1_000_000; key++)
        {
            hashes.Add(random.Next());
            directory.Insert(hashes.Of(key), key);
        }
        ((double)directory.MemoryBytes / 1_000_000).ShouldBeLessThan(BytesPerKeyMax, $"seed {seed}");
        for (int key = 0; key < 1_000_000; key += 97)
            directory.Contains(hashes.Of(key), key).ShouldBeTrue($"seed {seed}, key {key}");
    }

    [Fact]
    public void Churn_does_not_fragment_the_arena()
    {
        const ulong seed = 23;
        var random = new SeededRandom(seed);
        using var arena = new BucketArena(1L << 32);
        var hashes = new HashesByAddress();
        KeyDirectory[] directories = Enumerable.Range(0, 16).Select(_ => new KeyDirectory(arena, hashes)).ToArray();
        const int live = 100_000;
        for (int key = 0; key < live; key++)
            InsertNext(directories, hashes, random);
        for (int oldest = 0; oldest < 4 * live; oldest++)
        {
            directories[oldest % 16].Remove(hashes.Of(oldest), oldest).ShouldBeTrue($"seed {seed}");
            InsertNext(directories, hashes, random);
        }
        ((double)arena.MappedBytes / live).ShouldBeLessThan(BytesPerKeyMax + (2 << 20) / (double)live, $"seed {seed}");
    }

    [Fact]
    public void Skewed_hashes_cost_little_more_than_even_ones()
    {
        const ulong seed = 24;
        var random = new SeededRandom(seed);
        using var arena = new BucketArena(1L << 32);
        var hashes = new HashesByAddress();
        using var directory = new KeyDirectory(arena, hashes);
        // A thousand groups, each of which shares 44 bits and is too large for one region.
        for (int group = 0; group < 1_000; group++)
        {
            ulong prefix = random.Next() << 20;
            for (int key = 0; key < 120; key++)
            {
                hashes.Add(prefix | random.Next() >> 44);
                directory.Insert(hashes.Of(hashes.Count - 1), hashes.Count - 1);
            }
        }
        ((double)directory.MemoryBytes / hashes.Count).ShouldBeLessThan(60, $"seed {seed}");
    }

    [Fact]
    public void Operations_allocate_nothing_on_the_managed_heap()
    {
        var random = new SeededRandom(25);
        using var arena = new BucketArena(1L << 32);
        var hashes = new HashesByAddress();
        using var directory = new KeyDirectory(arena, hashes);
        for (int key = 0; key < 40_000; key++)
            hashes.Add(random.Next());
        Exercise(directory, hashes, 0, 20_000); // compiles everything and maps the first chunks
        long before = GC.GetAllocatedBytesForCurrentThread();
        long found = Exercise(directory, hashes, 20_000, 40_000);
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0);
        found.ShouldBeGreaterThanOrEqualTo(20_000);
    }

    private static long Exercise(KeyDirectory directory, HashesByAddress hashes, int from, int to)
    {
        long found = 0;
        for (int key = from; key < to; key++)
        {
            ulong hash = hashes.Of(key);
            directory.Prefetch(hash);
            directory.Insert(hash, key);
            foreach (long _ in directory.Candidates(hash))
                found++;
            directory.Replace(hash, key, key + (1L << 30));
            directory.Replace(hash, key + (1L << 30), key);
            if (key % 4 == 0)
                directory.Remove(hash, key);
        }
        var sink = new CountingSink();
        for (ulong at = directory.Scan(0, 100, ref sink); at != 0;)
            at = directory.Scan(at, 100, ref sink);
        return found + sink.Visits;
    }

    private static void InsertNext(KeyDirectory[] directories, HashesByAddress hashes, SeededRandom random)
    {
        int key = hashes.Count;
        hashes.Add(random.Next());
        directories[key % directories.Length].Insert(hashes.Of(key), key);
    }

    private struct CountingSink : IAddressSink
    {
        public int Visits { get; private set; }

        public void Visit(long address) => Visits++;
    }

    /// <summary>Every record is cold: directories of this size never need one.</summary>
    private sealed class NoHashes : IHashSource
    {
        public bool TryHashOf(long address, out ulong hash)
        {
            hash = 0;
            return false;
        }
    }

    private sealed class HashesByAddress : IHashSource
    {
        private readonly List<ulong> _hashes = [];

        public int Count => _hashes.Count;

        public void Add(ulong hash) => _hashes.Add(hash);

        public ulong Of(int key) => _hashes[key];

        public bool TryHashOf(long address, out ulong hash)
        {
            hash = _hashes[(int)address];
            return true;
        }
    }
}
