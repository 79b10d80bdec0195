using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Torc.Storage.Directory;

/// <summary>
/// The way from a hash to the address of its record, a step for each load: the link that leads to the region, then the home bucket, then those that the key
/// may have spilled to. Each step looks at what the one before has asked the processor for, and asks for the next. Holds no references, so that many can lie
/// side by side, and is filled where it lies: to copy it waits for the stores that made it. Valid until the directory changes.
/// </summary>
internal unsafe struct DirectoryApproach
{
    private ulong* _link; // null once the walk has begun
    private BucketWalk _walk;

    public ulong Hash { get; private set; }

    /// <summary>There is more to look at.</summary>
    public readonly bool IsUnderWay => _link != null || _walk.IsActive;

    /// <param name="link">That leads on, in the root branch.</param>
    /// <param name="hash">Of the key.</param>
    public void Begin(ulong* link, ulong hash)
    {
        Hash = hash;
        _link = link;
        _walk.End();
        if (Sse.IsSupported)
            Sse.Prefetch0(link);
    }

    /// <param name="first">Bucket of the only region.</param>
    /// <param name="region">Its link.</param>
    /// <param name="hash">Of the key.</param>
    public void Begin(ulong* first, Link region, ulong hash)
    {
        Hash = hash;
        _link = null;
        _walk.Begin(first, region, hash);
        _walk.Prefetch();
    }

    /// <summary>There is nothing to look at.</summary>
    public void End()
    {
        _link = null;
        _walk.End();
    }

    /// <summary>One step. True: this entry matches the hash, and the way has ended.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool Advance(BucketArena lines, out ulong* entry)
    {
        if (_link != null)
        {
            BeginWalk(lines);
            entry = null;
            return false;
        }
        if (_walk.TryMatch(out entry))
        {
            _walk.End();
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
            link = new Link(((ulong*)lines.Pointer(link.Line))[link.IndexOf(Hash)]);
        _link = null;
        if (link.Buckets == 0)
            return;
        _walk.Begin((ulong*)lines.Pointer(link.Line), link, Hash);
        _walk.Prefetch();
    }
}
