using Torc.Base;
using Torc.Core.Repair;
using Version = Torc.Core.Clocks.Version;

namespace Torc.Tests.Core.Repair;

public sealed class RangeListingTests
{
    [Fact]
    public void Goes_there_and_back_sorted_by_hash_and_key()
    {
        using RangeListing listing = Sample();
        using var bytes = new ByteWriter();
        listing.Encode(bytes);
        using var read = new RangeListing();
        read.TryDecode(bytes.Written, 0, 0).ShouldBeTrue();
        read.Count.ShouldBe(20);
        for (int index = 0; index < 20; index++)
        {
            read.KeyOf(index).SequenceEqual(listing.KeyOf(index)).ShouldBeTrue();
            (read[index].Hash, read[index].Max, read[index].Digest).ShouldBe((listing[index].Hash, listing[index].Max, listing[index].Digest));
            if (index > 0)
                read[index].Hash.ShouldBeGreaterThan(read[index - 1].Hash);
        }
    }

    [Fact]
    public void Truncated_unsorted_doubled_or_foreign_entries_are_refused()
    {
        using RangeListing listing = Sample();
        using var bytes = new ByteWriter();
        listing.Encode(bytes);
        using var read = new RangeListing();
        for (int length = 0; length < bytes.Length; length++)
        {
            read.TryDecode(bytes.Written[..length], 0, 0).ShouldBeFalse($"length {length}");
            read.Count.ShouldBe(0);
        }
        read.TryDecode(bytes.Written, listing[0].Hash + 1, 0).ShouldBeFalse("before the range");
        read.TryDecode(bytes.Written, 0, listing[19].Hash).ShouldBeFalse("after the range");
        read.TryDecode(bytes.Written, listing[0].Hash, listing[19].Hash + 1).ShouldBeTrue();

        using var doubled = new RangeListing();
        doubled.Add(StableHash.Hash64("a"u8), "a"u8, new Version(1, 1), 5);
        doubled.Add(StableHash.Hash64("a"u8), "a"u8, new Version(1, 1), 5);
        bytes.Clear();
        doubled.Encode(bytes);
        read.TryDecode(bytes.Written, 0, 0).ShouldBeFalse("twice the same key");
    }

    [Fact]
    public void Takes_so_many_entries_and_no_more()
    {
        using var listing = new RangeListing();
        for (int count = 0; count < RangeListing.EntriesMax; count++)
            listing.Add(1, "k"u8, new Version(1, 1), 1).ShouldBeTrue();
        listing.Add(1, "k"u8, new Version(1, 1), 1).ShouldBeFalse();
    }

    [Theory]
    [InlineData(5, 9, 5, true)]
    [InlineData(5, 9, 9, false)]
    [InlineData(5, 9, 4, false)]
    [InlineData(5, 0, ulong.MaxValue, true)]
    [InlineData(0, 0, 0, true)]
    public void Ranges_are_half_open_and_end_zero_is_the_top(ulong from, ulong end, ulong hash, bool contains) =>
        HashRange.Contains(from, end, hash).ShouldBe(contains);

    private static RangeListing Sample()
    {
        var listing = new RangeListing();
        for (int number = 0; number < 20; number++)
        {
            byte[] key = BitConverter.GetBytes(number);
            listing.Add(StableHash.Hash64(key), key, new Version((ulong)number + 1, 1), (ulong)number * 7);
        }
        listing.Sort();
        return listing;
    }
}
