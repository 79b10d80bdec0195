using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Torc.Storage.Directory;

/// <summary>
/// The way from a hash to the address of its record, a step for each load: the link that leads to the region, then the home bucket, then those that the key
/// may have spilled to. Each step looks at what the one before has asked the processor for, and asks for the next. Holds no references, so that many can lie
/// side by side. Valid until the directory changes.
/// </summary>
internal unsafe struct DirectoryApproach
{
    private readonly ulong _hash;
    private ulong* _link; // null once the walk has begun
    private BucketWalk _walk;

    /// <param name="link">That leads on, in the root branch.</param>
    /// <param name="hash">Of the key.</param>
    public DirectoryApproach(ulong* link, ulong hash)
    {
        _link = link;
        _hash = hash;
        if (Sse.IsSupported)
            Sse.Prefetch0(link);
    }

    /// <param name="first">Bucket of the only region.</param>
    /// <param name="region">Its link.</param>
    /// <param name="hash">Of the key.</param>
    public DirectoryApproach(ulong* first, Link region, ulong hash)
    {
        _hash = hash;
        _walk = new BucketWalk(first, region, hash);
        _walk.Prefetch();
    }

    /// <summary>There is more to look at.</summary>
    public readonly bool IsUnderWay => _link != null || _walk.IsActive;

    /// <summary>One step. True: this address matches the hash, and the way has ended.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Advance(BucketArena lines, out long address)
    {
        if (_link != null)
        {
            BeginWalk(lines);
            address = -1;
            return false;
        }
        if (_walk.TryMatch(out address))
        {
            _walk = default;
            return true;
        }
        if (_walk.MoveNext())
            _walk.Prefetch();
        return false;
    }

    private void BeginWalk(BucketArena lines)
    {
        var link = new Link(*_link);
        while (link.IsBranch) // below the root they are few
            link = new Link(((ulong*)lines.Pointer(link.Line))[link.IndexOf(_hash)]);
        _link = null;
        if (link.Buckets == 0)
            return;
        _walk = new BucketWalk((ulong*)lines.Pointer(link.Line), link, _hash);
        _walk.Prefetch();
    }
}
