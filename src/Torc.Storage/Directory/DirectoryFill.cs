using System.Runtime.CompilerServices;
using Torc.Base;

namespace Torc.Storage.Directory;

/// <summary>
/// Builds a whole directory from entries in ascending order of hash: each region is made once, in its final size, with fresh tags, and
/// each branch once, in its final width. The result is one that inserts could have led to. Inserting sorted entries one by one
/// would split each region many times over and leave narrow, deep branches.
/// </summary>
internal unsafe struct DirectoryFill(DirectoryLines lines)
{
    /// <summary>A region of more entries would be due to split.</summary>
    private static readonly int RegionEntriesMax = RegionSizes.GrowAt(Region.BucketsMax) - 1;

    /// <summary>The link to what holds the entries, all of which share their first <paramref name="depth"/> bits.</summary>
    public readonly Link Build(ReadOnlySpan<DirectoryEntry> sorted, int depth)
    {
        if (IsOneRegion(sorted))
            return BuildRegion(sorted, depth);
        int fanoutBits = FanoutBitsOf(sorted, depth);
        var branch = Link.Branch(lines.RentCleared(KeyDirectory.LinesOf(fanoutBits)), fanoutBits, depth);
        FillLinks(sorted, depth, new Span<ulong>(lines.Pointer(branch.Line), 1 << fanoutBits));
        return branch;
    }

    private static bool IsOneRegion(ReadOnlySpan<DirectoryEntry> sorted) => sorted.Length <= RegionEntriesMax || !CanBeParted(sorted);

    /// <summary>Whether splits could part the entries; if not, they share a region with overflow buckets.</summary>
    private static bool CanBeParted(ReadOnlySpan<DirectoryEntry> sorted) => (sorted[0].Hash ^ sorted[^1].Hash) >> (64 - RegionReshape.DepthMax) != 0;

    // Recursion is bounded by the fanout bits of one branch, and by DepthMax over all.
    private readonly void FillLinks(ReadOnlySpan<DirectoryEntry> sorted, int depth, Span<ulong> links)
    {
        if (IsOneRegion(sorted))
        {
            links.Fill(BuildRegion(sorted, depth).Word);
        }
        else if (links.Length == 1)
        {
            links[0] = Build(sorted, depth).Word;
        }
        else
        {
            int middle = Middle(sorted, depth);
            FillLinks(sorted[..middle], depth + 1, links[..(links.Length / 2)]);
            FillLinks(sorted[middle..], depth + 1, links[(links.Length / 2)..]);
        }
    }

    /// <summary>As many bits as the most crowded part needs, while enough of the links lead somewhere of their own.</summary>
    private static int FanoutBitsOf(ReadOnlySpan<DirectoryEntry> sorted, int depth)
    {
        int bits = KeyDirectory.FanoutBitsMin;
        while (bits < KeyDirectory.FanoutBitsMax && bits + 1 + depth <= RegionReshape.DepthMax
            && CountRegions(sorted, depth, bits, out bool needsMore) * KeyDirectory.SparseLinksMax >= 2 << bits && needsMore)
            bits++;
        return bits;
    }

    /// <summary>The regions that a branch of so many bits would lead to, and whether one of them is too large.</summary>
    private static int CountRegions(ReadOnlySpan<DirectoryEntry> sorted, int depth, int bits, out bool needsMore)
    {
        needsMore = !IsOneRegion(sorted);
        if (!needsMore || bits == 0)
            return 1;
        int middle = Middle(sorted, depth);
        int low = CountRegions(sorted[..middle], depth + 1, bits - 1, out bool lowNeedsMore);
        int high = CountRegions(sorted[middle..], depth + 1, bits - 1, out bool highNeedsMore);
        needsMore = lowNeedsMore || highNeedsMore;
        return low + high;
    }

    /// <summary>The first entry whose hash has the bit after the first <paramref name="depth"/> set.</summary>
    private static int Middle(ReadOnlySpan<DirectoryEntry> sorted, int depth)
    {
        ulong bit = 1UL << (63 - depth);
        int low = 0, high = sorted.Length;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if ((sorted[middle].Hash & bit) != 0)
                high = middle;
            else
                low = middle + 1;
        }
        return low;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // Recovery is over before a tier above the first is reached.
    private readonly Link BuildRegion(ReadOnlySpan<DirectoryEntry> sorted, int depth)
    {
        Region region = Region.Rent(lines, sorted.Length, depth, Math.Max(0, depth - RegionReshape.TagStartMax));
        foreach (DirectoryEntry entry in sorted)
        {
            Check.Deep((ulong)entry.Address < (ulong)KeyDirectory.AddressesMax);
            region.Add(region.TagOf(entry.Hash), entry.Address);
        }
        return region.Link;
    }
}
