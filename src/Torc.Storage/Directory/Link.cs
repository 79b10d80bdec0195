using Torc.Base;

namespace Torc.Storage.Directory;

/// <summary>
/// Eight bytes that say where a region or a branch of a <see cref="KeyDirectory"/> lies and how to read it, so that a
/// lookup needs no other memory before the bucket itself. Zero is an empty region of the whole hash space.
/// <code>
///  bits  0..31  line     where it starts in the BucketArena; 0 when the region has no bucket
///       32..36  buckets  of a region: 0..12
///       37..43  depth    hash bits that all keys below here share: 0..60
///       44..48  spent    of a region: leading bits of its tags that depth makes equal, so they tell nothing: 0..20
///       49..55  count    of a region: entries in its buckets (not in overflow lines): 0..84
///       56..59  fanout   of a branch: it holds 2^fanout links; 0 for a region
/// </code>
/// </summary>
internal readonly record struct Link(ulong Word)
{
    public uint Line => (uint)Word;

    public int Buckets => (int)(Word >> 32) & 0x1F;

    public int Depth => (int)(Word >> 37) & 0x7F;

    public int Spent => (int)(Word >> 44) & 0x1F;

    public int Count => (int)(Word >> 49) & 0x7F;

    public int FanoutBits => (int)(Word >> 56) & 0xF;

    public bool IsBranch => Word >> 56 != 0;

    /// <summary>The first hash bit that the region's tags hold.</summary>
    public int TagStart => Depth - Spent;

    public static Link Region(uint line, int buckets, int depth, int spent, int count)
    {
        Check.Deep(buckets <= 0x1F && depth <= 0x7F && spent <= depth && spent <= 0x1F && count <= 0x7F);
        return new Link(line | (ulong)buckets << 32 | (ulong)depth << 37 | (ulong)spent << 44 | (ulong)count << 49);
    }

    public static Link Branch(uint line, int fanoutBits, int depth)
    {
        Check.Deep(fanoutBits is > 0 and <= 0xF && depth <= 0x7F);
        return new Link(line | (ulong)depth << 37 | (ulong)fanoutBits << 56);
    }

    public Link WithCount(int count) => new((Word & ~(0x7FUL << 49)) | (ulong)count << 49);

    /// <summary>Which link of this branch leads to a hash.</summary>
    public int IndexOf(ulong hash) => (int)(hash << Depth >> (64 - FanoutBits));

    /// <summary>How many neighbouring links of this branch are the same as <paramref name="child"/>, since it is shallower than the branch's reach.</summary>
    public int RunOf(Link child) => 1 << (Depth + FanoutBits - child.Depth);
}
