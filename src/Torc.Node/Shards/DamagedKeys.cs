using Torc.Storage;

namespace Torc.Node.Shards;

/// <summary>
/// Keys whose record here cannot be read. When an exchange that began after such a key was met has made the copy complete and brought nothing for it, no
/// other replica has it: it is nobody's, and absent from then on, as on a copy that was wiped and caught up. A change of the key makes it an ordinary one again.
/// </summary>
/// <remarks>In memory only: after a restart the record is met again, and the copy catches up again.</remarks>
public sealed class DamagedKeys
{
    /// <summary>Of one partition; those beyond it stay unreadable.</summary>
    private const int KeysMax = 1_024;

    private readonly Dictionary<ushort, List<Entry>> _partitions = [];

    public void Met(in RecordKey key)
    {
        if (!_partitions.TryGetValue(key.Partition, out List<Entry>? entries))
            _partitions.Add(key.Partition, entries = []);
        if (entries.Count < KeysMax && Find(key) is null)
            entries.Add(new Entry(key.Keyspace, key.Key.ToArray()));
    }

    /// <summary>The copy is complete: all that were met before the exchange and are still here are nobody's.</summary>
    public void OnComplete(ushort partition)
    {
        foreach (Entry entry in _partitions.GetValueOrDefault(partition, []))
            entry.IsNobodys = true;
    }

    public bool IsNobodys(in RecordKey key) => Find(key) is { IsNobodys: true };

    /// <summary>The key has a record that can be read.</summary>
    public void OnStored(in RecordKey key)
    {
        if (_partitions.Count == 0 || Find(key) is not { } entry)
            return;
        List<Entry> entries = _partitions[key.Partition];
        entries.Remove(entry);
        if (entries.Count == 0)
            _partitions.Remove(key.Partition);
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
