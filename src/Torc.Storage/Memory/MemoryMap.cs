using System.Runtime.InteropServices;
using Torc.Base;

namespace Torc.Storage.Memory;

/// <summary>
/// Anonymous memory straight from the operating system, aligned as asked. On Linux by mmap, with madvise so that it is
/// backed by huge pages and can be populated ahead of use; elsewhere by the C allocator, where both are left to luck.
/// Zero-filled everywhere.
/// </summary>
internal static unsafe partial class MemoryMap
{
    private const int ProtectRead = 1, ProtectWrite = 2;
    private const int MapPrivate = 2, MapAnonymous = 0x20;
    private const int AdviseDontNeed = 4, AdviseHugePage = 14, AdvisePopulateWrite = 23;
    private const nint MapFailed = -1;

    /// <summary>The memory, or null when the system has none left.</summary>
    public static byte* Map(long bytes, long alignmentBytes)
    {
        Check.That(bytes > 0 && long.IsPow2(alignmentBytes));
        if (!OperatingSystem.IsLinux())
            return MapElsewhere(bytes, alignmentBytes);

        // Map more than asked, then give back what lies before and after the aligned part.
        nint wideBytes = checked((nint)(bytes + alignmentBytes));
        nint start = MapPages(0, wideBytes, ProtectRead | ProtectWrite, MapPrivate | MapAnonymous, -1, 0);
        if (start == MapFailed)
            return null;
        nint aligned = (start + (nint)alignmentBytes - 1) & ~((nint)alignmentBytes - 1);
        nint end = aligned + (nint)((bytes + Environment.SystemPageSize - 1) & ~((long)Environment.SystemPageSize - 1));
        if (aligned > start)
            _ = UnmapPages(start, aligned - start);
        if (end < start + wideBytes)
            _ = UnmapPages(end, start + wideBytes - end);
        _ = Advise(aligned, (nint)bytes, AdviseHugePage); // A hint: a kernel without huge pages refuses, and that is fine.
        return (byte*)aligned;
    }

    public static void Unmap(byte* start, long bytes)
    {
        if (OperatingSystem.IsLinux())
            Check.That(UnmapPages((nint)start, (nint)bytes) == 0);
        else
            NativeMemory.AlignedFree(start);
    }

    /// <summary>Backs a page-aligned range with real pages now, so that nobody waits for a page fault later. Keeps its bytes.</summary>
    public static void Populate(byte* start, long bytes)
    {
        if (OperatingSystem.IsLinux() && Advise((nint)start, (nint)bytes, AdvisePopulateWrite) == 0)
            return;
        for (long offset = 0; offset < bytes; offset += Environment.SystemPageSize)
            Volatile.Write(ref start[offset], Volatile.Read(ref start[offset]));
    }

    /// <summary>Gives the pages of a page-aligned range back; it stays mapped and reads as zero from now on.</summary>
    public static void Discard(byte* start, long bytes)
    {
        if (OperatingSystem.IsLinux())
            Check.That(Advise((nint)start, (nint)bytes, AdviseDontNeed) == 0);
        else
            NativeMemory.Clear(start, (nuint)bytes);
    }

    private static byte* MapElsewhere(long bytes, long alignmentBytes)
    {
        try
        {
            var start = (byte*)NativeMemory.AlignedAlloc((nuint)bytes, (nuint)alignmentBytes);
            NativeMemory.Clear(start, (nuint)bytes);
            return start;
        }
        catch (OutOfMemoryException)
        {
            return null;
        }
    }

    [LibraryImport("libc", EntryPoint = "mmap")]
    private static partial nint MapPages(nint address, nint length, int protection, int flags, int file, nint offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int UnmapPages(nint address, nint length);

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(nint address, nint length, int advice);
}
