namespace Torc.Node.Commands.Keys;

/// <summary>
/// Where a SCAN goes on, in one number that needs no memory on any node:
/// <code>
/// bit 63   62 .. 49     48 .. 0
/// 0        partition    the highest 49 bits of the hash from which to go on
/// </code>
/// 0 is the start, and also what the last reply says. The top bit stays clear for clients that keep cursors in signed numbers.
/// A range therefore ends at a multiple of 2^15 in the space of hashes; keys beyond it are left for the next call, so that
/// each key is returned once while nothing changes.
/// </summary>
internal readonly record struct ScanCursor(int Partition, ulong Hash)
{
    private const int HashBits = 49;
    private const int DroppedBits = 64 - HashBits;

    /// <summary>False when the cursor names no partition: no reply ever said it.</summary>
    public static bool TryDecode(ulong cursor, int partitionCount, out ScanCursor position)
    {
        position = new ScanCursor((int)(cursor >> HashBits), cursor << DroppedBits);
        return cursor >> HashBits < (ulong)partitionCount;
    }

    /// <summary>The greatest end that a cursor can name and that is not above this one.</summary>
    public static ulong Align(ulong hash) => hash >> DroppedBits << DroppedBits;

    public ulong Encode() => (ulong)Partition << HashBits | Hash >> DroppedBits;
}
