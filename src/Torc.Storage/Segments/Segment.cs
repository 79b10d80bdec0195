using Torc.Base;
using Torc.Storage.Disk;
using Torc.Storage.Log;

namespace Torc.Storage.Segments;

/// <summary>
/// One segment: its place in the log, its file, and its memory while it is resident. In a store with files bytes below <see cref="End"/> never change, so
/// they are read outside the lock without care; what may end is the memory (only in maintenance, never while a flush or hint
/// task reads it) and the file (only when <see cref="TryRetireFile"/> found no reader).
/// </summary>
internal sealed unsafe class Segment(long sequence, int segmentBytes, int slot)
{
    private const int Retired = int.MinValue;

    private int _readers;
    private RecordMarks _touched = new(segmentBytes);
    private RecordMarks _dead = new(segmentBytes);

    public long Sequence { get; } = sequence;

    /// <summary>Index in the <see cref="SegmentTable"/>, the high bits of addresses.</summary>
    public int Slot { get; } = slot;

    public int SegmentBytes { get; } = segmentBytes;

    /// <summary>Log offset of the segment's first byte.</summary>
    public long Base => Sequence * SegmentBytes;

    public long EndOffset => Base + End;

    public IDiskFile? File { get; set; }

    /// <summary>Bytes the file takes on disk.</summary>
    public long FileBytes { get; set; }

    public byte* Memory { get; private set; }

    public int MemorySlot { get; private set; } = -1;

    public bool IsResident => Memory != null;

    /// <summary>Bytes used, header included.</summary>
    public int End { get; set; } = SegmentHeader.Bytes;

    /// <summary>Bytes handed to the operating system.</summary>
    public int WrittenEnd { get; set; } = SegmentHeader.Bytes;

    /// <summary>Bytes of memory that are backed by real pages already.</summary>
    public int PopulatedEnd { get; set; }

    public bool IsSealed { get; set; }

    /// <summary>A hint file lies beside the segment.</summary>
    public bool HasHint { get; set; }

    /// <summary>When maintenance saw first that nothing is appended any more.</summary>
    public Instant? SealedSince { get; set; }

    /// <summary>A hint file was written, or could not be in this run.</summary>
    public bool IsHintTried { get; set; }

    /// <summary>Something in the file is not what was written. Such a segment stays until nothing in it is live.</summary>
    public bool IsDamaged { get; set; }

    /// <summary>It is damaged, and what lives in it and could be read was copied.</summary>
    public bool IsSalvaged { get; set; }

    /// <summary>The least use it was taken for: when it came from the reserve, lesser ones are refused until there is space.</summary>
    public AppendUse LeastUse { get; set; }

    public long LiveBytes { get; private set; }

    public long LiveRecords { get; private set; }

    /// <summary>Live totals were lowered by a guess (a dropped partition): they serve to choose, not to decide.</summary>
    public bool IsLiveEstimated { get; private set; }

    /// <summary>Forget and drop records.</summary>
    public int ControlRecords { get; private set; }

    public long ControlBytes { get; private set; }

    /// <summary>Everything live was copied; the file goes once the log is durable past this. Negative: not copied.</summary>
    public long RemovalBarrier { get; set; } = -1;

    public bool IsReplaced => RemovalBarrier >= 0;

    public void AddLive(long bytes)
    {
        LiveBytes += bytes;
        LiveRecords++;
    }

    public void AddControl(long bytes)
    {
        ControlBytes += bytes;
        ControlRecords++;
    }

    /// <summary>So many were copied.</summary>
    public void RemoveControls(int count)
    {
        ControlBytes -= ControlRecords == 0 ? 0 : ControlBytes * Math.Min(count, ControlRecords) / ControlRecords;
        ControlRecords = Math.Max(0, ControlRecords - count);
    }

    public void RemoveLive(long bytes)
    {
        LiveBytes = Math.Max(0, LiveBytes - bytes);
        LiveRecords = Math.Max(0, LiveRecords - 1);
    }

    /// <summary>Lowers the live totals by one record whose size is not known without reading it.</summary>
    public void RemoveLiveOfUnknownSize()
    {
        IsLiveEstimated = true;
        RemoveLive(LiveRecords > 0 ? LiveBytes / LiveRecords : 0);
    }

    public ReadOnlySpan<byte> Bytes(int offset, int length)
    {
        Check.Deep(IsResident && offset >= 0 && offset + length <= SegmentBytes);
        return new ReadOnlySpan<byte>(Memory + offset, length);
    }

    public Span<byte> Writable(int offset, int length)
    {
        Check.Deep(IsResident && !IsSealed && offset >= 0 && offset + length <= SegmentBytes);
        return new Span<byte>(Memory + offset, length);
    }

    /// <summary>A record that is there, to be replaced where it lies: of a segment without a file.</summary>
    public Span<byte> Overwritable(int offset, int length)
    {
        Check.Deep(IsResident && File == null && offset >= SegmentHeader.Bytes && offset + length <= End);
        return new Span<byte>(Memory + offset, length);
    }

    public void AttachMemory(byte* memory, int memorySlot)
    {
        Check.That(Memory == null);
        Memory = memory;
        MemorySlot = memorySlot;
    }

    public int DetachMemory()
    {
        Memory = null;
        _touched.Clear();
        return MemorySlot;
    }

    /// <summary>Remembers that the record at the offset was read while in memory.</summary>
    public void Touch(int offset) => _touched.Mark(offset);

    public bool IsTouched(int offset) => _touched.IsMarked(offset);

    /// <summary>The record at the offset was replaced or forgotten, and never comes back: what compaction asks before it looks a key up. Not every dead record is known.</summary>
    public void MarkDead(int offset) => _dead.Mark(offset);

    /// <summary>A change of the record at the offset is near.</summary>
    public void PrefetchMarks(int offset) => _dead.Prefetch(offset);

    public bool IsKnownDead(int offset) => _dead.IsMarked(offset);

    /// <summary>The segment is gone.</summary>
    public void ClearMarks()
    {
        _touched.Clear();
        _dead.Clear();
    }

    /// <summary>Pins the file for one read outside the lock. False: the segment is gone; every record of it lies elsewhere now.</summary>
    public bool TryEnterRead()
    {
        int readers;
        do
        {
            readers = Volatile.Read(ref _readers);
            if (readers < 0)
                return false;
        } while (Interlocked.CompareExchange(ref _readers, readers + 1, readers) != readers);
        return true;
    }

    public void ExitRead() => Interlocked.Decrement(ref _readers);

    /// <summary>Shuts the file to readers for good. False: one is reading; try again later.</summary>
    public bool TryRetireFile() => Interlocked.CompareExchange(ref _readers, Retired, 0) is 0 or Retired;
}
