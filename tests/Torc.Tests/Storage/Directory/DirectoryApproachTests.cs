using Torc.Base;
using Torc.Storage.Directory;

namespace Torc.Tests.Storage.Directory;

public sealed unsafe class DirectoryApproachTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(60)]
    [InlineData(3_000)]
    [InlineData(200_000)]
    public void The_way_ends_where_a_lookup_does(int keys)
    {
        const ulong seed = 21;
        var random = new SeededRandom(seed);
        var twin = new DirectoryTwin();
        using var arena = new BucketArena(1 << 30);
        using var directory = new KeyDirectory(arena, twin);
        for (int key = 0; key < keys; key++)
            KeyDirectoryTests.InsertNew(directory, twin, random, random.Next());
        foreach (long address in twin.Addresses)
            ShouldEndLikeALookup(directory, arena, twin.HashOf(address), $"seed {seed}, {keys} keys");
        for (int absent = 0; absent < 1_000; absent++)
            ShouldEndLikeALookup(directory, arena, random.Next(), $"seed {seed}, {keys} keys");
    }

    private static void ShouldEndLikeALookup(KeyDirectory directory, BucketArena arena, ulong hash, string context)
    {
        bool isExpected = directory.TryGuess(hash, out long expected, out _);
        DirectoryApproach way = default;
        directory.Approach(hash, ref way);
        bool isFound = false;
        ulong* found = null;
        while (way.IsUnderWay)
        {
            isFound.ShouldBeFalse(context); // it ends with the match
            isFound = way.Advance(arena, out found);
        }
        isFound.ShouldBe(isExpected, context);
        if (isExpected)
            Bucket.AddressOf(*found).ShouldBe(expected, context);
    }
}
