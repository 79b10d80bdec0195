namespace Torc.Core.Placement;

/// <summary>
/// The position of a key on the ring, as in the Redis Cluster specification: CRC16 modulo 16384 of the key, or of
/// its hash tag, the bytes between the first '{' and the next '}', when there are any.
/// </summary>
public static class Slots
{
    public const int Count = 16384;

    public static int Of(ReadOnlySpan<byte> key) => Crc16.Compute(Tag(key)) & (Count - 1);

    private static ReadOnlySpan<byte> Tag(ReadOnlySpan<byte> key)
    {
        int open = key.IndexOf((byte)'{');
        if (open < 0)
            return key;
        ReadOnlySpan<byte> after = key[(open + 1)..];
        int length = after.IndexOf((byte)'}');
        return length > 0 ? after[..length] : key;
    }
}
