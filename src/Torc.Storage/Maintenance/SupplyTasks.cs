using Torc.Base;
using Torc.Storage.Disk;
using Torc.Storage.Log;
using Torc.Storage.Segments;

namespace Torc.Storage.Maintenance;

/// <summary>Makes the next segment: memory with its first pages taken, and a file with its header synced.</summary>
internal sealed class PrepareTask : MaintenanceTask
{
    private readonly SegmentTable _segments;
    private readonly SegmentSupply _supply;
    private readonly SegmentHeader _header;
    private readonly bool _isMemoryOnly;
    private readonly int _memorySlot;
    private readonly string? _spare;
    private readonly long[] _roster;
    private DiskOutcome _outcome;
    private IDiskFile? _file;

    public PrepareTask(StorageOptions options, SegmentTable segments, SegmentSupply supply, LogTail log, long sequence, int memorySlot)
    {
        _segments = segments;
        _supply = supply;
        _memorySlot = memorySlot;
        _isMemoryOnly = options.Mode == StorageMode.Memory;
        _header = new SegmentHeader(sequence, options.SegmentBytes, options.ShardIndex, log.Run, options.Durability, log.DurableOffset, log.LogId);
        _roster = segments.Roster(with: sequence);
        _spare = supply.TakeSpare() is { } number ? FileNames.Spare(number) : null;
    }

    public override void Run(IDisk disk)
    {
        _segments.PopulateMemory(_memorySlot, 0, PopulateTask.StepBytes(_header.SegmentBytes));
        if (_isMemoryOnly)
            return;
        _outcome = SegmentFile.Prepare(disk, _spare, _header, out _file);
        if (_outcome == DiskOutcome.Done)
            SegmentRoster.Write(disk, _header.LogId, _roster);
    }

    internal override void End(Instant now)
    {
        if (_outcome != DiskOutcome.Done)
        {
            _segments.ReturnMemory(_memorySlot);
            _supply.IsDiskFull = true;
            return;
        }
        Segment segment = _segments.Add(_header.Sequence);
        segment.File = _file;
        segment.FileBytes = _header.SegmentBytes;
        segment.PopulatedEnd = PopulateTask.StepBytes(_header.SegmentBytes);
        _segments.AttachMemory(segment, _memorySlot);
        _header.Write(segment.Writable(0, SegmentHeader.Bytes));
        _supply.Next = segment;
        if (_supply.IsReserveWhole)
            _supply.IsDiskFull = false;
    }
}

/// <summary>
/// Takes the pages of the active segment a step ahead of the log's end: so that no append waits for the kernel to clear a
/// huge page, and a node that writes little holds little memory.
/// </summary>
internal sealed class PopulateTask(SegmentTable segments, Segment segment) : MaintenanceTask
{
    private const int StepBytesMax = 4 << 20;

    private readonly int _from = segment.PopulatedEnd;
    private readonly int _memorySlot = segment.MemorySlot;

    public static int StepBytes(int segmentBytes) => Math.Min(StepBytesMax, segmentBytes);

    public static bool IsDue(Segment segment) =>
        segment.PopulatedEnd < segment.SegmentBytes && segment.PopulatedEnd - segment.End < StepBytes(segment.SegmentBytes);

    public override void Run(IDisk disk) => segments.PopulateMemory(_memorySlot, _from, StepBytes(segment.SegmentBytes));

    internal override void End(Instant now) => segment.PopulatedEnd = _from + StepBytes(segment.SegmentBytes);
}

/// <summary>Gives the memory of a segment that was let go back to the system.</summary>
internal sealed class DiscardTask(SegmentTable segments, int memorySlot) : MaintenanceTask
{
    public override void Run(IDisk disk) => segments.DiscardMemory(memorySlot);

    internal override void End(Instant now) => segments.ReturnEmptyMemory(memorySlot);
}

/// <summary>Segments were missing at the start, and what follows from that is on disk: the roster names them no more.</summary>
internal sealed class RosterTask(SegmentTable segments, SegmentSupply supply, ulong logId) : MaintenanceTask
{
    private readonly long[] _roster = [.. segments.Ordered.Select(static segment => segment.Sequence)];
    private DiskOutcome _outcome;

    public override void Run(IDisk disk) => _outcome = SegmentRoster.Write(disk, logId, _roster);

    internal override void End(Instant now)
    {
        if (_outcome == DiskOutcome.Done)
            segments.Missing.Clear();
        else
            supply.IsDiskFull = true;
    }
}

/// <summary>Makes one spare file.</summary>
internal sealed class SpareTask(StorageOptions options, SegmentSupply supply) : MaintenanceTask
{
    private readonly long _number = supply.NewSpareNumber();
    private DiskOutcome _outcome;

    public override void Run(IDisk disk)
    {
        _outcome = SegmentFile.Make(disk, FileNames.Spare(_number), options.SegmentBytes, options.Durability, out IDiskFile? file);
        if (_outcome != DiskOutcome.Done)
            return;
        file!.Sync();
        file.Dispose();
        disk.SyncDirectory();
    }

    internal override void End(Instant now)
    {
        if (_outcome == DiskOutcome.Done)
            supply.AddSpare(_number);
        else
            supply.IsDiskFull = true;
    }
}
