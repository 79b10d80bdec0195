using System.Runtime.InteropServices;
using Torc.Base;
using Torc.Storage.Partitions;
using Torc.Storage.Records;
using Torc.Storage.Segments;

namespace Torc.Storage.Log;

/// <summary>
/// Records that could not be read when a key was put or forgotten that may be theirs. The directory keeps a part of the hash only, so such a record
/// may as well be another key's: its entry has to stay. When a later read succeeds after all, as it may after an error of the device, the record turns out to
/// be the key's, and is taken out as one that was replaced; or it is another's, and no suspect any more.
/// </summary>
/// <remarks>
/// Invariant: whoever gets the bytes of a record that was not in memory settles it here before he believes its entry: scans, compaction (a copy at the
/// tail would win over the record that replaced it), and loading. So no suspect is in memory, and look-ups there need not ask. A look-up of the key itself passes its
/// suspects over. In memory only: recovery goes by the order of the log. As many as there are records that cannot be read, times the keys that look like
/// one of them, which is hardly ever a second.
/// </remarks>
internal sealed class Suspects(SegmentTable segments, PartitionTable partitions)
{
    private const int StaleSoughtAtMin = 64;

    private readonly Dictionary<long, Suspect> _byAddress = [];
    private int _staleSoughtAt = StaleSoughtAtMin;

    public bool IsEmpty => _byAddress.Count == 0;

    /// <summary>The record at the address was replaced or forgotten, if it is this key's.</summary>
    public void Add(long address, Segment segment, ReadOnlySpan<byte> key)
    {
        ref Suspect? suspect = ref CollectionsMarshal.GetValueRefOrAddDefault(_byAddress, address, out _);
        if (suspect?.Segment != segment)
            suspect = new Suspect(segment);
        if (!suspect.Has(key))
            suspect.Keys.Add(key.ToArray());
        if (_byAddress.Count >= _staleSoughtAt)
            RemoveStale();
    }

    /// <summary>Whatever the record at the address is, it is not the key's last.</summary>
    public bool IsPassedOver(long address, Segment segment, ReadOnlySpan<byte> key) =>
        _byAddress.TryGetValue(address, out Suspect? suspect) && suspect.Segment == segment && suspect.Has(key);

    /// <summary>An intact record was read. True: it was replaced or forgotten before, and has left the directory now.</summary>
    public bool Settle(Segment segment, int offset, ReadOnlySpan<byte> record, in RecordHeader header)
    {
        long address = segments.AddressOf(segment, offset);
        ReadOnlySpan<byte> key = RecordCodec.Key(record);
        if (!_byAddress.Remove(address, out Suspect? suspect) || suspect.Segment != segment || !suspect.Has(key))
            return false;
        ulong hash = StableHash.Hash64(key);
        PartitionState? partition = partitions.Get(header.Keyspace, header.Partition);
        if (partition == null || !partition.Directory.Contains(hash, address))
            return false;
        partition.Directory.Remove(hash, address);
        partition.Remove(header.Flags, header.Size);
        segment.RemoveLive(header.Size);
        segment.MarkDead(offset);
        return true;
    }

    /// <summary>All records of the segment are intact and in memory.</summary>
    public void OnLoaded(Segment segment)
    {
        foreach ((long address, Suspect suspect) in _byAddress)
        {
            if (suspect.Segment != segment)
                continue;
            int offset = segments.OffsetOf(address);
            Settle(segment, offset, SegmentTable.RecordAt(segment, offset, out RecordHeader header), header);
        }
    }

    /// <summary>Forgets those whose segment is gone.</summary>
    private void RemoveStale()
    {
        foreach ((long address, Suspect suspect) in _byAddress)
        {
            if (segments.At(address, out _) != suspect.Segment)
                _byAddress.Remove(address);
        }
        _staleSoughtAt = Math.Max(StaleSoughtAtMin, _byAddress.Count * 2);
    }

    private sealed class Suspect(Segment segment)
    {
        public Segment Segment => segment;

        public List<byte[]> Keys { get; } = [];

        public bool Has(ReadOnlySpan<byte> key)
        {
            foreach (byte[] own in Keys)
            {
                if (key.SequenceEqual(own))
                    return true;
            }
            return false;
        }
    }
}
