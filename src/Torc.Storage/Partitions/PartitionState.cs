using Torc.Storage.Directory;

namespace Torc.Storage.Partitions;

/// <summary>The key directory of one (keyspace, partition), and its totals.</summary>
internal sealed class PartitionState(KeyDirectory directory)
{
    private long _records, _live, _withDeadline, _bytes;
    private UInt128 _versionMax;

    public KeyDirectory Directory { get; } = directory;

    public PartitionCounts Counts => new(_records, _live, _withDeadline, _bytes, _versionMax);

    public long Records => _records;

    public void Add(RecordFlags flags, long size, UInt128 version)
    {
        Change(flags, size, 1);
        NoteVersion(version);
    }

    public void NoteVersion(UInt128 version)
    {
        if (version > _versionMax)
            _versionMax = version;
    }

    public void Remove(RecordFlags flags, long size) => Change(flags, -size, -1);

    private void Change(RecordFlags flags, long bytes, int sign)
    {
        _records += sign;
        _bytes += bytes;
        if ((flags & RecordFlags.Tombstone) == 0)
            _live += sign;
        if ((flags & RecordFlags.HasDeadline) != 0)
            _withDeadline += sign;
    }
}
