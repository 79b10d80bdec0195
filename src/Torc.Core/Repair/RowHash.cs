using System.Numerics;
using Torc.Core.Cells;

namespace Torc.Core.Repair;

/// <summary>
/// What one row adds to a Merkle tree: equal on two replicas when their rows of the key hold the same versions, whatever the values.
/// A row that is not there, or that a floor covers, adds nothing.
/// </summary>
public static class RowHash
{
    /// <param name="keyHash">The key's 64-bit hash: the same version under two keys must not cancel out.</param>
    /// <param name="row">The row, joined with its floor.</param>
    /// <param name="floor">Everything of this version or older is deleted.</param>
    public static ulong Of(ulong keyHash, in RowView row, Version floor)
    {
        if (row.MaxVersion <= floor)
            return 0;
        // All that a plain string has is its greatest version: a quarter of the time of a digest, on the way of every SET.
        return row.IsPlainString
            ? StableHash.Combine(keyHash ^ BitOperations.RotateLeft(row.MaxVersion.ActorValue, 32), row.MaxVersion.Stamp)
            : StableHash.Combine(StableHash.Combine(~keyHash, row.MaxVersion.Stamp), row.Digest);
    }
}
