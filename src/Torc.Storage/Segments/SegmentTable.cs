using System.Runtime.Intrinsics.X86;
using Torc.Base;
using Torc.Storage.Directory;
using Torc.Storage.Memory;
using Torc.Storage.Records;

namespace Torc.Storage.Segments;

/// <summary>
/// The segments of a log, by slot and in order, and the memory of the resident ones. An address is slot and offset:
/// <code>address (40 bits, units of 8 bytes) = slot &lt;&lt; (log2(segment bytes) - 3) | offset / 8</code>
/// so that it stays small for any age of the log; a slot is used again only after no directory entry names it.
/// </summary>
internal sealed unsafe class SegmentTable : IHashSource, IDisposable
{
    private const int AddressBits = 40;
    private const int UnitShift = 3;
    private const int LineBytes = 64;
    private const int PrefetchedLines = 3;
    private const int PrefetchedLinesOfReplaced = 2;

    private readonly NativeArena _memory;
    private readonly SortedSet<int> _freeSlots = [];
    private readonly List<Segment> _ordered = [];
    private readonly int _unitBits;
    private readonly long _unitMask;
    private Segment?[] _bySlot = new Segment?[64];
    private int _slotsSeen;

    /// <param name="segmentBytes">A power of two.</param>
    /// <param name="memorySlotsMax">Segments that may be in memory at the same time.</param>
    public SegmentTable(int segmentBytes, int memorySlotsMax)
    {
        Check.That(int.IsPow2(segmentBytes) && segmentBytes is >= StorageOptions.SegmentBytesMin and <= StorageOptions.SegmentBytesMax);
        SegmentBytes = segmentBytes;
        _unitBits = int.Log2(segmentBytes) - UnitShift;
        _unitMask = (1L << _unitBits) - 1;
        SlotsMax = 1 << Math.Min(AddressBits - _unitBits, 24);
        _memory = new NativeArena(segmentBytes, memorySlotsMax);
    }

    public int SegmentBytes { get; }

    public int SlotsMax { get; }

    /// <summary>Oldest first.</summary>
    public IReadOnlyList<Segment> Ordered => _ordered;

    /// <summary>Sequences of segments that should be there and are not: on the roster until what follows from that is on disk.</summary>
    public List<long> Missing { get; } = [];

    public int MemorySlotsInUse => _memory.SlotsInUse;

    public bool HasFreeSlot => _freeSlots.Count > 0 || _slotsSeen < SlotsMax;

    /// <summary>Adds the newest segment, without memory.</summary>
    public Segment Add(long sequence)
    {
        Check.That(HasFreeSlot && (_ordered.Count == 0 || _ordered[^1].Sequence < sequence));
        int slot = _freeSlots.Count > 0 ? _freeSlots.Min : _slotsSeen++;
        _freeSlots.Remove(slot);
        if (slot >= _bySlot.Length)
            Array.Resize(ref _bySlot, _bySlot.Length * 2);
        var segment = new Segment(sequence, SegmentBytes, slot);
        _bySlot[slot] = segment;
        _ordered.Add(segment);
        return segment;
    }

    public void Remove(Segment segment)
    {
        Check.That(_bySlot[segment.Slot] == segment);
        ReleaseMemory(segment);
        segment.ClearMarks();
        _bySlot[segment.Slot] = null;
        _freeSlots.Add(segment.Slot);
        _ordered.Remove(segment);
    }

    /// <summary>What the roster is to say when one segment is made, or goes.</summary>
    public long[] Roster(long with = 0, Segment? without = null)
    {
        var sequences = new List<long>(Missing);
        foreach (Segment segment in _ordered)
        {
            if (segment != without)
                sequences.Add(segment.Sequence);
        }
        if (with > 0)
            sequences.Add(with);
        return [.. sequences];
    }

    public int OffsetOf(long address) => (int)(address & _unitMask) << UnitShift;

    public long AddressOf(Segment segment, int offset) => ((long)segment.Slot << _unitBits) | (uint)(offset >> UnitShift);

    public Segment At(long address, out int offset)
    {
        offset = OffsetOf(address);
        return _bySlot[address >> _unitBits]!;
    }

    /// <summary>
    /// Asks the processor to load the first lines of a record: its header, a usual key, and a small value; of one that is to be replaced what
    /// the change looks at, which is all but the value, and the place of its mark. The processor has few loads under way at a time, so one
    /// that nobody needs costs as much as another's miss.
    /// </summary>
    public void Prefetch(long address, bool isReplaced)
    {
        Segment segment = At(address, out int offset);
        if (!Sse.IsSupported || !segment.IsResident)
            return;
        int lines = isReplaced ? PrefetchedLinesOfReplaced : PrefetchedLines;
        for (int line = 0; line < lines; line++)
            Sse.Prefetch0(segment.Memory + offset + line * LineBytes);
        if (isReplaced)
            segment.PrefetchMarks(offset);
    }

    public bool TryRentMemory(out int memorySlot) => _memory.TryRent(out memorySlot);

    public void ReturnMemory(int memorySlot) => _memory.Return(memorySlot);

    public Span<byte> MemoryOf(int memorySlot) => _memory.Span(memorySlot, 0, SegmentBytes);

    /// <summary>Takes the page faults of a part of a rented slot outside the lock.</summary>
    public void PopulateMemory(int memorySlot, int offset, int bytes) => _memory.Populate(memorySlot, offset, bytes);

    /// <summary>Memory slots whose last segment was let go and that still hold its pages.</summary>
    public int IdleMemorySlots => _memory.SlotsIdle;

    public bool TryRentIdleMemory(out int memorySlot) => _memory.TryRentIdle(out memorySlot);

    public void DiscardMemory(int memorySlot) => _memory.Discard(memorySlot);

    public void ReturnEmptyMemory(int memorySlot) => _memory.ReturnEmpty(memorySlot);

    public void AttachMemory(Segment segment, int memorySlot) => segment.AttachMemory(_memory.Pointer(memorySlot), memorySlot);

    public void ReleaseMemory(Segment segment)
    {
        if (segment.IsResident)
            _memory.Return(segment.DetachMemory());
    }

    /// <summary>The record at an offset of a resident segment, and its decoded header.</summary>
    public static ReadOnlySpan<byte> RecordAt(Segment segment, int offset, out RecordHeader header)
    {
        ReadOnlySpan<byte> rest = segment.Bytes(offset, segment.End - offset);
        bool decoded = RecordCodec.TryReadHeader(rest, rest.Length, out header);
        Check.That(decoded);
        return rest[..header.Size];
    }

    public bool TryHashOf(long address, out ulong hash)
    {
        Segment segment = At(address, out int offset);
        if (!segment.IsResident)
        {
            hash = 0;
            return false;
        }
        hash = StableHash.Hash64(RecordCodec.Key(segment.Bytes(offset, segment.End - offset)));
        return true;
    }

    public void Dispose()
    {
        foreach (Segment segment in _ordered)
            segment.File?.Dispose();
        _memory.Dispose();
    }
}
