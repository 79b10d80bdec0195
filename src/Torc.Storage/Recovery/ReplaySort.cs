using System.Runtime.CompilerServices;
using Torc.Storage.Segments;

namespace Torc.Storage.Recovery;

/// <summary>
/// Sorts the entries of one partition by hash, and those of one hash by their place in the log. Hashes are evenly spread, so one distribution by
/// their first bits leaves groups of a few, which insertion sort ends; a group that is not small (somebody chose keys for
/// it, or one key was written very often) is left to the ordinary sort.
/// </summary>
internal sealed class ReplaySort(SegmentTable segments)
{
    private const int DigitBitsMax = 16;
    private const int GroupEntriesLog2 = 2; // aimed at
    private const int SmallGroupMax = 64;

    private readonly int[] _ends = new int[1 << DigitBitsMax];

    /// <summary>Leaves the sorted entries in <paramref name="into"/>, which is as long. Entries come in order of the log.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)] // Recovery is over before a tier above the first is reached.
    public void Sort(ReadOnlySpan<ReplayEntry> entries, Span<ReplayEntry> into)
    {
        int bits = Math.Clamp(int.Log2(entries.Length | 1) - GroupEntriesLog2, 1, DigitBitsMax);
        int shift = 64 - bits;
        Span<int> ends = _ends.AsSpan(0, 1 << bits);
        ends.Clear();
        foreach (ref readonly ReplayEntry entry in entries)
            ends[(int)(entry.Hash >> shift)]++;
        int sum = 0;
        foreach (ref int end in ends)
        {
            int count = end;
            end = sum;
            sum += count;
        }
        foreach (ref readonly ReplayEntry entry in entries)
            into[ends[(int)(entry.Hash >> shift)]++] = entry;
        int start = 0;
        foreach (int end in ends)
        {
            if (end - start > SmallGroupMax)
                into[start..end].Sort(Compare);
            else if (end - start > 1)
                SortSmall(into[start..end]);
            start = end;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SortSmall(Span<ReplayEntry> group)
    {
        for (int index = 1; index < group.Length; index++)
        {
            ReplayEntry entry = group[index];
            int at = index;
            for (; at > 0 && group[at - 1].Hash > entry.Hash; at--)
                group[at] = group[at - 1];
            group[at] = entry;
        }
    }

    private int Compare(ReplayEntry left, ReplayEntry right)
    {
        int order = left.Hash.CompareTo(right.Hash);
        return order != 0 ? order : LogOffset(left.Address).CompareTo(LogOffset(right.Address));
    }

    private long LogOffset(long address)
    {
        Segment segment = segments.At(address, out int offset);
        return segment.Base + offset;
    }
}
