using Torc.Base;
using Torc.Storage.Disk;
using Torc.Storage.Log;
using Torc.Storage.Records;
using Torc.Storage.Segments;

namespace Torc.Storage.Maintenance;

/// <summary>Reads a sealed segment into memory and verifies every record of it: warms up after a start.</summary>
internal sealed class LoadTask(SegmentTable segments, Suspects suspects, ulong logId, Segment segment, int memorySlot) : MaintenanceTask
{
    private bool _isIntact;

    public override void Run(IDisk disk)
    {
        Span<byte> memory = segments.MemoryOf(memorySlot)[..segment.End];
        if (segment.File!.Read(0, memory) != DiskOutcome.Done)
            return;
        var walker = new RecordWalker(memory, SegmentHeader.Bytes, logId, segment.Sequence);
        WalkStep step = walker.Next();
        while (step == WalkStep.Record)
            step = walker.Next();
        _isIntact = step == WalkStep.End;
    }

    internal override void End(Instant now)
    {
        if (_isIntact)
        {
            segments.AttachMemory(segment, memorySlot);
            suspects.OnLoaded(segment);
            return;
        }
        segments.ReturnMemory(memorySlot);
        segment.IsDamaged = true;
    }
}
