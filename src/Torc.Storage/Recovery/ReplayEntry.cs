using System.Runtime.InteropServices;
using Torc.Storage.Records;

namespace Torc.Storage.Recovery;

/// <summary>A put or forget record on its way into a key directory.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly unsafe struct ReplayEntry(ulong hash, long address, RecordKind kind, RecordFlags flags, byte* key, int keyLength, int size)
{
    private const int AddressBits = 40;
    private const int FlagsShift = 40, KindShift = 48;

    private readonly ulong _word = (ulong)address | (ulong)flags << FlagsShift | (ulong)kind << KindShift;
    private readonly byte* _key = key;
    private readonly int _keyLength = keyLength;

    public readonly ulong Hash = hash;
    public readonly int Size = size;

    public long Address => (long)(_word & ((1UL << AddressBits) - 1));

    public RecordFlags Flags => (RecordFlags)(byte)(_word >> FlagsShift);

    public RecordKind Kind => (RecordKind)(byte)(_word >> KindShift);

    /// <summary>Points into the segment's index; valid while that is.</summary>
    public ReadOnlySpan<byte> Key => new(_key, _keyLength);

    public byte* KeyPointer => _key;
}
