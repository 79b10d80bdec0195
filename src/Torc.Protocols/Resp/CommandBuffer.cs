using Torc.Base;

namespace Torc.Protocols.Resp;

/// <summary>
/// One command: its name and arguments as bytes, end to end in one pooled array, and the places where they end.
/// One owner; reusable without allocation. Spans given out are valid until the next <see cref="Clear"/>,
/// <see cref="Add"/> or read into this buffer.
/// </summary>
/// <remarks>
/// The arguments are copies. Views into the socket's buffers would save the copy of small commands, and cost a pinned
/// chain of buffers for each command that waits for its quorum; a waiting command is the common case here.
/// </remarks>
public sealed class CommandBuffer : IDisposable
{
    /// <summary>What an argument costs besides its bytes.</summary>
    public const int ArgumentOverheadBytes = sizeof(int);

    /// <summary>Larger arrays are given up by <see cref="Clear"/>: idle connections hold little.</summary>
    public const int RetainedBytesMax = 4 * 1024;

    private byte[] _bytes = [];
    private int[] _ends = [];
    private int _length;
    private bool _isLarge; // known without a look at the arrays: a command that waited for its quorum has left the processor's caches

    /// <summary>Number of complete arguments, the command's name included.</summary>
    public int Count { get; private set; }

    /// <summary>Bytes of all arguments.</summary>
    public int ArgumentBytes => _length;

    /// <summary>What the command counts towards <see cref="RespLimits.CommandBytesMax"/>.</summary>
    public long HeldBytes => _length + (long)Count * ArgumentOverheadBytes;

    /// <summary>Bytes of memory that this buffer owns, used or not.</summary>
    public long CapacityBytes => _bytes.Length + (long)_ends.Length * sizeof(int);

    /// <summary>The argument at <paramref name="index"/>; 0 is the command's name.</summary>
    public ReadOnlySpan<byte> this[int index]
    {
        get
        {
            Check.That((uint)index < (uint)Count);
            int start = index == 0 ? 0 : _ends[index - 1];
            return _bytes.AsSpan(start, _ends[index] - start);
        }
    }

    /// <summary>Appends one whole argument.</summary>
    public void Add(ReadOnlySpan<byte> argument)
    {
        AppendPart(argument, 0);
        EndArgument();
    }

    /// <summary>Replaces this command with a copy of <paramref name="other"/>.</summary>
    public void CopyFrom(CommandBuffer other)
    {
        Check.That(other != this);
        Clear();
        int count = other.Count;
        if (count == 0)
            return;
        int length = other._ends[count - 1];
        AppendPart(other._bytes.AsSpan(0, length), 0);
        if (_ends.Length < count)
            GrowEnds(0, count, count);
        other._ends.AsSpan(0, count).CopyTo(_ends);
        Count = count;
    }

    /// <summary>Forgets the command; keeps its memory for the next one unless it is large.</summary>
    public void Clear()
    {
        Count = 0;
        _length = 0;
        if (_isLarge)
            GiveUpLargeArrays();
    }

    /// <summary>Gives the memory back. The buffer is then empty, and usable.</summary>
    public void Dispose()
    {
        Count = 0;
        _length = 0;
        _isLarge = false;
        PooledArray<byte>.Return(ref _bytes);
        PooledArray<int>.Return(ref _ends);
    }

    /// <summary>Appends a piece of the argument that is under way; <paramref name="toCome"/> more bytes of it are announced.</summary>
    internal void AppendPart(ReadOnlySpan<byte> part, long toCome)
    {
        int needed = checked(_length + part.Length);
        if (needed > _bytes.Length)
        {
            PooledArray<byte>.Grow(ref _bytes, _length, needed, needed + toCome);
            _isLarge |= _bytes.Length > RetainedBytesMax;
        }
        part.CopyTo(_bytes.AsSpan(_length));
        _length = needed;
    }

    /// <summary>Makes the pieces appended since the last argument the next argument.</summary>
    internal void EndArgument()
    {
        if (Count == _ends.Length)
            GrowEnds(Count, Count + 1, 0);
        _ends[Count++] = _length;
    }

    /// <summary>Bytes appended after the last argument.</summary>
    internal Span<byte> Unended() => _bytes.AsSpan(UnendedStart, _length - UnendedStart);

    /// <summary>Makes the first <paramref name="length"/> of the unended bytes the next argument; the rest stays where it is.</summary>
    internal void EndArgumentAt(int length)
    {
        Check.That(length >= 0 && length <= _length - UnendedStart);
        int end = UnendedStart + length;
        if (Count == _ends.Length)
            GrowEnds(Count, Count + 1, 0);
        _ends[Count++] = end;
    }

    /// <summary>Drops the bytes that belong to no argument.</summary>
    internal void DropUnended() => _length = UnendedStart;

    private void GrowEnds(int used, int needed, long wanted)
    {
        PooledArray<int>.Grow(ref _ends, used, needed, wanted);
        _isLarge |= _ends.Length > RetainedBytesMax / sizeof(int);
    }

    private void GiveUpLargeArrays()
    {
        if (_bytes.Length > RetainedBytesMax)
            PooledArray<byte>.Return(ref _bytes);
        if (_ends.Length > RetainedBytesMax / sizeof(int))
            PooledArray<int>.Return(ref _ends);
        _isLarge = false;
    }

    private int UnendedStart => Count == 0 ? 0 : _ends[Count - 1];
}
