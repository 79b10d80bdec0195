namespace Torc.Core.Repair;

/// <summary>Half-open ranges of the 64-bit hash space, [from, end); end 0 means up to and including the greatest hash.</summary>
public static class HashRange
{
    public static bool Contains(ulong from, ulong end, ulong hash) => hash >= from && (end == 0 || hash < end);

    /// <summary>The nearer of two ends.</summary>
    public static ulong NearerEnd(ulong left, ulong right) => left == 0 ? right : right == 0 ? left : Math.Min(left, right);

    /// <summary>A range that starts at <paramref name="from"/> and makes progress.</summary>
    public static bool IsProper(ulong from, ulong end) => end == 0 || end > from;
}
