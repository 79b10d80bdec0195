using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using Torc.Base;

namespace Torc.Storage.Directory;

/// <summary>
/// From a key's 64-bit hash to the addresses of the records that may hold it: one per (keyspace, partition), off-heap,
/// ordered by the hash's high bits, so that the keys of a hash range are a contiguous run.
/// <code>
///  root ──► region                                 up to 73 keys: a region of 1 to 12 cache-line buckets
///  root ──► branch of 2^3 … 2^9 links ──► region   then an extendible hash table (Fagin et al., 1979) over regions,
///                                 └─────► branch   by the next 3 to 9 hash bits, and so on
/// </code>
/// A full region grows by a bucket, or splits in two; a branch whose links run out doubles, while enough of its
/// links are in use, or gets a branch below it. So one insert moves at most one region's entries a few times over and
/// copies at most 512 links, whatever the size; and since each region grows by its own count, the work is spread over
/// the inserts. Lookups cost one link, nearly always cached, and one bucket.
/// <para>
/// Invariants: a region of depth d holds exactly the entries whose hashes start with the d bits that lead to it; an entry
/// knows the 24 hash bits from its region's tag start on, which is at most d, so its place within the region and the side of a split
/// follow from them. When they run out (or after ten splits, to keep lookups exact) the <see cref="IHashSource"/> gives new ones;
/// while it cannot, the region takes overflow buckets and asks again each time that one fills.
/// </para>
/// <para>
/// Why not linear hashing over one ordered array: inserting a bucket in the middle of an order moves all that follow.
/// Why not one table doubled in place: a pause, and twice the memory during it.
/// </para>
/// </summary>
public sealed unsafe class KeyDirectory : IDisposable
{
    /// <summary>Addresses are in [0, AddressesMax): 40 bits.</summary>
    public const long AddressesMax = 1L << Bucket.AddressBits;

    internal const int FanoutBitsMin = 3; // one line
    internal const int FanoutBitsMax = 9; // 64 lines, the longest run that the arena gives

    /// <summary>A branch doubles while at least one in so many of its links leads somewhere of its own; skewed hashes would double it for nothing.</summary>
    internal const int SparseLinksMax = 4;

    private readonly IHashSource _hashes;
    private readonly DirectoryLines _lines;
    private readonly ArrivedEntries _arrived;
    private ulong _root; // a Link

    public KeyDirectory(BucketArena buckets, IHashSource hashes)
    {
        _lines = new DirectoryLines(buckets);
        _arrived = buckets.Arrived;
        _hashes = hashes;
        Number = buckets.NextDirectory();
    }

    public long Count { get; private set; }

    /// <summary>Tells it from every other of its arena.</summary>
    internal int Number { get; }

    /// <summary>Native memory of this directory's own buckets and branches.</summary>
    public long MemoryBytes => _lines.Bytes;

    /// <summary>The addresses whose tag matches; the caller compares keys. Valid until the directory changes.</summary>
    public CandidateEnumerator Candidates(ulong hash) => new(_lines, RegionLinkOf(hash), hash);

    /// <summary>Asks the processor to load the home bucket of a hash; call it for a batch of keys before probing them.</summary>
    public void Prefetch(ulong hash)
    {
        Link link = RegionLinkOf(hash);
        if (!Sse.IsSupported || link.Buckets == 0)
            return;
        var region = new Region(_lines, link);
        Sse.Prefetch0(region.At(region.HomeOf(region.TagOf(hash))));
    }

    /// <summary>Asks the processor for the first memory on the way to the bucket of a hash. <see cref="DirectoryApproach.Advance"/> goes on from there.</summary>
    internal void Approach(ulong hash, ref DirectoryApproach way)
    {
        var root = new Link(_root);
        if (root.IsBranch)
            way.Begin(LinksOf(root) + root.IndexOf(hash), hash);
        else if (root.Buckets > 0)
            way.Begin(_lines.Pointer(root.Line), root, hash);
        else
            way.End();
    }

    /// <summary>
    /// The first address whose tag matches, in the region's own buckets: nearly always the key's, when it has one. When none is
    /// found, <paramref name="isAbsent"/> says whether that is sure, or overflow buckets are still to be looked through.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryGuess(ulong hash, out long address, out bool isAbsent)
    {
        isAbsent = false;
        ulong* entry = _arrived.Find(this, hash);
        if (entry == null && !TryWalk(hash, out entry, out isAbsent))
        {
            address = -1;
            return false;
        }
        address = Bucket.AddressOf(*entry);
        return true;
    }

