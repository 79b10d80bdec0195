using System.Globalization;
using System.Text;
using Torc.Storage.Disk;

namespace Torc.Server.Disks;

/// <summary>
/// Keeps a data directory to one process: an exclusive flock on its file <c>LOCK</c>, which the kernel drops with the
/// process however it ends, so a lock is never left behind. The file holds the owner's process id, for the message only.
/// </summary>
public sealed class DirectoryLock : IDisposable
{
    public const string FileName = "LOCK";
    private const int ProcessIdBytesMax = 32;
    private readonly LibcFile _file;

    private DirectoryLock(LibcFile file) => _file = file;

    /// <summary>Takes the lock, or returns null and the process id of the holder (0 when it cannot be read).</summary>
    public static DirectoryLock? TryTake(string directory, out int holder)
    {
        holder = 0;
        string path = Path.Combine(Path.GetFullPath(directory), FileName);
        const int flags = Libc.ReadWrite | Libc.MakeFile | Libc.CloseOnExecute;
        int descriptor = LibcDisk.Retry(() => Libc.Open(path, flags, Libc.DataFileMode));
        if (descriptor < 0)
            throw new DiskFailedException($"{path} cannot be opened: {Libc.Describe(Libc.LastError)}");
        var file = new LibcFile(path, descriptor);
        if (LibcDisk.Retry(() => Libc.Lock(descriptor, Libc.LockExclusive | Libc.LockWithoutWaiting)) == 0)
        {
            WriteProcessId(file);
            return new DirectoryLock(file);
        }
        int error = Libc.LastError;
        if (error == Libc.WouldBlock)
            holder = ReadProcessId(file);
        file.Dispose();
        return error == Libc.WouldBlock ? null : throw new DiskFailedException($"lock of {path} failed: {Libc.Describe(error)}");
    }

    public void Dispose() => _file.Dispose();

    private static void WriteProcessId(LibcFile file)
    {
        // A full disk does not keep a node from starting: the number only serves the other process's message.
        if (file.SetLength(0) == DiskOutcome.Done)
            _ = file.Write(0, Encoding.ASCII.GetBytes($"{Environment.ProcessId}\n"));
    }

    private static int ReadProcessId(LibcFile file)
    {
        int length = (int)Math.Min(file.Length, ProcessIdBytesMax);
        Span<byte> bytes = stackalloc byte[ProcessIdBytesMax];
        if (file.Read(0, bytes[..length]) != DiskOutcome.Done)
            return 0;
        string text = Encoding.ASCII.GetString(bytes[..length]).Trim();
        return int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int processId) ? processId : 0;
    }
}
