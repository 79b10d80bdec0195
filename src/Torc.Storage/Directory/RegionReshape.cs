using Torc.Base;

namespace Torc.Storage.Directory;

/// <summary>
/// Moves the entries of one region into a larger or smaller one, or into two halves. This is all the rehashing there
/// is: at most <see cref="Region.EntriesMax"/> entries a time, overflow of colliding hashes apart.
/// </summary>
internal static class RegionReshape
{
    /// <summary>Hash bits that a region's keys may share. The four bits after them still order its buckets.</summary>
    public const int DepthMax = 60;

    /// <summary>The last place where a tag may start and still be full of hash bits.</summary>
    public const int TagStartMax = 64 - Bucket.TagBits;

    /// <summary>From so many spent bits on a split asks for fresh tags: 14 bits still tell entries apart, about one false candidate in 1,500 lookups.</summary>
    private const int SpentGoal = 10;

    /// <summary>With so many spent bits a split has to have fresh tags: four bits are left, just enough to order the buckets.</summary>
    private const int SpentMax = 20;

    /// <summary>Rebuilds a region in the size that suits its entries and so many more. The old link is void afterwards.</summary>
    public static Link Resize(DirectoryLines lines, Link old, int more)
    {
        var from = new Region(lines, old);
        Region to = Region.Rent(lines, old.Count + from.CountOverflow() + more, old.Depth, old.Spent);
        foreach (ulong entry in from.Entries())
            to.Add(Bucket.TagOf(entry), Bucket.AddressOf(entry));
        from.Return();
        return to.Link;
    }

    /// <summary>
    /// Splits a region by the next hash bit; the old link is void afterwards. False, and nothing changed: more bits would
    /// not part the entries, or the bits are known only to records that are not in memory now.
    /// </summary>
    public static bool TrySplit(DirectoryLines lines, IHashSource hashes, Link old, out Link left, out Link right)
    {
        left = right = default;
        if (old.Depth == DepthMax)
            return false;
        var from = new Region(lines, old);
        bool tagsDiffer = TagsDiffer(from, out int leftCount, out int rightCount);
        bool refresh = (!tagsDiffer || old.Spent >= SpentGoal) && HashesDiffer(from, hashes);
        if (!refresh && (!tagsDiffer || old.Spent == SpentMax))
            return false;

        int tagStart = refresh ? Math.Min(old.Depth, TagStartMax) : old.TagStart;
        int depth = old.Depth + 1;
        Region low = Region.Rent(lines, leftCount, depth, depth - tagStart);
        Region high = Region.Rent(lines, rightCount, depth, depth - tagStart);
        foreach (ulong entry in from.Entries())
        {
            uint tag = Bucket.TagOf(entry);
            bool isHigh = IsHigh(tag, old);
            if (tagStart != old.TagStart)
                tag = FreshTag(hashes, entry, old.TagStart, tagStart);
            if (isHigh)
                high.Add(tag, Bucket.AddressOf(entry));
            else
                low.Add(tag, Bucket.AddressOf(entry));
        }
        from.Return();
        left = low.Link;
        right = high.Link;
        return true;
    }

    private static bool IsHigh(uint tag, Link link) => (tag >> (Bucket.TagBits - 1 - link.Spent) & 1) != 0;

    /// <summary>Counts the entries on either side of the next bit, and says whether the tags alone could part them sooner or later.</summary>
    private static bool TagsDiffer(in Region region, out int leftCount, out int rightCount)
    {
        uint all = 0, any = 0;
        leftCount = rightCount = 0;
        foreach (ulong entry in region.Entries())
        {
            uint tag = Bucket.TagOf(entry);
            if (leftCount + rightCount == 0)
                all = tag;
            any |= tag ^ all;
            if (IsHigh(tag, region.Link))
                rightCount++;
            else
                leftCount++;
        }
        return any >> (Bucket.TagBits - SpentMax) != 0;
    }

    /// <summary>True when all hashes are to be had, and splits within <see cref="DepthMax"/> would part them.</summary>
    private static bool HashesDiffer(in Region region, IHashSource hashes)
    {
        ulong first = 0, any = 0;
        bool isFirst = true;
        foreach (ulong entry in region.Entries())
        {
            if (!hashes.TryHashOf(Bucket.AddressOf(entry), out ulong hash))
                return false;
            if (isFirst)
                first = hash;
            isFirst = false;
            any |= hash ^ first;
        }
        return any >> (64 - DepthMax) != 0;
    }

    private static uint FreshTag(IHashSource hashes, ulong entry, int oldStart, int newStart)
    {
        bool known = hashes.TryHashOf(Bucket.AddressOf(entry), out ulong hash);
        Check.That(known); // It was known a moment ago, and nothing was evicted since.
        Check.That((uint)(hash << oldStart >> Bucket.AddressBits) == Bucket.TagOf(entry)); // Else the key would be filed where nobody looks.
        return (uint)(hash << newStart >> Bucket.AddressBits);
    }
}
