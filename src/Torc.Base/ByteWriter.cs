using System.Buffers;
using System.Buffers.Binary;

namespace Torc.Base;

/// <summary>
/// A growable byte buffer over the shared array pool with one owner. Little-endian helpers serve the codecs.
/// <see cref="Dispose"/> returns the array; in Debug builds it is overwritten first, so that a late reader is seen.
/// </summary>
public sealed class ByteWriter : IBufferWriter<byte>, IDisposable
{
    private byte[] _bytes;

    public ByteWriter(int capacity = 256) => _bytes = ArrayPool<byte>.Shared.Rent(Math.Max(capacity, 16));

    /// <summary>Bytes written so far.</summary>
    public int Length { get; private set; }

    public ReadOnlySpan<byte> Written => _bytes.AsSpan(0, Length);

    /// <summary>The written bytes as memory; valid until the next write, <see cref="Clear"/> or <see cref="Dispose"/>.</summary>
    public ReadOnlyMemory<byte> WrittenMemory => _bytes.AsMemory(0, Length);

    public void Advance(int count)
    {
        Check.That(count >= 0 && count <= _bytes.Length - Length);
        Length += count;
    }

    public Span<byte> GetSpan(int sizeHint = 0)
    {
        Reserve(Math.Max(sizeHint, 1));
        return _bytes.AsSpan(Length);
    }

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(Math.Max(sizeHint, 1));
        return _bytes.AsMemory(Length);
    }

    public void WriteByte(byte value)
    {
        Reserve(1);
        _bytes[Length++] = value;
    }

    public void Write(ReadOnlySpan<byte> data)
    {
        Reserve(data.Length);
        data.CopyTo(_bytes.AsSpan(Length));
        Length += data.Length;
    }

    public void WriteUInt16(ushort value)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(GetSpan(2), value);
        Length += 2;
    }

    public void WriteUInt32(uint value)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(GetSpan(4), value);
        Length += 4;
    }

    public void WriteUInt64(ulong value)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(GetSpan(8), value);
        Length += 8;
    }

    public void WriteInt64(long value) => WriteUInt64((ulong)value);

    /// <summary>A 32-bit little-endian length, then the bytes.</summary>
    public void WriteBlob(ReadOnlySpan<byte> data)
    {
        WriteUInt32((uint)data.Length);
        Write(data);
    }

    /// <summary>Writable view of bytes already written, for lengths and checksums known only afterwards.</summary>
    public Span<byte> Patch(int offset, int length)
    {
        Check.That(offset >= 0 && length >= 0 && offset + length <= Length);
        return _bytes.AsSpan(offset, length);
    }

    /// <summary>Drops everything after the first <paramref name="length"/> bytes.</summary>
    public void Truncate(int length)
    {
        Check.That(length >= 0 && length <= Length);
        Length = length;
    }

    public void Clear() => Length = 0;

    /// <summary>Empties the buffer for its next use, and gives the array back when it is larger than <paramref name="keptBytesMax"/>.</summary>
    public void ClearAndKeep(int keptBytesMax)
    {
        Length = 0;
        if (_bytes.Length > keptBytesMax)
            Dispose();
    }

    public void Dispose()
    {
        byte[] bytes = _bytes;
        _bytes = [];
        Length = 0;
        if (bytes.Length == 0)
            return;
#if DEBUG
        bytes.AsSpan().Fill(0xDD);
#endif
        ArrayPool<byte>.Shared.Return(bytes);
    }

    private void Reserve(int count)
    {
        if (_bytes.Length - Length >= count)
            return;
        int wanted = checked(Length + count);
        int doubled = (int)Math.Min(Math.Max((long)_bytes.Length * 2, 16), Array.MaxLength);
        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(wanted, doubled));
        _bytes.AsSpan(0, Length).CopyTo(larger);
        if (_bytes.Length > 0)
            ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = larger;
    }
}
