using System.Numerics;
using Torc.Base;

namespace Torc.Storage.Directory;

/// <summary>
/// The keys of one hash prefix: a small table of 0 to 12 neighbouring buckets, ordered by the hash. Bucket i of n is home
/// to the i-th n-th part of the region's hash space; n need not be a power of two, so a region grows by one
/// bucket at a time, and all but small ones stay between 74 and 88 percent full. An entry whose home is full goes to the next bucket
/// with room, cyclically; only when every bucket is full and the region can neither grow nor split does it go to an
/// overflow bucket chained to its home.
/// <para>Invariant: an entry's home follows from its tag alone, so growing asks nobody for hashes.</para>
/// <para>
/// Why not a chain per bucket as the ordinary case: at this load a quarter of the buckets would hold a second line for
/// an entry or two, which is both more memory and a second, dependent miss.
/// </para>
/// </summary>
internal unsafe ref struct Region
{
    public const int BucketsMax = 12;
    public const int EntriesMax = BucketsMax * Bucket.Entries;

    private readonly DirectoryLines _lines;
    private readonly ulong* _buckets;

    public Region(DirectoryLines lines, Link link)
    {
        Check.Deep(!link.IsBranch);
        _lines = lines;
        _buckets = lines.Pointer(link.Line);
        Link = link;
    }

    /// <summary>What the link to this region has to be, count included.</summary>
    public Link Link { get; private set; }

    /// <summary>A new, empty region with room for <paramref name="entries"/>, as far as regions go.</summary>
    public static Region Rent(DirectoryLines lines, int entries, int depth, int spent)
    {
        int buckets = RegionSizes.For(entries);
        uint line = buckets == 0 ? 0 : lines.RentCleared(buckets);
        return new Region(lines, Link.Region(line, buckets, depth, spent, count: 0));
    }

    /// <summary>Gives back the buckets and the overflow buckets.</summary>
    public void Return()
    {
        for (int index = 0; index < Link.Buckets; index++)
        {
            uint line = Bucket.Overflow(At(index));
            while (line != 0)
            {
                uint next = Bucket.Overflow(_lines.Pointer(line));
                _lines.Return(line, 1);
                line = next;
            }
        }
        if (Link.Buckets > 0)
            _lines.Return(Link.Line, Link.Buckets);
        Link = Link.Region(0, 0, Link.Depth, Link.Spent, 0);
    }

    public readonly uint TagOf(ulong hash) => TagOf(hash, Link);

    public static uint TagOf(ulong hash, Link link) => (uint)(hash << link.TagStart >> Bucket.AddressBits);

    public readonly ulong* At(int index) => _buckets + index * Bucket.Words;

    /// <summary>The bucket that a tag belongs to.</summary>
    public readonly int HomeOf(uint tag) => HomeOf(tag, Link);

    public static int HomeOf(uint tag, Link link)
    {
        uint fraction = (tag << link.Spent) & ((1u << Bucket.TagBits) - 1);
        return (int)(fraction * (uint)link.Buckets >> Bucket.TagBits);
    }

    /// <summary>True when the next entry with this tag would take a new overflow bucket.</summary>
    public readonly bool NeedsOverflowLine(uint tag)
    {
        if (Link.Count < Link.Buckets * Bucket.Entries)
            return false;
        uint overflow = Bucket.Overflow(At(HomeOf(tag)));
        return overflow == 0 || Bucket.IsFull(_lines.Pointer(overflow));
    }

    public void Add(uint tag, long address)
    {
        Check.Deep(Link.Buckets > 0);
        ulong entry = Bucket.EntryOf(tag, address);
        int index = HomeOf(tag);
        if (Link.Count == Link.Buckets * Bucket.Entries)
        {
            AddOverflow(At(index), entry);
            return;
        }
        while (Bucket.IsFull(At(index)))
        {
            Bucket.AddSpill(At(index));
            index = Next(index);
        }
        Bucket.Add(At(index), entry);
        Link = Link.WithCount(Link.Count + 1);
    }

    public readonly bool Replace(uint tag, long oldAddress, long newAddress)
    {
        ulong* place = Find(Bucket.EntryOf(tag, oldAddress));
        if (place == null)
            return false;
        *place = Bucket.EntryOf(tag, newAddress);
        return true;
    }

    public readonly bool Contains(uint tag, long address) => Find(Bucket.EntryOf(tag, address)) != null;

    public bool Remove(uint tag, long address)
    {
        if (Link.Buckets == 0)
            return false;
        ulong entry = Bucket.EntryOf(tag, address);
        int home = HomeOf(tag), index = home;
        for (int passed = 0; passed < Link.Buckets; passed++)
        {
            uint match = Bucket.MatchEntry(At(index), entry);
            if (match != 0)
            {
                Bucket.RemoveAt(At(index), BitOperations.TrailingZeroCount(match));
                for (int walked = home; walked != index; walked = Next(walked))
                    Bucket.RemoveSpill(At(walked));
                Link = Link.WithCount(Link.Count - 1);
                return true;
            }
            if (!Bucket.WasPassed(At(index)))
                break;
            index = Next(index);
        }
        return RemoveOverflow(At(home), entry);
    }

    /// <summary>Entries in overflow buckets.</summary>
    public readonly int CountOverflow()
    {
        int count = 0;
        for (int index = 0; index < Link.Buckets; index++)
        {
            for (uint line = Bucket.Overflow(At(index)); line != 0; line = Bucket.Overflow(_lines.Pointer(line)))
                count += BitOperations.PopCount(Bucket.Taken(_lines.Pointer(line)));
        }
        return count;
    }

    /// <summary>All entries, in no order. The region must not change meanwhile.</summary>
    public readonly RegionEntries Entries() => new(_lines, this);

    private readonly int Next(int index) => index + 1 == Link.Buckets ? 0 : index + 1;

    private readonly ulong* Find(ulong entry)
    {
        if (Link.Buckets == 0)
            return null;
        int home = HomeOf(Bucket.TagOf(entry)), index = home;
        for (int passed = 0; passed < Link.Buckets; passed++)
        {
            uint match = Bucket.MatchEntry(At(index), entry);
            if (match != 0)
                return At(index) + BitOperations.TrailingZeroCount(match);
            if (!Bucket.WasPassed(At(index)))
                break;
            index = Next(index);
        }
        for (uint line = Bucket.Overflow(At(home)); line != 0; line = Bucket.Overflow(_lines.Pointer(line)))
        {
            uint match = Bucket.MatchEntry(_lines.Pointer(line), entry);
            if (match != 0)
                return _lines.Pointer(line) + BitOperations.TrailingZeroCount(match);
        }
        return null;
    }

    // New overflow buckets go in front, so that adding never walks the chain.
    private readonly void AddOverflow(ulong* home, ulong entry)
    {
        uint first = Bucket.Overflow(home);
        if (first == 0 || Bucket.IsFull(_lines.Pointer(first)))
        {
            uint line = _lines.RentCleared(1);
            Bucket.SetOverflow(_lines.Pointer(line), first);
            Bucket.SetOverflow(home, line);
            first = line;
        }
        Bucket.Add(_lines.Pointer(first), entry);
    }

    private readonly bool RemoveOverflow(ulong* previous, ulong entry)
    {
        for (uint line = Bucket.Overflow(previous); line != 0; line = Bucket.Overflow(previous))
        {
            ulong* bucket = _lines.Pointer(line);
            uint match = Bucket.MatchEntry(bucket, entry);
            if (match != 0)
            {
                Bucket.RemoveAt(bucket, BitOperations.TrailingZeroCount(match));
                if (Bucket.Taken(bucket) == 0)
                {
                    Bucket.SetOverflow(previous, Bucket.Overflow(bucket));
                    _lines.Return(line, 1);
                }
                return true;
            }
            previous = bucket;
        }
        return false;
    }
}
