namespace Torc.Core.Repair;

/// <summary>
/// What one replica holds of one hash range of one (keyspace, partition): for every key the greatest version and the
/// digest of its row, in order of (hash, key). Reusable; keys are copied into one buffer.
/// <code>
/// +----------+   each entry, ascending by (hash, key):
/// | count  4 |   key length 4, key, greatest version's stamp 8 and actor 8, digest 8
/// +----------+
/// </code>
/// The hash is not sent: it is a function of the key, so a peer cannot lie about it.
/// </summary>
public sealed class RangeListing : IDisposable
{
    /// <summary>A listing holds no more entries than this; a scan asks for far fewer.</summary>
    public const int EntriesMax = 1 << 16;

    private readonly ByteWriter _keys = new();
    private readonly List<RangeEntry> _entries = [];
    private readonly Comparison<RangeEntry> _order;

    public RangeListing() => _order = Compare;

    public int Count => _entries.Count;

    /// <summary>Bytes of all keys: what a caller with a budget looks at.</summary>
    public int KeyBytes => _keys.Length;

    public RangeEntry this[int index] => _entries[index];

    public ReadOnlySpan<byte> KeyOf(int index) => KeyOf(_entries[index]);

    public void Clear()
    {
        _keys.Clear();
        _entries.Clear();
    }

    /// <summary>Adds a row in any order; false when the listing is full. <see cref="Sort"/> before use.</summary>
    public bool Add(ulong hash, ReadOnlySpan<byte> key, Version max, ulong digest)
    {
        if (_entries.Count >= EntriesMax)
            return false;
        _entries.Add(new RangeEntry(hash, max, digest, _keys.Length, key.Length));
        _keys.Write(key);
        return true;
    }

    public void Sort() => _entries.Sort(_order);

    /// <summary>Appends the sorted entries.</summary>
    public void Encode(ByteWriter to)
    {
        to.WriteUInt32((uint)_entries.Count);
        foreach (RangeEntry entry in _entries)
        {
            to.WriteBlob(KeyOf(entry));
            to.WriteUInt64(entry.Max.Stamp);
            to.WriteUInt64(entry.Max.ActorValue);
            to.WriteUInt64(entry.Digest);
        }
    }

    /// <summary>Replaces the contents by a peer's listing; false, and empty, unless it is sorted, without repeats and within [from, end).</summary>
    public bool TryDecode(ReadOnlySpan<byte> bytes, ulong from, ulong end)
    {
        Clear();
        if (TryRead(bytes, from, end))
            return true;
        Clear();
        return false;
    }

    private bool TryRead(ReadOnlySpan<byte> bytes, ulong from, ulong end)
    {
        var reader = new ByteReader(bytes);
        uint count = reader.ReadUInt32();
        if (count > EntriesMax)
            return false;
        for (int index = 0; index < count; index++)
        {
            ReadOnlySpan<byte> key = reader.ReadBlob();
            ulong stamp = reader.ReadUInt64();
            var max = new Version(stamp, reader.ReadUInt64());
            ulong digest = reader.ReadUInt64(), hash = StableHash.Hash64(key);
            if (reader.Failed || !max.IsValid || !HashRange.Contains(from, end, hash))
                return false;
            Add(hash, key, max, digest);
            if (index > 0 && Compare(_entries[index - 1], _entries[index]) >= 0)
                return false;
        }
        return reader.Complete;
    }

    public void Dispose() => _keys.Dispose();

    internal int ComparePlaces(int index, RangeListing other, int otherIndex)
    {
        int order = _entries[index].Hash.CompareTo(other._entries[otherIndex].Hash);
        return order != 0 ? order : KeyOf(index).SequenceCompareTo(other.KeyOf(otherIndex));
    }

    private int Compare(RangeEntry left, RangeEntry right)
    {
        int order = left.Hash.CompareTo(right.Hash);
        return order != 0 ? order : KeyOf(left).SequenceCompareTo(KeyOf(right));
    }

    private ReadOnlySpan<byte> KeyOf(RangeEntry entry) => _keys.Written.Slice(entry.KeyOffset, entry.KeyLength);
}
