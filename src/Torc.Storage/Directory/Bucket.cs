using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Torc.Storage.Directory;

/// <summary>
/// One cache line of a <see cref="KeyDirectory"/>: seven entries and a control word, as eight 64-bit words.
/// <code>
///  entry    bits 40..63  tag: 24 bits of the hash, from the region's tag start on
///           bits  0..39  address
///  control  bits  0..6   which entries are taken
///           bits  8..15  spills: entries that passed over this bucket, being full, to a later one of the region
///           bits 32..63  line of an overflow bucket, 0 for none
/// </code>
/// The spill count lets a lookup stop at the first bucket that nothing passed, and lets a removal leave no tombstone
/// (the idea is F14's: Bronson and Shi, "Open-sourcing F14", 2019).
/// </summary>
internal static unsafe class Bucket
{
    public const int Entries = 7;
    public const int Words = Entries + 1;
    public const int AddressBits = 40;
    public const int TagBits = 24;
    public const ulong AddressMask = (1UL << AddressBits) - 1;

    private const uint AllTaken = (1 << Entries) - 1;
    private const ulong OneSpill = 1UL << 8;

    public static ulong EntryOf(uint tag, long address) => (ulong)tag << AddressBits | (ulong)address;

    public static uint TagOf(ulong entry) => (uint)(entry >> AddressBits);

    public static long AddressOf(ulong entry) => (long)(entry & AddressMask);

    public static uint Taken(ulong* bucket) => (uint)bucket[Entries] & AllTaken;

    public static bool IsFull(ulong* bucket) => Taken(bucket) == AllTaken;

    public static bool WasPassed(ulong* bucket) => (byte)(bucket[Entries] >> 8) != 0;

    public static uint Overflow(ulong* bucket) => (uint)(bucket[Entries] >> 32);

    public static void SetOverflow(ulong* bucket, uint line) => bucket[Entries] = (uint)bucket[Entries] | (ulong)line << 32;

    public static void AddSpill(ulong* bucket) => bucket[Entries] += OneSpill;

    public static void RemoveSpill(ulong* bucket) => bucket[Entries] -= OneSpill;

    /// <summary>Puts an entry into a bucket that is not full.</summary>
    public static void Add(ulong* bucket, ulong entry)
    {
        int index = System.Numerics.BitOperations.TrailingZeroCount(~Taken(bucket));
        bucket[index] = entry;
        bucket[Entries] |= 1UL << index;
    }

    public static void RemoveAt(ulong* bucket, int index) => bucket[Entries] &= ~(1UL << index);

    /// <summary>A bit for each taken entry with this tag.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint MatchTag(ulong* bucket, uint tag)
    {
        Vector256<ulong> wanted = Vector256.Create((ulong)tag);
        uint low = Vector256.Equals(Vector256.ShiftRightLogical(Vector256.Load(bucket), AddressBits), wanted).ExtractMostSignificantBits();
        uint high = Vector256.Equals(Vector256.ShiftRightLogical(Vector256.Load(bucket + 4), AddressBits), wanted).ExtractMostSignificantBits();
        return (low | high << 4) & Taken(bucket);
    }

    /// <summary>A bit for each taken entry that is exactly this one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static uint MatchEntry(ulong* bucket, ulong entry)
    {
        Vector256<ulong> wanted = Vector256.Create(entry);
        uint low = Vector256.Equals(Vector256.Load(bucket), wanted).ExtractMostSignificantBits();
        uint high = Vector256.Equals(Vector256.Load(bucket + 4), wanted).ExtractMostSignificantBits();
        return (low | high << 4) & Taken(bucket);
    }
}
