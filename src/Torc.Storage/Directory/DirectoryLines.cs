namespace Torc.Storage.Directory;

/// <summary>The lines of a <see cref="BucketArena"/> that one directory holds, counted.</summary>
internal sealed unsafe class DirectoryLines(BucketArena arena)
{
    public long Bytes { get; private set; }

    public BucketArena Arena => arena;

    /// <summary>Takes neighbouring lines, all zero.</summary>
    public uint RentCleared(int lines)
    {
        uint line = arena.Rent(lines);
        Bytes += (long)lines * BucketArena.LineBytes;
        new Span<byte>(arena.Pointer(line), lines * BucketArena.LineBytes).Clear();
        return line;
    }

    public void Return(uint line, int lines)
    {
        arena.Return(line, lines);
        Bytes -= (long)lines * BucketArena.LineBytes;
    }

    public ulong* Pointer(uint line) => (ulong*)arena.Pointer(line);
}
