using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Torc.Storage.Directory;

/// <summary>
/// The place of a link: the equal neighbours in a branch that all lead to it, or the root of a directory. The count of a
/// region is kept in the first of them only.
/// </summary>
internal readonly ref struct LinkRun(ref ulong first, int length)
{
    private readonly ref ulong _first = ref first;

    public int Length { get; } = length;

    public Link Link => new(_first);

    public void SetCount(Link link) => _first = link.Word;

    public void SetAll(Link link) => Part(0, Length).Fill(link.Word);

    public void SetHalves(Link left, Link right)
    {
        Part(0, Length / 2).Fill(left.Word);
        Part(Length / 2, Length / 2).Fill(right.Word);
    }

    private Span<ulong> Part(int from, int length) =>
        MemoryMarshal.CreateSpan(ref Unsafe.Add(ref _first, from), length);
}
