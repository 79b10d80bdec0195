using Torc.Base;
using Torc.Storage.Directory;

namespace Torc.Tests.Storage.Directory;

public sealed unsafe class ArrivedEntriesTests
{
    [Fact]
    public void After_any_changes_it_leads_to_the_entry_of_the_hash_or_nowhere()
    {
        const ulong seed = 77;
        var random = new SeededRandom(seed);
        using var arena = new BucketArena(1 << 30);
        var twins = new[] { new DirectoryTwin(), new DirectoryTwin() };
        KeyDirectory[] directories = [new KeyDirectory(arena, twins[0]), new KeyDirectory(arena, twins[1])];
        var addresses = new[] { new Dictionary<ulong, long>(), new Dictionary<ulong, long>() };
        var hashes = new List<ulong>();
        for (int key = 0; key < 600; key++)
            hashes.Add(random.Next());
        int led = 0;
        for (int step = 0; step < 60_000; step++)
        {
            int which = (int)random.Between(0, 2);
            ulong hash = hashes[(int)random.Between(0, hashes.Count)];
            string context = $"seed {seed}, step {step}";
            bool isThere = addresses[which].TryGetValue(hash, out long address);
            switch (random.Between(0, 8))
            {
                case 0 when !isThere:
                    address = twins[which].NewAddress(random);
                    twins[which].Add(hash, address);
                    directories[which].Insert(hash, address);
                    addresses[which].Add(hash, address);
                    break;
                case 1 when isThere && random.Between(0, 4) == 0:
                    directories[which].Remove(hash, address).ShouldBeTrue(context);
                    twins[which].Remove(address);
                    addresses[which].Remove(hash);
                    break;
                case 2 when isThere:
                    long moved = twins[which].NewAddress(random);
                    directories[which].Replace(hash, address, moved).ShouldBeTrue(context);
                    twins[which].Remove(address);
                    twins[which].Add(hash, moved);
                    addresses[which][hash] = moved;
                    break;
                default:
                    Approach(directories[which], arena, hash);
                    break;
            }
            ulong* entry = arena.Arrived.Find(directories[which], hash);
            if (entry == null)
                continue;
            led++;
            addresses[which].TryGetValue(hash, out long expected).ShouldBeTrue(context);
            Bucket.AddressOf(*entry).ShouldBe(expected, context);
        }
        led.ShouldBeGreaterThan(10_000);
        foreach (KeyDirectory directory in directories)
            directory.Dispose();
    }

    private static void Approach(KeyDirectory directory, BucketArena arena, ulong hash)
    {
        DirectoryApproach way = default;
        directory.Approach(hash, ref way);
        while (way.IsUnderWay)
        {
            if (way.Advance(arena, out ulong* entry))
                arena.Arrived.Add(directory.Number, hash, entry);
        }
    }
}
