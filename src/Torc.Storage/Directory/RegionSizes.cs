namespace Torc.Storage.Directory;

/// <summary>How many buckets a region has for how many entries.</summary>
internal static class RegionSizes
{
    /// <summary>Entries from which a region of so many buckets should grow: seven eighths, but small ones fill up.</summary>
    public static int GrowAt(int buckets) => buckets <= 2 ? buckets * Bucket.Entries : buckets * Bucket.Entries * 7 / 8;

    /// <summary>Entries below which a region should shrink: three eighths.</summary>
    public static int ShrinkBelow(int buckets) => Math.Max(buckets * Bucket.Entries * 3 / 8, 1);

    /// <summary>The fewest buckets that hold so many entries without being due to grow; the most there are, when none do; 0 for none.</summary>
    public static int For(int entries)
    {
        if (entries == 0)
            return 0;
        int buckets = 1;
        while (buckets < Region.BucketsMax && GrowAt(buckets) <= entries)
            buckets++;
        return buckets;
    }
}
