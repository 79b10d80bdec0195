namespace Torc.Base;

/// <summary>
/// CRC-16/XMODEM (polynomial 0x1021, initial value 0, not reflected): the checksum behind Redis Cluster's slots.
/// </summary>
public static class Crc16
{
    private const ushort Polynomial = 0x1021;
    private static readonly ushort[] Table = MakeTable();

    public static ushort Compute(ReadOnlySpan<byte> data)
    {
        ushort crc = 0;
        foreach (byte value in data)
            crc = (ushort)((crc << 8) ^ Table[(byte)(crc >> 8) ^ value]);
        return crc;
    }

    private static ushort[] MakeTable()
    {
        var table = new ushort[256];
        for (int index = 0; index < table.Length; index++)
        {
            int crc = index << 8;
            for (int bit = 0; bit < 8; bit++)
                crc = (crc & 0x8000) != 0 ? (crc << 1) ^ Polynomial : crc << 1;
            table[index] = (ushort)crc;
        }
        return table;
    }
}
