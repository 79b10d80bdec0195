using System.Buffers.Binary;

namespace Torc.Base;

/// <summary>
/// CRC-16/XMODEM (polynomial 0x1021, initial value 0, not reflected): the checksum behind Redis Cluster's slots. Four bytes
/// at a time by four tables (slicing, Kounavis and Berry 2005), since every command needs one.
/// </summary>
public static class Crc16
{
    private const ushort Polynomial = 0x1021;
    private const int Entries = 256;
    private static readonly ushort[] Tables = MakeTables();

    public static ushort Compute(ReadOnlySpan<byte> data)
    {
        ReadOnlySpan<ushort> tables = Tables;
        uint crc = 0;
        for (; data.Length >= sizeof(uint); data = data[sizeof(uint)..])
        {
            uint word = BinaryPrimitives.ReadUInt32BigEndian(data) ^ (crc << 16);
            crc = (uint)(tables[3 * Entries + (int)(word >> 24)] ^ tables[2 * Entries + (byte)(word >> 16)]
                ^ tables[Entries + (byte)(word >> 8)] ^ tables[(byte)word]);
        }
        foreach (byte value in data)
            crc = (ushort)((crc << 8) ^ tables[(byte)(crc >> 8) ^ value]);
        return (ushort)crc;
    }

    /// <summary>Table i gives what a byte contributes with i zero bytes behind it.</summary>
    private static ushort[] MakeTables()
    {
        var tables = new ushort[4 * Entries];
        for (int index = 0; index < Entries; index++)
        {
            int crc = index << 8;
            for (int bit = 0; bit < 8; bit++)
                crc = (crc & 0x8000) != 0 ? (crc << 1) ^ Polynomial : crc << 1;
            tables[index] = (ushort)crc;
        }
        for (int index = Entries; index < tables.Length; index++)
        {
            ushort before = tables[index - Entries];
            tables[index] = (ushort)((before << 8) ^ tables[before >> 8]);
        }
        return tables;
    }
}
