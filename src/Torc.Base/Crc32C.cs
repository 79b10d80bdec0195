using System.Buffers.Binary;
using System.Numerics;

namespace Torc.Base;

/// <summary>CRC-32C (Castagnoli, RFC 3720 appendix B.4), continued from a seed so that a record can mix in its place.</summary>
public static class Crc32C
{
    /// <summary>The checksum of <paramref name="data"/>; pass an earlier result as <paramref name="seed"/> to continue it.</summary>
    public static uint Compute(ReadOnlySpan<byte> data, uint seed = 0)
    {
        uint crc = ~seed;
        for (; data.Length >= 8; data = data[8..])
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(data));
        if (data.Length >= 4)
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt32LittleEndian(data));
            data = data[4..];
        }
        foreach (byte value in data)
            crc = BitOperations.Crc32C(crc, value);
        return ~crc;
    }

    /// <summary>The checksum of the eight bytes of a little-endian number.</summary>
    public static uint Compute(ulong word, uint seed) => ~BitOperations.Crc32C(~seed, word);
}