    /// <summary>Adds an entry that the caller knows is not there. The arena must have room: <see cref="BucketArena.HasRoom"/>.</summary>
    public void Insert(ulong hash, long address)
    {
        Check.That((ulong)address < (ulong)AddressesMax);
        LinkRun place = Descend(hash, out LinkRun parent);
        while (TryMakeRoom(hash, place, parent))
            place = Descend(hash, out parent);
        var region = new Region(_lines, place.Link);
        region.Add(region.TagOf(hash), address);
        place.SetCount(region.Link);
        Count++;
    }

    /// <summary>Fills an empty directory with entries in ascending order of hash.</summary>
    public void Fill(ReadOnlySpan<DirectoryEntry> sorted)
    {
        Check.That(_root == 0);
        if (sorted.IsEmpty)
            return;
        _root = new DirectoryFill(_lines).Build(sorted, depth: 0).Word;
        Count = sorted.Length;
    }

    /// <summary>Moves an entry to a new address. False: it was not there, and nothing changed.</summary>
    public bool Replace(ulong hash, long oldAddress, long newAddress)
    {
        Check.That((ulong)newAddress < (ulong)AddressesMax);
        ulong* entry = _arrived.Find(this, hash);
        if (entry != null && Bucket.AddressOf(*entry) == oldAddress)
        {
            *entry = Bucket.EntryOf(Bucket.TagOf(*entry), newAddress);
            return true;
        }
        var region = new Region(_lines, RegionLinkOf(hash));
        return region.Replace(region.TagOf(hash), oldAddress, newAddress);
    }

    /// <summary>Removes an entry. False: it was not there.</summary>
    public bool Remove(ulong hash, long address)
    {
        LinkRun place = Descend(hash, out _);
        var region = new Region(_lines, place.Link);
        if (!region.Remove(region.TagOf(hash), address))
            return false;
        _lines.Arena.NoteRemoval();
        Count--;
        if (Count == 0)
        {
            place.SetCount(region.Link);
            Clear();
        }
        else
        {
            bool shrink = region.Link.Count < RegionSizes.ShrinkBelow(region.Link.Buckets);
            if (shrink)
                place.SetAll(RegionReshape.Resize(_lines, region.Link, more: 0));
            else
                place.SetCount(region.Link);
        }
        return true;
    }

    public bool Contains(ulong hash, long address)
    {
        var region = new Region(_lines, RegionLinkOf(hash));
        return region.Contains(region.TagOf(hash), address);
    }

    /// <summary>
    /// Visits every entry whose hash may be in [<paramref name="fromHash"/>, end) in no order within it, where end is returned
    /// and chosen so that about <paramref name="budget"/> entries are visited (a region more at most); 0 means that the hash space is
    /// finished. Tags hold only a part of the hash, so the sink may meet entries just outside of the range: it filters by the real hash.
    /// Entries that are there during a whole series of scans are visited in it, whatever changes between the calls.
    /// </summary>
    public ulong Scan<TSink>(ulong fromHash, int budget, ref TSink sink)
        where TSink : IAddressSink, allows ref struct =>
        Scan(fromHash, endHash: 0, budget, ref sink);

    /// <summary>The same within [<paramref name="fromHash"/>, <paramref name="endHash"/>); returns <paramref name="endHash"/> when that range is finished. 0 is the end of the hash space.</summary>
    public ulong Scan<TSink>(ulong fromHash, ulong endHash, int budget, ref TSink sink)
        where TSink : IAddressSink, allows ref struct
    {
        Check.That(budget > 0 && (endHash == 0 || fromHash < endHash));
        ulong at = fromHash;
        int spent = 0;
        while (spent < budget)
        {
            Link link = Descend(at, out _).Link;
            ulong tail = ulong.MaxValue >> link.Depth;
            spent += Math.Max(1, Visit(link, at & ~tail, fromHash, endHash, ref sink));
            ulong last = at | tail;
            if (last >= endHash - 1) // for an end of 0 that is the last hash of all
                return endHash;
            at = last + 1;
        }
        return at;
    }

    /// <summary>Drops every entry and gives the memory back to the arena. Costs time by the number of regions.</summary>
    public void Clear()
    {
        Free(new Link(_root));
        _root = 0;
        Count = 0;
        Check.That(_lines.Bytes == 0);
    }

    public void Dispose() => Clear();

    internal static int LinesOf(int fanoutBits) => 1 << (fanoutBits - FanoutBitsMin);

    private bool TryWalk(ulong hash, out ulong* entry, out bool isAbsent)
    {
        isAbsent = false;
        Link link = RegionLinkOf(hash);
        if (link.Buckets == 0)
        {
            entry = null;
            isAbsent = true;
            return false;
        }
        var walk = new BucketWalk(new Region(_lines, link), hash);
        do
        {
            if (walk.TryMatch(out entry))
                return true;
        }
        while (walk.MoveNext());
        isAbsent = !walk.HasOverflow;
        return false;
    }

