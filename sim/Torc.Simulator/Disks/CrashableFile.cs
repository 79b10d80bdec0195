using Torc.Base;
using Torc.Storage.Disk;

namespace Torc.Simulator.Disks;

/// <summary>A handle of a file of a <see cref="CrashableDisk"/>; dead after the disk crashed or restarted.</summary>
internal sealed class CrashableFile : IDiskFile
{
    private readonly CrashableDisk _disk;
    private readonly FileContent _content;
    private readonly int _generation;
    private bool _disposed;

    public CrashableFile(CrashableDisk disk, FileContent content, int generation)
    {
        _disk = disk;
        _content = content;
        _generation = generation;
        content.OpenHandles++;
    }

    public long Length
    {
        get
        {
            CheckUsable();
            return _content.Length;
        }
    }

    public DiskOutcome Write(long offset, ReadOnlySpan<byte> data)
    {
        CheckUsable();
        return _disk.Write(_content, offset, data);
    }

    public DiskOutcome Read(long offset, Span<byte> into)
    {
        CheckUsable();
        return _disk.Read(_content, offset, into);
    }

    public void Sync()
    {
        CheckUsable();
        _disk.Sync(_content);
    }

    public DiskOutcome SetLength(long length)
    {
        CheckUsable();
        return _disk.SetLength(_content, length);
    }

    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        if (_generation == _disk.Generation)
            _disk.Release(_content);
    }

    private void CheckUsable()
    {
        Check.That(!_disposed);
        Check.That(_generation == _disk.Generation);
    }
}
