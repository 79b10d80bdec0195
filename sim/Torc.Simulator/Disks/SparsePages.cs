using Torc.Base;

namespace Torc.Simulator.Disks;

/// <summary>
/// Pages of a file; an absent page is all zeros, so that a preallocated segment costs nothing. Page arrays are shared
/// between the live file, its durable image and crash images: whoever writes a page must own it
/// (<see cref="FileContent"/> keeps the owned ones).
/// </summary>
internal sealed class SparsePages
{
    public const int PageBytes = 4096;

    private readonly Dictionary<long, byte[]> _pages;

    public SparsePages() => _pages = [];

    private SparsePages(Dictionary<long, byte[]> pages) => _pages = pages;

    /// <summary>Number of pages that take memory.</summary>
    public int Count => _pages.Count;

    /// <summary>Same pages, own table.</summary>
    public SparsePages Share() => new(new Dictionary<long, byte[]>(_pages));

    public byte[]? Find(long page) => _pages.GetValueOrDefault(page);

    public bool Contains(long page) => _pages.ContainsKey(page);

    /// <summary>Sets or (null) drops a page.</summary>
    public void Set(long page, byte[]? bytes)
    {
        if (bytes is null)
            _pages.Remove(page);
        else
            _pages[page] = bytes;
    }

    public void Read(long offset, Span<byte> into)
    {
        while (!into.IsEmpty)
        {
            (long page, int start, int count) = Piece(offset, into.Length);
            if (_pages.TryGetValue(page, out byte[]? bytes))
                bytes.AsSpan(start, count).CopyTo(into);
            else
                into[..count].Clear();
            offset += count;
            into = into[count..];
        }
    }

    /// <summary>Zeros everything at or after the offset, on own copies.</summary>
    public void ClearFrom(long offset)
    {
        (long boundary, int start, _) = Piece(offset, 1);
        foreach (long page in _pages.Keys.ToArray())
        {
            if (page > boundary || (page == boundary && start == 0))
            {
                _pages.Remove(page);
            }
            else if (page == boundary)
            {
                byte[] bytes = (byte[])_pages[page].Clone();
                bytes.AsSpan(start).Clear();
                _pages[page] = bytes;
            }
        }
    }

    /// <summary>The page of an offset, the place in it, and how many of <paramref name="wanted"/> bytes are in that page.</summary>
    public static (long Page, int Start, int Count) Piece(long offset, long wanted)
    {
        Check.That(offset >= 0);
        int start = (int)(offset % PageBytes);
        return (offset / PageBytes, start, (int)Math.Min(wanted, PageBytes - start));
    }
}