    private ulong* LinksOf(Link branch) => _lines.Pointer(branch.Line);

    private Link RegionLinkOf(ulong hash)
    {
        var link = new Link(_root);
        while (link.IsBranch)
            link = new Link(LinksOf(link)[link.IndexOf(hash)]);
        return link;
    }

    /// <summary>The place of the region of a hash, and of the branch above it (empty for none).</summary>
    private LinkRun Descend(ulong hash, out LinkRun parent)
    {
        parent = default;
        var place = new LinkRun(ref _root, 1);
        while (place.Link.IsBranch)
        {
            Link branch = place.Link;
            ulong* links = LinksOf(branch);
            int index = branch.IndexOf(hash);
            int run = branch.RunOf(new Link(links[index]));
            parent = place;
            place = new LinkRun(ref links[index & -run], run);
        }
        return place;
    }

    /// <summary>Grows or splits the region when it is due. True: something changed, so the place has to be found again.</summary>
    private bool TryMakeRoom(ulong hash, LinkRun place, LinkRun parent)
    {
        Link link = place.Link;
        int growAt = RegionSizes.GrowAt(link.Buckets);
        if (link.Count < growAt)
            return false;
        if (link.Buckets < Region.BucketsMax)
        {
            place.SetAll(RegionReshape.Resize(_lines, link, more: 1));
            return true;
        }

        // A split that was put off is tried again when the region is full, and then with each further overflow bucket.
        var region = new Region(_lines, link);
        if (link.Count != growAt && !region.NeedsOverflowLine(region.TagOf(hash)))
            return false;
        if (!RegionReshape.TrySplit(_lines, _hashes, link, out Link left, out Link right))
            return false;
        if (place.Length == 1)
            place = Widen(hash, place, parent);
        place.SetHalves(left, right);
        return true;
    }

    /// <summary>Makes two links or more lead to the region that one link leads to.</summary>
    private LinkRun Widen(ulong hash, LinkRun place, LinkRun parent)
    {
        if (parent.Length > 0 && parent.Link.FanoutBits < FanoutBitsMax && IsDense(parent.Link))
        {
            parent.SetAll(Double(parent.Link));
        }
        else
        {
            Link region = place.Link;
            var branch = Link.Branch(_lines.RentCleared(1), FanoutBitsMin, region.Depth);
            new Span<ulong>(LinksOf(branch), 1 << FanoutBitsMin).Fill(region.Word);
            place.SetAll(branch);
        }
        return Descend(hash, out _);
    }

    private bool IsDense(Link branch)
    {
        int links = 1 << branch.FanoutBits, distinct = 0;
        for (int index = 0; index < links; index += branch.RunOf(new Link(LinksOf(branch)[index])))
            distinct++;
        return distinct * SparseLinksMax >= links;
    }

    private Link Double(Link branch)
    {
        var larger = Link.Branch(_lines.RentCleared(LinesOf(branch) * 2), branch.FanoutBits + 1, branch.Depth);
        ulong* from = LinksOf(branch), to = LinksOf(larger);
        for (int index = 0; index < 1 << branch.FanoutBits; index++)
            to[2 * index] = to[2 * index + 1] = from[index];
        _lines.Return(branch.Line, LinesOf(branch));
        return larger;
    }

    private static int LinesOf(Link branch) => LinesOf(branch.FanoutBits);

    private int Visit<TSink>(Link link, ulong prefix, ulong fromHash, ulong endHash, ref TSink sink)
        where TSink : IAddressSink, allows ref struct
    {
        int visited = 0;
        int unknownBits = 64 - Bucket.TagBits - link.TagStart;
        ulong beforeTag = prefix & ~(ulong.MaxValue >> link.TagStart);
        foreach (ulong entry in new Region(_lines, link).Entries())
        {
            ulong lowest = beforeTag | (ulong)Bucket.TagOf(entry) << unknownBits;
            ulong highest = lowest | ((1UL << unknownBits) - 1);
            if (highest < fromHash || lowest > endHash - 1)
                continue;
            sink.Visit(Bucket.AddressOf(entry));
            visited++;
        }
        return visited;
    }

    // Recursion is bounded by the depth of branches: at most DepthMax / FanoutBitsMin.
    private void Free(Link link)
    {
        if (!link.IsBranch)
        {
            new Region(_lines, link).Return();
            return;
        }
        int run;
        for (int index = 0; index < 1 << link.FanoutBits; index += run)
        {
            var child = new Link(LinksOf(link)[index]);
            run = link.RunOf(child);
            Free(child);
        }
        _lines.Return(link.Line, LinesOf(link));
    }
}
