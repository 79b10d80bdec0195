using System.Runtime.InteropServices;
using Torc.Storage.Records;

namespace Torc.Storage.Segments;

/// <summary>An entry of a <see cref="SegmentIndex"/> as it lies in memory and in the hint file. Recovery reads millions of them.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 4, Size = SegmentIndex.EntryBytes)]
internal readonly struct IndexRecord
{
    public readonly ulong Hash;
    private readonly ulong _versionLow, _versionHigh;
    private readonly uint _unit;
    private readonly int _rowLength;
    private readonly uint _keyAndKind;
    private readonly byte _flags, _keyspace;
    private readonly ushort _partition;
    public readonly int KeyStart;

    public UInt128 Version => new(_versionHigh, _versionLow);

    public int Offset => (int)_unit * RecordCodec.AlignmentBytes;

    public int KeyLength => (int)(_keyAndKind & RecordCodec.KeyBytesMax);

    public RecordKind Kind => (RecordKind)(_keyAndKind >> 24);

    public RecordFlags Flags => (RecordFlags)_flags;

    public byte Keyspace => _keyspace;

    public ushort Partition => _partition;

    public int Size => (int)RecordCodec.SizeOf(KeyLength, _rowLength);
}
