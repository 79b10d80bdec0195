using Torc.Storage.Directory;
using Torc.Storage.Partitions;
using Torc.Storage.Records;
using Torc.Storage.Segments;

namespace Torc.Storage.Recovery;

/// <summary>
/// Fills the key directories: segments oldest first, records in order of place, the last of a key wins. A forget or drop covers
/// what lies before the offset that it names, which stays true when compaction moved it to a later place. The indexes of all
/// segments are in memory meanwhile, because two records are the same key's only if their keys are equal, not their tags.
/// </summary>
internal sealed class DirectoryReplay(SegmentTable segments, PartitionTable partitions) : IHashSource
{
    private const int PrefetchAhead = 8;

    private readonly Dictionary<int, SegmentIndex> _indexBySlot = [];
    private readonly Dictionary<int, long> _dropOffsets = [];
    private SegmentIndex?[] _indexes = [];

    public void Add(Segment segment, SegmentIndex index)
    {
        _indexBySlot.Add(segment.Slot, index);
        if (index.ControlRecords == 0)
            return;
        for (int entryIndex = 0; entryIndex < index.Count; entryIndex++)
        {
            IndexEntry entry = index[entryIndex];
            if (entry.Kind == RecordKind.Drop)
                _dropOffsets[Id(entry)] = Math.Max(_dropOffsets.GetValueOrDefault(Id(entry)), (long)(ulong)entry.Version);
        }
    }

    public void Run()
    {
        _indexes = new SegmentIndex?[_indexBySlot.Count == 0 ? 0 : _indexBySlot.Keys.Max() + 1];
        foreach ((int slot, SegmentIndex index) in _indexBySlot)
            _indexes[slot] = index;
        foreach (Segment segment in segments.Ordered)
        {
            if (segment.Slot < _indexes.Length && _indexes[segment.Slot] is { } index)
                Replay(segment, index);
        }
    }

    public bool TryHashOf(long address, out ulong hash)
    {
        bool isFound = TryEntry(address, out IndexEntry entry, out _);
        hash = entry.Hash;
        return isFound;
    }

    private static int Id(in IndexEntry entry) => (entry.Keyspace << 16) | entry.Partition;

    private void Replay(Segment segment, SegmentIndex index)
    {
        for (int entryIndex = 0; entryIndex < index.Count; entryIndex++)
        {
            if (entryIndex + PrefetchAhead < index.Count)
                Prefetch(index[entryIndex + PrefetchAhead]);
            IndexEntry entry = index[entryIndex];
            switch (entry.Kind)
            {
                case RecordKind.Put:
                    Put(segment, index, entry);
                    break;
                case RecordKind.Forget:
                    segment.AddControl(entry.Size);
                    Forget(index, entry);
                    break;
                case RecordKind.Drop:
                    segment.AddControl(entry.Size);
                    break;
            }
        }
    }

    private void Prefetch(in IndexEntry entry) => partitions.Get(entry.Keyspace, entry.Partition)?.Directory.Prefetch(entry.Hash);

    private void Put(Segment segment, SegmentIndex index, in IndexEntry entry)
    {
        if (_dropOffsets.Count > 0 && segment.Base + entry.Offset < _dropOffsets.GetValueOrDefault(Id(entry)))
            return;
        PartitionState partition = partitions.GetOrAdd(entry.Keyspace, entry.Partition);
        long address = segments.AddressOf(segment, entry.Offset);
        if (TryFind(partition, index, entry, out long oldAddress, out IndexEntry old))
        {
            partition.Directory.Replace(entry.Hash, oldAddress, address);
            Unlink(partition, oldAddress, old);
        }
        else
        {
            partition.Directory.Insert(entry.Hash, address);
        }
        segment.AddLive(entry.Size);
        partition.Add(entry.Flags, entry.Size, entry.Version);
    }

    private void Forget(SegmentIndex index, in IndexEntry entry)
    {
        PartitionState? partition = partitions.Get(entry.Keyspace, entry.Partition);
        if (partition == null || !TryFind(partition, index, entry, out long address, out IndexEntry old))
            return;
        Segment segment = segments.At(address, out int offset);
        if (segment.Base + offset >= (long)(ulong)entry.Version)
            return;
        partition.Directory.Remove(entry.Hash, address);
        Unlink(partition, address, old);
    }

    private void Unlink(PartitionState partition, long address, in IndexEntry old)
    {
        partition.Remove(old.Flags, old.Size);
        segments.At(address, out _).RemoveLive(old.Size);
    }

    private bool TryFind(PartitionState partition, SegmentIndex index, in IndexEntry entry, out long address, out IndexEntry found)
    {
        foreach (long candidate in partition.Directory.Candidates(entry.Hash))
        {
            if (TryEntry(candidate, out found, out SegmentIndex? foundIndex) && found.Hash == entry.Hash
                && foundIndex!.Key(found).SequenceEqual(index.Key(entry)))
            {
                address = candidate;
                return true;
            }
        }
        address = -1;
        found = default;
        return false;
    }

    private bool TryEntry(long address, out IndexEntry entry, out SegmentIndex? index)
    {
        Segment segment = segments.At(address, out int offset);
        index = segment.Slot < _indexes.Length ? _indexes[segment.Slot] : null;
        int found = index?.Find(offset) ?? -1;
        entry = found < 0 ? default : index![found];
        return found >= 0;
    }
}
