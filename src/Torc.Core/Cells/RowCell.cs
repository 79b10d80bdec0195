namespace Torc.Core.Cells;

/// <summary>
/// One cell: a view into a row's bytes. A cell is known by (kind, sub-key), in that order, and is visible only while
/// the base has the same kind: so a cell that outlives a concurrent change of kind stays in the row, which keeps
/// merges associative, without ever showing up as a field of something else.
/// </summary>
public readonly ref struct RowCell(RowKind kind, ReadOnlySpan<byte> subKey, Version version, bool isTombstone, ReadOnlySpan<byte> value)
{
    public RowKind Kind { get; } = kind;

    /// <summary>Empty for a string, the field for a hash, the member for a set…</summary>
    public ReadOnlySpan<byte> SubKey { get; } = subKey;

    public Version Version { get; } = version;

    public bool IsTombstone { get; } = isTombstone;

    /// <summary>Empty for a tombstone.</summary>
    public ReadOnlySpan<byte> Value { get; } = value;

    /// <summary>Order of cells within a row: by kind, then bytewise by sub-key.</summary>
    internal static int ComparePlaces(in RowCell left, in RowCell right)
    {
        int order = ((byte)left.Kind).CompareTo((byte)right.Kind); // the enumeration's own boxes both
        return order != 0 ? order : left.SubKey.SequenceCompareTo(right.SubKey);
    }

    /// <summary>
    /// Order of contents at one place: by version. The rest decides only between two contents with one version, which
    /// the protocol never makes, and is here so that replicas agree even then: a tombstone, then the bytewise greater.
    /// </summary>
    internal static int CompareContents(in RowCell left, in RowCell right)
    {
        int order = left.Version.CompareTo(right.Version);
        if (order == 0)
            order = left.IsTombstone.CompareTo(right.IsTombstone);
        return order != 0 ? order : left.Value.SequenceCompareTo(right.Value);
    }

    /// <summary>What this cell adds to the row's digest: place, version and whether it is a tombstone, never the value.</summary>
    internal ulong Digest()
    {
        ulong hash = StableHash.Hash64(SubKey, (ulong)Kind << 1 | (IsTombstone ? 1UL : 0UL));
        return StableHash.Combine(StableHash.Combine(hash, Version.Stamp), Version.ActorValue);
    }
}
