using System.Numerics;

namespace Torc.Storage.Log;

/// <summary>
/// Brings a record that was read from disk back into memory, by copying it to the tail of the log as compaction does: when it is read
/// from disk for the second time within a while. Why not at the first: most records that are read once are not read again
/// soon, and each copy pushes something else out, and is written. Why not a cache beside the log: it would need its own memory,
/// its own eviction, and a second place to look a key up in.
/// </summary>
internal sealed class ColdPromotion(StorageOptions options, RecordMover mover, LogTail log)
{
    /// <summary>One read is remembered for so many bytes of the budget, in four bytes: as long as an ordinary record would stay in memory.</summary>
    private const int BudgetBytesPerRead = 256;

    private const int RememberedMin = 1 << 12, RememberedMax = 1 << 24;

    /// <summary>A record above this part of a segment stays where it is.</summary>
    private const int LargeOneIn = 256;

    private uint[]? _seen; // made at the first read from disk: most stores have none. A later hash takes the place of an earlier one.

    public long PromotedTotal { get; private set; }

    /// <summary>Takes a record that a finished cold read found. True: it has moved to <paramref name="located"/>, whose bytes stay where they were read to.</summary>
    public bool TryPromote(in RecordKey key, ref Located located)
    {
        if (!IsSecond(key.Hash) || located.Record.Length > options.SegmentBytes / LargeOneIn || !log.HasEase)
            return false;
        if (mover.Move(located.Segment!, located.Offset, located.Record, located.Header, key.Hash, AppendUse.Put, out long to) != MoveOutcome.Moved)
            return false;
        located.Address = to;
        located.Segment = log.Active;
        PromotedTotal++;
        return true;
    }

    private bool IsSecond(ulong hash)
    {
        _seen ??= new uint[BitOperations.RoundUpToPowerOf2((uint)Math.Clamp(options.ResidentBytesMax / BudgetBytesPerRead, RememberedMin, RememberedMax))];
        ref uint seen = ref _seen[hash & ((uint)_seen.Length - 1)];
        uint mark = (uint)(hash >> 32) | 1; // never that of an empty place
        if (seen == mark)
            return true;
        seen = mark;
        return false;
    }
}
