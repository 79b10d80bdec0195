using Torc.Storage.Disk;

namespace Torc.Tests.Server.Hosting;

/// <summary>A real disk whose syncs fail once told to.</summary>
internal sealed class FailingDisk(IDisk disk) : IDisk
{
    private volatile bool _failing;

    public long FreeBytes => disk.FreeBytes;

    public void FailSyncs() => _failing = true;

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

    private sealed class FailingFile(FailingDisk owner, IDiskFile file) : IDiskFile
    {
        public long Length => file.Length;

        public DiskOutcome Write(long offset, ReadOnlySpan<byte> data) => file.Write(offset, data);

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
