using System.Numerics;

namespace Torc.Storage.Directory;

/// <summary>Walks the addresses whose tag matches a hash: nearly always none or one. Valid until the directory changes.</summary>
public unsafe ref struct CandidateEnumerator
{
    private readonly DirectoryLines _lines;
    private readonly ulong* _first; // of the region
    private readonly ulong* _home;
    private readonly uint _tag;
    private ulong* _bucket;
    private uint _matches;
    private int _bucketsLeft; // of the region, this one included; 0 when in the overflow
    private readonly ulong* _last;

    internal CandidateEnumerator(DirectoryLines lines, Link link, ulong hash)
    {
        _lines = lines;
        if (link.Buckets == 0)
            return;
        var region = new Region(lines, link);
        _tag = region.TagOf(hash);
        _first = region.At(0);
        _last = region.At(link.Buckets - 1);
        _home = region.At(region.HomeOf(_tag));
        _bucket = _home;
        _bucketsLeft = link.Buckets;
        _matches = Bucket.MatchTag(_home, _tag);
    }

    public long Current { get; private set; }

    public readonly CandidateEnumerator GetEnumerator() => this;

    public bool MoveNext()
    {
        while (_matches == 0)
        {
            if (!MoveToNextBucket())
                return false;
            _matches = Bucket.MatchTag(_bucket, _tag);
        }
        Current = Bucket.AddressOf(_bucket[BitOperations.TrailingZeroCount(_matches)]);
        _matches &= _matches - 1;
        return true;
    }

    private bool MoveToNextBucket()
    {
        if (_bucket == null)
            return false;
        if (_bucketsLeft > 0)
        {
            if (--_bucketsLeft > 0 && Bucket.WasPassed(_bucket))
            {
                _bucket = _bucket == _last ? _first : _bucket + Bucket.Words;
                return true;
            }
            _bucketsLeft = 0;
            _bucket = _home;
        }
        uint overflow = Bucket.Overflow(_bucket);
        _bucket = overflow == 0 ? null : _lines.Pointer(overflow);
        return overflow != 0;
    }
}
