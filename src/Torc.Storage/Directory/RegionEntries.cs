using System.Numerics;

namespace Torc.Storage.Directory;

/// <summary>Walks all entries of a region, overflow included, in no order.</summary>
internal unsafe ref struct RegionEntries
{
    private readonly DirectoryLines _lines;
    private readonly Region _region;
    private ulong* _bucket;
    private uint _left; // entries of the bucket still to come
    private int _index;

    public RegionEntries(DirectoryLines lines, Region region)
    {
        _lines = lines;
        _region = region;
        _index = -1;
    }

    public ulong Current { get; private set; }

    public readonly RegionEntries GetEnumerator() => this;

    public bool MoveNext()
    {
        while (_left == 0)
        {
            uint overflow = _bucket == null ? 0 : Bucket.Overflow(_bucket);
            if (overflow != 0)
                _bucket = _lines.Pointer(overflow);
            else if (++_index < _region.Link.Buckets)
                _bucket = _region.At(_index);
            else
                return false;
            _left = Bucket.Taken(_bucket);
        }
        Current = _bucket[BitOperations.TrailingZeroCount(_left)];
        _left &= _left - 1;
        return true;
    }
}
