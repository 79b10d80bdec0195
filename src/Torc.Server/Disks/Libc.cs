using System.Runtime.InteropServices;

namespace Torc.Server.Disks;

/// <summary>
/// The calls of the C library that the disk needs, on 64-bit Linux. .NET's own file types are not used for data:
/// <c>RandomAccess.FlushToDisk</c> and <c>FileStream.Flush(true)</c> swallow the error of a failed fsync.
/// Numbers are those of x86-64 and arm64 Linux, which agree for everything named here.
/// </summary>
internal static partial class Libc
{
    internal const int ReadOnly = 0;
    internal const int ReadWrite = 2;
    internal const int MakeFile = 0x40;
    internal const int MustBeNew = 0x80;
    internal const int CloseOnExecute = 0x80000;

    internal const int Interrupted = 4;
    internal const int InputOutputError = 5;
    internal const int WouldBlock = 11;
    internal const int FileExists = 17;
    internal const int InvalidArgument = 22;
    internal const int NoSpaceLeft = 28;
    internal const int NotImplemented = 38;
    internal const int NoData = 61;
    internal const int BadMessage = 74;
    internal const int NotSupported = 95;
    internal const int StructureNeedsCleaning = 117;
    internal const int RemoteInputOutputError = 121;
    internal const int QuotaExceeded = 122;

    internal const int SeekEnd = 2;
    internal const int LockExclusive = 2;
    internal const int LockWithoutWaiting = 4;

    /// <summary>Read and write for the owner, read for the group: what a data file is made with.</summary>
    internal const uint DataFileMode = 0b110_100_000;

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int Open(string path, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int OpenAt(int directory, string name, int flags, uint mode);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    internal static partial int Close(int file);

    [LibraryImport("libc", EntryPoint = "pwrite", SetLastError = true)]
    internal static unsafe partial nint WriteAt(int file, byte* bytes, nint count, long offset);

    [LibraryImport("libc", EntryPoint = "pread", SetLastError = true)]
    internal static unsafe partial nint ReadAt(int file, byte* bytes, nint count, long offset);

    [LibraryImport("libc", EntryPoint = "fdatasync", SetLastError = true)]
    internal static partial int SyncData(int file);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    internal static partial int Sync(int file);

    [LibraryImport("libc", EntryPoint = "fallocate", SetLastError = true)]
    internal static partial int Allocate(int file, int mode, long offset, long length);

    [LibraryImport("libc", EntryPoint = "ftruncate", SetLastError = true)]
    internal static partial int SetLength(int file, long length);

    [LibraryImport("libc", EntryPoint = "lseek", SetLastError = true)]
    internal static partial long Seek(int file, long offset, int origin);

    [LibraryImport("libc", EntryPoint = "renameat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int RenameAt(int fromDirectory, string from, int toDirectory, string to);

    [LibraryImport("libc", EntryPoint = "unlinkat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    internal static partial int DeleteAt(int directory, string name, int flags);

    [LibraryImport("libc", EntryPoint = "flock", SetLastError = true)]
    internal static partial int Lock(int file, int operation);

    [LibraryImport("libc", EntryPoint = "fstatvfs", SetLastError = true)]
    internal static partial int Space(int file, out FileSystemSpace space);

    /// <summary>The error number of the last call that failed on this thread.</summary>
    internal static int LastError => Marshal.GetLastPInvokeError();

    /// <summary>An error number as words and number, e.g. <c>No space left on device (errno 28)</c>.</summary>
    internal static string Describe(int error) => $"{Marshal.GetPInvokeErrorMessage(error)} (errno {error})";

    /// <summary>True for the errors that mean "this device has no room", not "this device is broken".</summary>
    internal static bool IsFull(int error) => error is NoSpaceLeft or QuotaExceeded;

    /// <summary>True for the errors that mean "these bytes cannot be had": bad sector, failed checksum, damaged file system.</summary>
    internal static bool IsUnreadable(int error) =>
        error is InputOutputError or NoData or BadMessage or StructureNeedsCleaning or RemoteInputOutputError;

    /// <summary>struct statvfs of 64-bit Linux (glibc and musl).</summary>
    [StructLayout(LayoutKind.Sequential, Size = 112)]
    internal struct FileSystemSpace
    {
        internal ulong BlockSize;
        internal ulong FragmentSize;
        internal ulong Blocks;
        internal ulong FreeBlocks;
        internal ulong AvailableBlocks;
    }
}
