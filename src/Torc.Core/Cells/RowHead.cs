namespace Torc.Core.Cells;

/// <summary>
/// Everything of a row but its cells: the greatest version anywhere in it, its base and its expiry.
/// </summary>
/// <param name="Max">Greatest version of any component. Versions equal to it are left out of the bytes.</param>
/// <param name="Base">The base's version; <see cref="Version.None"/> when the row is a delta without a base.</param>
/// <param name="Kind">The base's kind; <see cref="RowKind.None"/> with a base is a delete.</param>
/// <param name="Expiry">The expiry's version; None when the row has no expiry.</param>
/// <param name="DeadlineMs">Unix milliseconds; 0 takes an older deadline away (PERSIST).</param>
public readonly record struct RowHead(Version Max, Version Base, RowKind Kind, Version Expiry, long DeadlineMs)
{
    /// <summary>
    /// The one rule of what a base drops: a delete covers its own version too, a base with a kind only lower ones.
    /// </summary>
    public bool Covers(Version version) => Kind == RowKind.None ? version <= Base : version < Base;

    /// <summary>Order of bases: by version; at the same version a delete is the greatest, else the greater kind.</summary>
    internal static int CompareBases(in RowHead left, in RowHead right)
    {
        int order = left.Base.CompareTo(right.Base);
        if (order != 0 || left.Kind == right.Kind)
            return order;
        if (left.Kind == RowKind.None)
            return 1;
        return right.Kind == RowKind.None ? -1 : left.Kind.CompareTo(right.Kind);
    }

    /// <summary>Order of expiries: by version; at the same version the later deadline, so that merging stays a join.</summary>
    internal static int CompareExpiries(in RowHead left, in RowHead right)
    {
        int order = left.Expiry.CompareTo(right.Expiry);
        return order != 0 ? order : left.DeadlineMs.CompareTo(right.DeadlineMs);
    }
}
