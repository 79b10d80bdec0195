using Torc.Storage.Disk;

namespace Torc.Tests.Server.Hosting;

/// <summary>
/// A disk whose syncs fail, whose writes find no space, or whose writes wait, once told to. It remembers what was written to its files.
/// </summary>
internal sealed class FailingDisk(IDisk disk) : IDisk
{
    private readonly Lock _gate = new();
    private readonly MemoryStream _written = new();
    private readonly ManualResetEventSlim _mayWrite = new(true);
    private volatile TaskCompletionSource _writeWaits = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _failing, _isFull;

    public long FreeBytes => disk.FreeBytes;

    public void FailSyncs() => _failing = true;

    /// <summary>Writes find no space from now on; what is made finds some.</summary>
    public void FillUp() => _isFull = true;

    public void MakeSpace() => _isFull = false;

    /// <summary>Writes wait from now on; the task ends when the first does.</summary>
    public Task HoldWrites()
    {
        _mayWrite.Reset();
        return _writeWaits.Task;
    }

    public void LetWritesGo() => _mayWrite.Set();

    /// <summary>Whether a write with these bytes in it has come to its end.</summary>
    public bool HasWritten(ReadOnlySpan<byte> bytes)
    {
        lock (_gate)
            return _written.GetBuffer().AsSpan(0, (int)_written.Length).IndexOf(bytes) >= 0;
    }

    public IReadOnlyList<DiskFileInfo> List() => disk.List();

    public IDiskFile Open(string name) => new FailingFile(this, disk.Open(name));

    public DiskOutcome Create(string name, long length, out IDiskFile? file)
    {
        DiskOutcome outcome = disk.Create(name, length, out IDiskFile? made);
        file = made is null ? null : new FailingFile(this, made);
        return outcome;
    }

    public void Rename(string from, string to) => disk.Rename(from, to);

    public void Delete(string name) => disk.Delete(name);

    public void SyncDirectory() => disk.SyncDirectory();

    private DiskOutcome Write(IDiskFile file, long offset, ReadOnlySpan<byte> data)
    {
        if (_isFull)
            return DiskOutcome.Full;
        if (!_mayWrite.IsSet)
            _writeWaits.TrySetResult();
        _mayWrite.Wait();
        DiskOutcome outcome = file.Write(offset, data);
        lock (_gate)
            _written.Write(data);
        return outcome;
    }

    private sealed class FailingFile(FailingDisk owner, IDiskFile file) : IDiskFile
    {
        public long Length => file.Length;

        public DiskOutcome Write(long offset, ReadOnlySpan<byte> data) => owner.Write(file, offset, data);

        public DiskOutcome Read(long offset, Span<byte> into) => file.Read(offset, into);

        public DiskOutcome SetLength(long length) => file.SetLength(length);

        public void Dispose() => file.Dispose();

        public void Sync()
        {
            if (owner._failing)
                throw new DiskFailedException("sync failed, as told");
            file.Sync();
        }
    }
}
