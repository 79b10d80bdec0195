namespace Torc.Storage.Directory;

/// <summary>From a key's hash to the addresses of the records that may hold it: one per (keyspace, partition).</summary>
public sealed class KeyDirectory : IDisposable
{
    /// <summary>Addresses are in [0, AddressesMax): 40 bits.</summary>
    public const long AddressesMax = 1L << 40;

    private readonly SortedDictionary<ulong, List<long>> _entries = [];

    public KeyDirectory(BucketArena buckets, IHashSource hashes) => _ = (buckets, hashes);

    public long Count { get; private set; }

    /// <summary>Native memory of this directory's own buckets and nodes.</summary>
    public long MemoryBytes => Count * 14;

    /// <summary>The addresses whose tag matches; the caller compares keys. Valid until the directory changes.</summary>
    public CandidateEnumerator Candidates(ulong hash) => new(_entries.GetValueOrDefault(hash));

    /// <summary>Adds an entry that the caller knows is not there.</summary>
    public void Insert(ulong hash, long address)
    {
        if (!_entries.TryGetValue(hash, out List<long>? list))
            _entries.Add(hash, list = []);
        list.Add(address);
        Count++;
    }

    /// <summary>Moves an entry to a new address. False: it was not there, and nothing changed.</summary>
    public bool Replace(ulong hash, long oldAddress, long newAddress)
    {
        int index = _entries.GetValueOrDefault(hash)?.IndexOf(oldAddress) ?? -1;
        if (index < 0)
            return false;
        _entries[hash][index] = newAddress;
        return true;
    }

    /// <summary>Removes an entry. False: it was not there.</summary>
    public bool Remove(ulong hash, long address)
    {
        if (_entries.GetValueOrDefault(hash)?.Remove(address) != true)
            return false;
        Count--;
        return true;
    }

    public bool Contains(ulong hash, long address) => _entries.GetValueOrDefault(hash)?.Contains(address) == true;

    /// <summary>
    /// Visits every entry whose hash may be in [<paramref name="fromHash"/>, end) in no order within it, where end is returned and chosen
    /// so that about <paramref name="budget"/> entries are visited; 0 means that the hash space is finished. The sink
    /// may meet entries just outside of the range: it filters by the real hash.
    /// </summary>
    public ulong Scan<TSink>(ulong fromHash, int budget, ref TSink sink)
        where TSink : IAddressSink, allows ref struct
    {
        int visited = 0;
        foreach ((ulong hash, List<long> list) in _entries)
        {
            if (hash < fromHash)
                continue;
            if (visited >= budget)
                return hash;
            foreach (long address in list)
                sink.Visit(address);
            visited += list.Count;
        }
        return 0;
    }

    /// <summary>Asks the processor to load the bucket of a hash; call it for a batch of keys before probing them.</summary>
    public void Prefetch(ulong hash) => _ = hash;

    /// <summary>Drops every entry and gives the memory back to the arena.</summary>
    public void Clear()
    {
        _entries.Clear();
        Count = 0;
    }

    public void Dispose() => Clear();
}
