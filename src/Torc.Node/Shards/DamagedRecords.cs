using Torc.Storage;

namespace Torc.Node.Shards;

/// <summary>
/// Records here that cannot be read, as look-ups meet them, by key, and as scans meet them, by place in the log: of those the key is not known.
/// </summary>
/// <remarks>
/// A key: when an exchange that began after such a key was met has made the copy complete and brought nothing for it, no other replica has it: it is
/// nobody's, and absent from then on, as on a copy that was wiped and caught up. A change of the key makes it an ordinary one again.
/// A place: news when it is met first. From then on the copy does not count until an exchange that began afterwards has put what others have into newer
/// places; so a known place on a copy that counts is nobody's too. What a copy has gone through before says nothing of places that are met later.
/// Either is forgotten when it can be read after all: what an exchange found equal then was not replaced, and to lose it later is news again.
/// In memory only: after a restart the record is met again, and the copy catches up again.
/// </remarks>
public sealed class DamagedRecords
{
    /// <summary>Of one partition; those beyond it stay unreadable.</summary>
    private const int KeysMax = 1_024;

    /// <summary>Of the log. With more all become news again: then the disk is worn out, and its copies do not count.</summary>
    private const int PlacesMax = 65_536;

    private readonly Dictionary<ushort, List<Entry>> _partitions = [];
    private readonly HashSet<long> _places = [];

    /// <summary>Each read asks.</summary>
    public bool IsEmpty { get; private set; } = true;

    public void Met(in RecordKey key)
    {
        IsEmpty = false;
        if (!_partitions.TryGetValue(key.Partition, out List<Entry>? entries))
            _partitions.Add(key.Partition, entries = []);
        if (entries.Count < KeysMax && Find(key) is null)
            entries.Add(new Entry(key.Keyspace, key.Key.ToArray()));
    }

    /// <summary>True when the place is news.</summary>
    public bool Met(long place)
    {
        IsEmpty = false;
        if (_places.Count == PlacesMax)
            _places.Clear();
        return _places.Add(place);
    }

    /// <summary>The copy is complete: all that were met before the exchange and are still here are nobody's.</summary>
    public void OnComplete(ushort partition)
    {
        foreach (Entry entry in _partitions.GetValueOrDefault(partition, []))
            entry.IsNobodys = true;
    }

    public bool IsNobodys(in RecordKey key) => Find(key) is { IsNobodys: true };

    /// <summary>The key has another record, which can be read.</summary>
    public void OnStored(in RecordKey key) => Remove(key);

    /// <summary>The record of a key was read at its place. True: it was not, before.</summary>
    public bool OnRead(in RecordKey key, long place)
    {
        bool wasKnown = Remove(key) | _places.Remove(place);
        IsEmpty = _partitions.Count == 0 && _places.Count == 0;
        return wasKnown;
    }

    private bool Remove(in RecordKey key)
    {
        if (_partitions.Count == 0 || Find(key) is not { } entry)
            return false;
        List<Entry> entries = _partitions[key.Partition];
        entries.Remove(entry);
        if (entries.Count == 0)
            _partitions.Remove(key.Partition);
        return true;
    }

    private Entry? Find(in RecordKey key)
    {
        if (!_partitions.TryGetValue(key.Partition, out List<Entry>? entries))
            return null;
        foreach (Entry entry in entries)
        {
            if (entry.Keyspace == key.Keyspace && key.Key.SequenceEqual(entry.Key))
                return entry;
        }
        return null;
    }

    private sealed class Entry(byte keyspace, byte[] key)
    {
        public byte Keyspace => keyspace;

        public ReadOnlySpan<byte> Key => key;

        public bool IsNobodys { get; set; }
    }
}
