namespace Torc.Simulator.Disks;

/// <summary>
/// A write or change of length that is not synced. <see cref="Data"/> null means zeros over
/// [Offset, Offset + ByteCount): zero fills take no memory.
/// </summary>
internal sealed record UnsyncedChange(long Sequence, long Offset, long ByteCount, byte[]? Data, long LengthAfter)
{
    /// <summary>Copies the part of this change that falls into [at, at + into.Length).</summary>
    public void ApplyTo(long at, Span<byte> into)
    {
        long from = Math.Max(at, Offset);
        long to = Math.Min(at + into.Length, Offset + ByteCount);
        if (from >= to)
            return;
        Span<byte> target = into.Slice((int)(from - at), (int)(to - from));
        if (Data is null)
            target.Clear();
        else
            Data.AsSpan((int)(from - Offset), target.Length).CopyTo(target);
    }
}

/// <summary>
/// What is behind a file name (an inode): the bytes that a running process sees, the bytes that survive any power loss,
/// and the changes in between in order. Invariants: a page in the dirty set is owned by the live side alone and
/// may be written in place, every other page array is frozen; durable pages + unsynced changes in order = live pages,
/// unless a sync failed (then the changes of that time are live only, as on Linux, where a failed fsync marks the pages clean).
/// </summary>
internal sealed class FileContent
{
    /// <summary>Changes of a file of one page that wait for a sync: of one that is written over and over the operating system writes back in between.</summary>
    private const int UnsyncedOfPageMax = 64;

    private readonly HashSet<long> _dirty = [];
    private readonly List<UnsyncedChange> _unsynced = [];

    public FileContent()
        : this(new SparsePages(), 0)
    {
    }

    /// <summary>A file whose content is durable.</summary>
    public FileContent(SparsePages durable, long length)
    {
        DurablePages = durable;
        LivePages = durable.Share();
        DurableLength = length;
        Length = length;
    }

    public SparsePages LivePages { get; }

    public SparsePages DurablePages { get; }

    public long Length { get; private set; }

    public long DurableLength { get; private set; }

    public IReadOnlyList<UnsyncedChange> Unsynced => _unsynced;

    /// <summary>Handles that keep an unlinked file's space taken.</summary>
    public int OpenHandles { get; set; }

    public bool IsLinked { get; set; } = true;

    public void Write(long sequence, long offset, ReadOnlySpan<byte> data)
    {
        if (data.IsEmpty)
            return;
        if (Length <= SparsePages.PageBytes && _unsynced.Count >= UnsyncedOfPageMax)
            Sync();
        bool zeros = data.IndexOfAnyExcept((byte)0) < 0;
        Length = Math.Max(Length, offset + data.Length);
        if (zeros)
            ClearLive(offset, data.Length);
        else
            CopyToLive(offset, data);
        _unsynced.Add(new UnsyncedChange(sequence, offset, data.Length, zeros ? null : data.ToArray(), Length));
    }

    public void SetLength(long sequence, long length)
    {
        long cut = Math.Max(0, Length - length);
        if (cut > 0)
            ClearLive(length, cut);
        Length = length;
        _unsynced.Add(new UnsyncedChange(sequence, length, cut, null, length));
    }

    public void Sync()
    {
        foreach (long page in _dirty)
            DurablePages.Set(page, LivePages.Find(page));
        DurableLength = Length;
        ForgetUnsynced();
    }

    /// <summary>A sync failed: what was unsynced stays visible and never becomes durable by a later sync.</summary>
    public void ForgetUnsynced()
    {
        _dirty.Clear();
        _unsynced.Clear();
    }

    /// <summary>Inverts a bit in place, on the medium and in the page cache.</summary>
    public void FlipBit(long offset, int bit)
    {
        (long page, int start, _) = SparsePages.Piece(offset, 1);
        byte[] live = (byte[]?)LivePages.Find(page)?.Clone() ?? new byte[SparsePages.PageBytes];
        live[start] ^= (byte)(1 << bit);
        LivePages.Set(page, live);
        byte[] durable = (byte[]?)DurablePages.Find(page)?.Clone() ?? new byte[SparsePages.PageBytes];
        durable[start] ^= (byte)(1 << bit);
        DurablePages.Set(page, durable);
    }

    private void CopyToLive(long offset, ReadOnlySpan<byte> data)
    {
        while (!data.IsEmpty)
        {
            (long page, int start, int count) = SparsePages.Piece(offset, data.Length);
            data[..count].CopyTo(OwnPage(page).AsSpan(start));
            offset += count;
            data = data[count..];
        }
    }

    private void ClearLive(long offset, long byteCount)
    {
        while (byteCount > 0)
        {
            (long page, int start, int count) = SparsePages.Piece(offset, byteCount);
            if (LivePages.Contains(page))
            {
                if (count == SparsePages.PageBytes)
                {
                    LivePages.Set(page, null);
                    _dirty.Add(page);
                }
                else
                {
                    OwnPage(page).AsSpan(start, count).Clear();
                }
            }
            offset += count;
            byteCount -= count;
        }
    }

    private byte[] OwnPage(long page)
    {
        byte[]? bytes = LivePages.Find(page);
        bool owned = !_dirty.Add(page);
        if (owned && bytes is not null)
            return bytes;
        bytes = bytes is null ? new byte[SparsePages.PageBytes] : (byte[])bytes.Clone();
        LivePages.Set(page, bytes);
        return bytes;
    }
}
