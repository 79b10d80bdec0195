using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Torc.Storage.Directory;

/// <summary>
/// The way from a hash's home bucket through those that it may have spilled to, within its region; overflow buckets are not walked.
/// Holds no references, so that many can lie side by side. Valid until the directory changes.
/// </summary>
internal unsafe struct BucketWalk
{
    private ulong* _first; // of the region
    private ulong* _home;
    private uint _tag;
    private int _buckets;
    private ulong* _bucket;
    private int _passed;

    public BucketWalk(scoped in Region region, ulong hash)
        : this(region.At(0), region.Link, hash)
    {
    }

    private BucketWalk(ulong* first, Link region, ulong hash) => Begin(first, region, hash);

    /// <param name="first">Bucket of the region.</param>
    /// <param name="region">Its link.</param>
    /// <param name="hash">That is looked for.</param>
    public void Begin(ulong* first, Link region, ulong hash)
    {
        _tag = Region.TagOf(hash, region);
        _buckets = region.Buckets;
        _first = first;
        _bucket = _home = first + Region.HomeOf(_tag, region) * Bucket.Words;
        _passed = 0;
    }

    public void End() => _bucket = null;

    /// <summary>There is a bucket to look at.</summary>
    public readonly bool IsActive => _bucket != null;

    /// <summary>Entries of the home bucket went to overflow buckets.</summary>
    public readonly bool HasOverflow => _home != null && Bucket.Overflow(_home) != 0;

    /// <summary>Asks the processor to load the bucket.</summary>
    public readonly void Prefetch()
    {
        if (Sse.IsSupported && _bucket != null)
            Sse.Prefetch0(_bucket);
    }

    /// <summary>The first entry in the bucket whose tag matches.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly bool TryMatch(out ulong* entry)
    {
        uint matches = Bucket.MatchTag(_bucket, _tag);
        entry = matches == 0 ? null : _bucket + BitOperations.TrailingZeroCount(matches);
        return matches != 0;
    }

    /// <summary>Goes to the next bucket that an entry of the hash may be in; false: there is none.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool MoveNext()
    {
        if (!Bucket.WasPassed(_bucket) || ++_passed == _buckets)
        {
            _bucket = null;
            return false;
        }
        _bucket += Bucket.Words;
        if (_bucket == _first + _buckets * Bucket.Words)
            _bucket = _first;
        return true;
    }
}
