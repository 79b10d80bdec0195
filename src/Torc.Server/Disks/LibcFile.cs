using Torc.Base;
using Torc.Storage.Disk;

namespace Torc.Server.Disks;

/// <summary>
/// One open file. Writes and reads carry their offset, so any number of threads may use it; the storage engine
/// promises that writes of one region do not race. The length is kept here because asking for it is a system call.
/// </summary>
internal sealed class LibcFile(string path, int descriptor) : IDiskFile
{
    private const int ZerosBytes = 1 << 20;
    private static readonly byte[] Zeros = GC.AllocateArray<byte>(ZerosBytes, pinned: true);
    private long _length = LengthOf(path, descriptor);
    private int _disposed;

    public long Length => Interlocked.Read(ref _length);

    public DiskOutcome Write(long offset, ReadOnlySpan<byte> data)
    {
        Check.That(offset >= 0);
        while (!data.IsEmpty)
        {
            nint written = WriteOnce(offset, data);
            if (written < 0)
            {
                int error = Libc.LastError;
                if (error == Libc.Interrupted)
                    continue;
                return Libc.IsFull(error) ? DiskOutcome.Full : throw Failure("write", error, offset);
            }
            if (written == 0)
                throw new DiskFailedException($"write to {path} at {offset} took no byte of {data.Length}");
            offset += written;
            data = data[(int)written..];
            Grow(offset);
        }
        return DiskOutcome.Done;
    }

    public DiskOutcome Read(long offset, Span<byte> into)
    {
        Check.That(offset >= 0);
        while (!into.IsEmpty)
        {
            nint got = ReadOnce(offset, into);
            if (got < 0)
            {
                int error = Libc.LastError;
                if (error == Libc.Interrupted)
                    continue;
                return Libc.IsUnreadable(error) ? DiskOutcome.ReadFailed : throw Failure("read", error, offset);
            }
            if (got == 0)
                return DiskOutcome.ReadFailed;
            offset += got;
            into = into[(int)got..];
        }
        return DiskOutcome.Done;
    }

    /// <summary>fdatasync, once: a failed sync stops the node, and so does an interrupted one (what it did is unknown).</summary>
    public void Sync()
    {
        if (Libc.SyncData(descriptor) != 0)
            throw Failure("sync", Libc.LastError, null);
    }

    public DiskOutcome SetLength(long length)
    {
        while (Libc.SetLength(descriptor, length) != 0)
        {
            int error = Libc.LastError;
            if (error == Libc.Interrupted)
                continue;
            return Libc.IsFull(error) ? DiskOutcome.Full : throw Failure($"change of length to {length}", error, null);
        }
        Interlocked.Exchange(ref _length, length);
        return DiskOutcome.Done;
    }

    public void Dispose()
    {
        // Data was synced before by whoever needs it; the result of close says nothing that could still be acted on.
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
            _ = Libc.Close(descriptor);
    }

    /// <summary>
    /// Takes the space (fallocate, which finds a full disk at once and keeps the file in few pieces), then writes
    /// zeros over it: a sync of overwritten bytes needs no change of the file system's own records, which makes it
    /// several times faster than one of fresh space. Without <paramref name="writesZeros"/> only where space cannot be taken otherwise.
    /// </summary>
    internal DiskOutcome TakeSpace(long length, bool writesZeros)
    {
        if (length == 0)
            return DiskOutcome.Done;
        while (Libc.Allocate(descriptor, 0, 0, length) != 0)
        {
            int error = Libc.LastError;
            if (error == Libc.Interrupted)
                continue;
            if (Libc.IsFull(error))
                return DiskOutcome.Full;
            if (error is Libc.NotSupported or Libc.InvalidArgument or Libc.NotImplemented)
            {
                writesZeros = true;
                break;
            }
            throw Failure("allocation", error, null);
        }
        if (!writesZeros)
        {
            Grow(length);
            return DiskOutcome.Done;
        }
        for (long offset = 0; offset < length; offset += ZerosBytes)
        {
            int count = (int)Math.Min(ZerosBytes, length - offset);
            if (Write(offset, Zeros.AsSpan(0, count)) == DiskOutcome.Full)
                return DiskOutcome.Full;
        }
        return DiskOutcome.Done;
    }

    private static long LengthOf(string path, int descriptor)
    {
        long length = Libc.Seek(descriptor, 0, Libc.SeekEnd);
        return length >= 0
            ? length
            : throw new DiskFailedException($"the length of {path} cannot be read: {Libc.Describe(Libc.LastError)}");
    }

    private unsafe nint WriteOnce(long offset, ReadOnlySpan<byte> data)
    {
        fixed (byte* bytes = data)
            return Libc.WriteAt(descriptor, bytes, data.Length, offset);
    }

    private unsafe nint ReadOnce(long offset, Span<byte> into)
    {
        fixed (byte* bytes = into)
            return Libc.ReadAt(descriptor, bytes, into.Length, offset);
    }

    private void Grow(long end)
    {
        long seen = Interlocked.Read(ref _length);
        while (end > seen)
        {
            long found = Interlocked.CompareExchange(ref _length, end, seen);
            if (found == seen)
                return;
            seen = found;
        }
    }

    private DiskFailedException Failure(string call, int error, long? offset) =>
        new($"{call} of {path}{(offset is null ? "" : $" at offset {offset}")} failed: {Libc.Describe(error)}");
}
