using System.Buffers;
using System.Runtime.CompilerServices;
using Torc.Base;

namespace Torc.Protocols.Resp;

/// <summary>
/// Growable arrays for bytes that arrive piece by piece. Small arrays come from the shared pool; large ones do not,
/// because the pool would keep every size of a doubling sequence, for ever and for each core.
/// </summary>
internal static class PooledArray<T>
    where T : unmanaged
{
    private const int PooledBytesMax = 1024 * 1024;
    private const int LengthMin = 32;

    /// <summary>
    /// Makes room for <paramref name="needed"/> elements, keeping the first <paramref name="used"/>. Growth is geometric,
    /// so n appended elements cost O(n) copies, and aims at <paramref name="expected"/>, the length that the sender
    /// announced, without ever trusting it: no step more than doubles what has arrived.
    /// </summary>
    internal static void Grow(ref T[] array, int used, int needed, long expected)
    {
        Check.That(needed > array.Length && used <= array.Length);
        long doubled = array.Length * 2L;
        long aimed = Math.Min(doubled, Math.Max(expected, array.Length * 3L / 2));
        long length = Math.Min(Math.Max(Math.Max(aimed, needed), LengthMin), Array.MaxLength);
        T[] larger = IsPooled(length)
            ? ArrayPool<T>.Shared.Rent((int)length)
            : GC.AllocateUninitializedArray<T>((int)length);
        array.AsSpan(0, used).CopyTo(larger);
        Return(ref array);
        array = larger;
    }

    /// <summary>Gives the array up and leaves an empty one. In Debug builds it is overwritten, so that a late reader is seen.</summary>
    internal static void Return(ref T[] array)
    {
        T[] given = array;
        array = [];
        if (given.Length == 0)
            return;
#if DEBUG
        System.Runtime.InteropServices.MemoryMarshal.AsBytes(given.AsSpan()).Fill(0xDD);
#endif
        // A rented array may be longer than asked for, up to the next power of two, which is pooled as well.
        if (IsPooled(given.Length))
            ArrayPool<T>.Shared.Return(given);
    }

    private static bool IsPooled(long length) => length * Unsafe.SizeOf<T>() <= PooledBytesMax;
}
