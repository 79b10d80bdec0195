using System.Buffers.Binary;
using Torc.Base;
using Torc.Storage.Memory;
using Torc.Storage.Records;

namespace Torc.Storage.Segments;

/// <summary>Collects a <see cref="SegmentIndex"/> from the records of a segment, in order of place.</summary>
/// <param name="entries">How many there will be about; more are taken too.</param>
/// <param name="keyBytes">Bytes of their keys, in the same way.</param>
internal sealed class SegmentIndexBuilder(int entries = 1 << 10, int keyBytes = 64 << 10) : IDisposable
{
    private readonly NativeWriter _entries = new(checked(entries * SegmentIndex.EntryBytes));
    private readonly NativeWriter _keys = new(keyBytes);
    private int _count, _controlRecords;
    private long _namedOffset;

    public void Add(int offset, ReadOnlySpan<byte> record, in RecordHeader header)
    {
        if (header.Kind > RecordKind.Drop)
        {
            _namedOffset = Math.Max(_namedOffset, (long)(ulong)header.Version);
            return;
        }
        ReadOnlySpan<byte> key = RecordCodec.Key(record);
        Span<byte> entry = _entries.Append(SegmentIndex.EntryBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(entry, StableHash.Hash64(key));
        BinaryPrimitives.WriteUInt128LittleEndian(entry[8..], header.Version);
        BinaryPrimitives.WriteInt32LittleEndian(entry[24..], offset / RecordCodec.AlignmentBytes);
        BinaryPrimitives.WriteInt32LittleEndian(entry[28..], header.RowLength);
        BinaryPrimitives.WriteUInt32LittleEndian(entry[32..], (uint)header.KeyLength | ((uint)header.Kind << 24));
        entry[36] = (byte)header.Flags;
        entry[37] = header.Keyspace;
        BinaryPrimitives.WriteUInt16LittleEndian(entry[38..], header.Partition);
        BinaryPrimitives.WriteInt32LittleEndian(entry[40..], _keys.Length);
        key.CopyTo(_keys.Append(key.Length));
        _count++;
        if (header.Kind != RecordKind.Put)
            _controlRecords++;
    }

    public SegmentIndex Build(ulong logId, long sequence, int segmentBytes, int end)
    {
        var file = new NativeBuffer(SegmentIndex.HeaderBytes + _entries.Length + _keys.Length);
        _entries.Written.CopyTo(file.Span[SegmentIndex.HeaderBytes..]);
        _keys.Written.CopyTo(file.Span[(SegmentIndex.HeaderBytes + _entries.Length)..]);
        SegmentIndex.WriteHeader(file.Span, logId, sequence, end, _count, _keys.Length, _controlRecords, _namedOffset);
        SegmentIndex? index = SegmentIndex.TryDecode(file, logId, sequence, segmentBytes);
        Check.That(index != null);
        return index;
    }

    public void Dispose()
    {
        _entries.Dispose();
        _keys.Dispose();
    }
}
