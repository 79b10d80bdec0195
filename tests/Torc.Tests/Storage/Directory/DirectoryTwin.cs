using Torc.Base;
using Torc.Storage.Directory;

namespace Torc.Tests.Storage.Directory;

/// <summary>A dumb twin of a key directory, which also plays the log: it knows the hash of every address, unless told to be cold.</summary>
internal sealed class DirectoryTwin : IHashSource
{
    private readonly Dictionary<long, ulong> _hashes = [];
    private readonly List<long> _addresses = [];
    private readonly Dictionary<long, int> _places = [];

    public int Count => _addresses.Count;

    /// <summary>Decides which records are not in memory; none by default.</summary>
    public Func<long, bool> IsCold { get; set; } = _ => false;

    public long Asked { get; private set; }

    public IReadOnlyList<long> Addresses => _addresses;

    public bool TryHashOf(long address, out ulong hash)
    {
        Asked++;
        hash = 0;
        return !IsCold(address) && _hashes.TryGetValue(address, out hash);
    }

    public ulong HashOf(long address) => _hashes[address];

    public bool Has(long address) => _hashes.ContainsKey(address);

    public void Add(ulong hash, long address)
    {
        _hashes.Add(address, hash);
        _places.Add(address, _addresses.Count);
        _addresses.Add(address);
    }

    public void Remove(long address)
    {
        int place = _places[address];
        long last = _addresses[^1];
        _addresses[place] = last;
        _places[last] = place;
        _addresses.RemoveAt(_addresses.Count - 1);
        _places.Remove(address);
        _hashes.Remove(address);
    }

    public long NewAddress(SeededRandom random)
    {
        while (true)
        {
            long address = random.Between(0, KeyDirectory.AddressesMax);
            if (!_hashes.ContainsKey(address))
                return address;
        }
    }

    /// <summary>Every entry is found, as a candidate and exactly; a whole scan visits each once; the counts agree.</summary>
    public void ShouldEqual(KeyDirectory directory, string context)
    {
        directory.Count.ShouldBe(Count, context);
        foreach (long address in _addresses)
        {
            directory.Contains(_hashes[address], address).ShouldBeTrue(context);
            CandidatesHave(directory, _hashes[address], address).ShouldBeTrue(context);
        }
        var seen = new SetSink([]);
        directory.Scan(0, int.MaxValue, ref seen).ShouldBe(0UL, context);
        seen.Visits.ShouldBe(Count, context);
        seen.Addresses.SetEquals(_addresses).ShouldBeTrue(context);
    }

    public static bool CandidatesHave(KeyDirectory directory, ulong hash, long address)
    {
        foreach (long candidate in directory.Candidates(hash))
        {
            if (candidate == address)
                return true;
        }
        return false;
    }
}

internal struct SetSink(HashSet<long> addresses) : IAddressSink
{
    public HashSet<long> Addresses { get; } = addresses;

    public int Visits { get; private set; }

    public void Visit(long address)
    {
        Visits++;
        Addresses.Add(address);
    }
}
