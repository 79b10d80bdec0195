using System.Buffers.Binary;

namespace Torc.Base;

/// <summary>
/// Reads what <see cref="ByteWriter"/> wrote, from bytes that may be hostile: a read past the end returns zero
/// or empty and makes <see cref="Failed"/> true for good, so a codec checks once at its end.
/// </summary>
public ref struct ByteReader(ReadOnlySpan<byte> data)
{
    private ReadOnlySpan<byte> _rest = data;

    public bool Failed { get; private set; }

    public readonly int Remaining => _rest.Length;

    /// <summary>True when every byte was read and none was missing.</summary>
    public readonly bool Complete => !Failed && _rest.IsEmpty;

    public byte ReadByte() => Take(1) is { Length: 1 } s ? s[0] : (byte)0;

    public ushort ReadUInt16() => Take(2) is { Length: 2 } s ? BinaryPrimitives.ReadUInt16LittleEndian(s) : (ushort)0;

    public uint ReadUInt32() => Take(4) is { Length: 4 } s ? BinaryPrimitives.ReadUInt32LittleEndian(s) : 0;

    public ulong ReadUInt64() => Take(8) is { Length: 8 } s ? BinaryPrimitives.ReadUInt64LittleEndian(s) : 0;

    public long ReadInt64() => (long)ReadUInt64();

    /// <summary>A 32-bit length, then that many bytes: a view into the input.</summary>
    public ReadOnlySpan<byte> ReadBlob()
    {
        uint length = ReadUInt32();
        if (length > (uint)_rest.Length)
        {
            Failed = true;
            return default;
        }
        return Take((int)length);
    }

    public ReadOnlySpan<byte> Take(int count)
    {
        if (Failed || count > _rest.Length || count < 0)
        {
            Failed = true;
            return default;
        }
        ReadOnlySpan<byte> taken = _rest[..count];
        _rest = _rest[count..];
        return taken;
    }

    public ReadOnlySpan<byte> TakeRest() => Take(_rest.Length);
}
