namespace Torc.Storage.Disk;

/// <summary>What a disk says to a request that may fail in the ordinary course of things.</summary>
public enum DiskOutcome
{
    Done,

    /// <summary>No space (or quota) left; nothing that was durable before is harmed.</summary>
    Full,

    /// <summary>The bytes could not be read (EIO, or beyond the end of the file).</summary>
    ReadFailed,
}

/// <summary>
/// A failed sync or write that is not "disk full": what the disk holds is unknown, so the node stops.
/// A sync is never tried again after it failed (the kernel drops dirty pages it could not write).
/// </summary>
public sealed class DiskFailedException : Exception
{
    public DiskFailedException(string message)
        : base(message)
    {
    }

    public DiskFailedException(string message, Exception inner)
        : base(message, inner)
    {
    }
}

/// <summary>A file of a directory: its name (no path) and its length in bytes.</summary>
public readonly record struct DiskFileInfo(string Name, long Length);

/// <summary>
/// One directory of files, as the storage engine needs it. Torc.Server implements it over libc, the simulator over
/// memory with faults. Names are plain file names. Calls block; the engine makes them outside the shard's lock
/// (recovery excepted). Writes are unsynced until <see cref="IDiskFile.Sync"/>; creations, renames and deletions
/// until <see cref="SyncDirectory"/>. Every member but the documented outcomes throws <see cref="DiskFailedException"/>.
/// </summary>
public interface IDisk
{
    /// <summary>The files of the directory, ordered by name (ordinal).</summary>
    IReadOnlyList<DiskFileInfo> List();

    /// <summary>Opens an existing file for reading and writing.</summary>
    IDiskFile Open(string name);

    /// <summary>Makes a file of <paramref name="length"/> bytes, all written with zeros (space is really taken), replacing none.</summary>
    DiskOutcome Create(string name, long length, out IDiskFile? file);

    /// <summary>
    /// The same for a file that is synced seldom: it takes its space and reads as zeros, which need not have been written. Making it
    /// costs much less, the syncs of its first use cost more.
    /// </summary>
    DiskOutcome Allocate(string name, long length, out IDiskFile? file) => Create(name, length, out file);

    void Rename(string from, string to);

    void Delete(string name);

    /// <summary>Makes creations, renames and deletions so far durable.</summary>
    void SyncDirectory();

    /// <summary>Bytes that can still be written before <see cref="DiskOutcome.Full"/>.</summary>
    long FreeBytes { get; }
}

/// <summary>An open file of an <see cref="IDisk"/>.</summary>
public interface IDiskFile : IDisposable
{
    long Length { get; }

    /// <summary>Writes at an offset, growing the file when needed. Full: a part may have been written.</summary>
    DiskOutcome Write(long offset, ReadOnlySpan<byte> data);

    /// <summary>Fills the whole span or says <see cref="DiskOutcome.ReadFailed"/>.</summary>
    DiskOutcome Read(long offset, Span<byte> into);

    /// <summary>Makes all writes to this file durable.</summary>
    void Sync();

    /// <summary>Shortens or lengthens (with zeros) the file.</summary>
    DiskOutcome SetLength(long length);
}
