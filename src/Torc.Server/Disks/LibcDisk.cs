using Torc.Storage.Disk;

namespace Torc.Server.Disks;

/// <summary>
/// <see cref="IDisk"/> over one real directory. Every call of the C library is checked: what the storage engine can
/// live with is an outcome, everything else is a <see cref="DiskFailedException"/> that names the file, the call and
/// the error. The directory itself is held open, so a rename of a parent does not move the node's files under it.
/// Thread-safe: the kernel's calls take explicit offsets and names, and nothing else is kept.
/// </summary>
public sealed class LibcDisk : IDisk, IDisposable
{
    private readonly string _path;
    private readonly int _directory;
    private bool _disposed;

    private LibcDisk(string path, int directory)
    {
        _path = path;
        _directory = directory;
    }

    public long FreeBytes
    {
        get
        {
            if (Libc.Space(_directory, out Libc.FileSystemSpace space) != 0)
                throw Failure("statvfs", ".");
            ulong bytes = space.AvailableBlocks * space.FragmentSize;
            return (long)Math.Min(bytes, long.MaxValue);
        }
    }

    /// <summary>Opens the directory, making it (and syncing its parent) when it is missing.</summary>
    public static LibcDisk OpenDirectory(string path)
    {
        string full = Path.GetFullPath(path);
        Make(full);
        return new LibcDisk(full, Descriptor(full));
    }

    public IReadOnlyList<DiskFileInfo> List()
    {
        try
        {
            var files = new List<DiskFileInfo>();
            foreach (FileInfo file in new DirectoryInfo(_path).EnumerateFiles())
                files.Add(new DiskFileInfo(file.Name, file.Length));
            files.Sort(static (a, b) => string.CompareOrdinal(a.Name, b.Name));
            return files;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DiskFailedException($"listing {_path} failed: {error.Message}", error);
        }
    }

    public IDiskFile Open(string name)
    {
        int file = Retry(() => Libc.OpenAt(_directory, Plain(name), Libc.ReadWrite | Libc.CloseOnExecute, 0));
        return file >= 0 ? new LibcFile(Path.Combine(_path, name), file) : throw Failure("open", name);
    }

    public DiskOutcome Create(string name, long length, out IDiskFile? file) => Make(name, length, writesZeros: true, out file);

    public DiskOutcome Allocate(string name, long length, out IDiskFile? file) => Make(name, length, writesZeros: false, out file);

    private DiskOutcome Make(string name, long length, bool writesZeros, out IDiskFile? file)
    {
        file = null;
        const int flags = Libc.ReadWrite | Libc.MakeFile | Libc.MustBeNew | Libc.CloseOnExecute;
        int descriptor = Retry(() => Libc.OpenAt(_directory, Plain(name), flags, Libc.DataFileMode));
        if (descriptor < 0)
            return Libc.IsFull(Libc.LastError) ? DiskOutcome.Full : throw Failure("create", name);
        var made = new LibcFile(Path.Combine(_path, name), descriptor);
        DiskOutcome outcome;
        try
        {
            outcome = made.TakeSpace(length, writesZeros);
        }
        catch (DiskFailedException)
        {
            made.Dispose();
            throw;
        }
        if (outcome == DiskOutcome.Done)
        {
            file = made;
            return DiskOutcome.Done;
        }
        made.Dispose();
        Delete(name);
        return outcome;
    }

    public void Rename(string from, string to)
    {
        if (Retry(() => Libc.RenameAt(_directory, Plain(from), _directory, Plain(to))) != 0)
            throw Failure($"rename to {to}", from);
    }

    public void Delete(string name)
    {
        if (Retry(() => Libc.DeleteAt(_directory, Plain(name), 0)) != 0)
            throw Failure("delete", name);
    }

    /// <summary>A failed sync is never tried again: the kernel may have dropped what it could not write.</summary>
    public void SyncDirectory()
    {
        if (Libc.Sync(_directory) != 0)
            throw Failure("sync of the directory", ".");
    }

    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        _ = Libc.Close(_directory);
    }

    /// <summary>Repeats a call that a signal interrupted. Not for syncs, and not for close.</summary>
    internal static int Retry(Func<int> call)
    {
        int result;
        do
            result = call();
        while (result < 0 && Libc.LastError == Libc.Interrupted);
        return result;
    }

    private static string Plain(string name)
    {
        if (name.Length == 0 || name is "." or ".." || name.Contains('/', StringComparison.Ordinal) || name.Contains('\0', StringComparison.Ordinal))
            throw new ArgumentException($"'{name}' is not a plain file name");
        return name;
    }

    private static void Make(string path)
    {
        if (Directory.Exists(path))
            return;
        string? parent = Path.GetDirectoryName(path);
        if (parent is not null)
            Make(parent);
        try
        {
            Directory.CreateDirectory(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DiskFailedException($"the directory {path} cannot be made: {error.Message}", error);
        }
        if (parent is null)
            return;
        int descriptor = Descriptor(parent);
        int synced = Libc.Sync(descriptor);
        int error2 = synced == 0 ? 0 : Libc.LastError;
        _ = Libc.Close(descriptor);
        if (synced != 0)
            throw new DiskFailedException($"sync of the directory {parent} failed: {Libc.Describe(error2)}");
    }

    private static int Descriptor(string path)
    {
        int descriptor = Retry(() => Libc.Open(path, Libc.ReadOnly | Libc.CloseOnExecute, 0));
        return descriptor >= 0
            ? descriptor
            : throw new DiskFailedException($"the directory {path} cannot be opened: {Libc.Describe(Libc.LastError)}");
    }

    private DiskFailedException Failure(string call, string name)
    {
        int error = Libc.LastError;
        return new DiskFailedException($"{call} of {Path.Combine(_path, name)} failed: {Libc.Describe(error)}");
    }
}
