using System.Runtime.CompilerServices;
using Torc.Storage.Partitions;
using Torc.Storage.Records;
using Torc.Storage.Segments;

namespace Torc.Storage.Log;

/// <summary>Where a record lies. <see cref="Record"/> is empty for one that cannot be read, and <see cref="Header"/> then a guess.</summary>
internal ref struct Located
{
    public long Address;
    public Segment? Segment;
    public int Offset;
    public ReadOnlySpan<byte> Record;
    public RecordHeader Header;
}

/// <summary>From a key to its record, in memory or in a finished cold read.</summary>
internal sealed class RecordLookup(SegmentTable segments, Suspects suspects)
{
    /// <summary>
    /// Nearly every record that is there and in memory is found here: by the first tag that matches. False: there is none for sure when
    /// <paramref name="isAbsent"/>, and nothing is said otherwise.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryGuess(
        PartitionState partition, scoped in RecordKey key, out long address, out Segment segment, out int offset, out ReadOnlySpan<byte> record, out bool isAbsent)
    {
        if (partition.Directory.TryGuess(key.Hash, out address, out isAbsent))
        {
            segment = segments.At(address, out offset);
            if (segment.IsResident)
            {
                ReadOnlySpan<byte> rest = segment.Bytes(offset, segment.End - offset);
                int keyLength = RecordCodec.KeyLength(rest);
                record = rest[..(int)RecordCodec.SizeOf(keyLength, RecordCodec.RowLength(rest))];
                return keyLength == key.Key.Length && record.Slice(RecordCodec.HeaderBytes, keyLength).SequenceEqual(key.Key);
            }
        }
        segment = null!;
        offset = 0;
        record = default;
        return false;
    }

    /// <summary>
    /// Compares the key with every record whose tag matches. Damaged: one of them cannot be read and none of the others is the
    /// key's; <paramref name="located"/> then names it if the damage left the key readable, and has no segment otherwise.
    /// Cold: <paramref name="missing"/> names a record to read.
    /// </summary>
    public FindOutcome Find(PartitionState partition, scoped in RecordKey key, ColdRead? finished, out Located located, out long missing)
    {
        located = default;
        missing = -1;
        bool sawDamage = false;
        foreach (long address in partition.Directory.Candidates(key.Hash))
        {
            Segment segment = segments.At(address, out int offset);
            if (!suspects.IsEmpty && suspects.IsPassedOver(address, segment, key.Key))
                continue;
            if (segment.IsResident)
            {
                if (!HoldsKey(segment, offset, key.Key))
                    continue;
                located.Record = SegmentTable.RecordAt(segment, offset, out located.Header);
                Locate(ref located, address, segment, offset);
                return FindOutcome.Found;
            }
            if (finished?.Get(address, segment) is not { } cold)
            {
                missing = address;
                continue;
            }
            bool holdsKey = cold.HoldsKey(key.Key);
            if (cold.State == ColdState.Damaged)
            {
                sawDamage = true;
                if (!holdsKey)
                    continue;
                located.Header = cold.Header;
                Locate(ref located, address, segment, offset);
                continue;
            }
            if (!holdsKey)
                continue;
            located.Record = cold.Record;
            located.Header = cold.Header;
            Locate(ref located, address, segment, offset);
            return FindOutcome.Found;
        }
        if (missing >= 0)
            return FindOutcome.Cold;
        return sawDamage ? FindOutcome.Damaged : FindOutcome.NotFound;
    }

    private static void Locate(ref Located located, long address, Segment segment, int offset)
    {
        located.Address = address;
        located.Segment = segment;
        located.Offset = offset;
    }

    private static bool HoldsKey(Segment segment, int offset, ReadOnlySpan<byte> key)
    {
        ReadOnlySpan<byte> record = segment.Bytes(offset, segment.End - offset);
        return RecordCodec.KeyLength(record) == key.Length && record.Slice(RecordCodec.HeaderBytes, key.Length).SequenceEqual(key);
    }
}
