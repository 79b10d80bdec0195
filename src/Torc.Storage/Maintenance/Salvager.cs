using Torc.Base;
using Torc.Storage.Disk;
using Torc.Storage.Log;
using Torc.Storage.Memory;
using Torc.Storage.Records;
using Torc.Storage.Segments;

namespace Torc.Storage.Maintenance;

/// <summary>
/// Empties damaged segments, so that they can go: reads one whole, looks for records behind what is none, and copies to the tail in bounded steps what lives and can be read. Else such a segment
/// would stay, with every forget and drop record behind it, as long as anything in it lives, and each start would meet the damage again.
/// </summary>
/// <remarks>
/// What lives and cannot be read keeps its segment until it is replaced, or until the next start, which finds a directory without it: the hint file is removed, so that this start reads the segment itself and tells of the
/// damage. So does a forget or drop record that cannot be read: what it covered may come back at that start, to copies that do not count then.
/// </remarks>
internal sealed class Salvager(StorageOptions options, SegmentTable segments, LogTail log, Compactor compactor) : IDisposable
{
    private readonly List<int> _intact = []; // offsets of what can be read
    private Segment? _source;
    private NativeBuffer? _bytes;
    private int _next, _controlsCarried;
    private bool _hasBad;

    /// <summary>Others hold what is lost here. Of an only copy the damaged file is kept, for people to look at.</summary>
    public bool IsAllowed { get; set; }

    /// <summary>The next step, at the pace of compaction.</summary>
    public MaintenanceTask? Next(Instant now)
    {
        if (!IsAllowed || _source is { IsReplaced: true })
            Drop();
        if (!IsAllowed || !compactor.IsDue(now))
            return null;
        _source ??= Choose();
        if (_source == null || log.Reserve(RecordCodec.HeaderBytes, AppendUse.Compaction) != PutOutcome.Done)
            return null;
        return _bytes == null ? new ReadTask(this, _source) : new CopyTask(this, _source);
    }

    public void Dispose() => Drop();

    private Segment? Choose()
    {
        foreach (Segment segment in segments.Ordered)
        {
            if (segment.IsDamaged && !segment.IsSalvaged && segment.IsSealed && !segment.IsReplaced && segment.WrittenEnd == segment.End && segment.File != null)
                return segment;
        }
        return null;
    }

    private void Read(IDisk disk, Segment source)
    {
        _bytes = new NativeBuffer(source.End);
        SegmentFile.ReadLeniently(source.File!, _bytes.Span);
        var walker = new RecordWalker(_bytes.Span, SegmentHeader.Bytes, log.LogId, source.Sequence);
        for (WalkStep step = walker.Next(); step != WalkStep.End; step = walker.Next())
        {
            if (step == WalkStep.Record)
                _intact.Add(walker.Offset);
            else
                _hasBad = true;
        }
        if (_hasBad && source.HasHint)
        {
            disk.Delete(FileNames.Hint(source.Sequence));
            disk.SyncDirectory();
        }
    }

    private void Copy(Segment source, Instant now)
    {
        int used = 0;
        for (; _next < _intact.Count && used < options.MaintenanceStepBytes; _next++)
        {
            int offset = _intact[_next];
            ReadOnlySpan<byte> rest = _bytes!.Span[offset..];
            Check.That(RecordCodec.TryReadHeader(rest, rest.Length, out RecordHeader header));
            ReadOnlySpan<byte> record = rest[..header.Size];
            if (!compactor.TryKeep(source, offset, record, header, StableHash.Hash64(RecordCodec.Key(record))))
                break;
            _controlsCarried += header.Kind is RecordKind.Forget or RecordKind.Drop ? 1 : 0;
            used += header.Size;
        }
        compactor.Charge(used, now);
        if (_next == _intact.Count)
            Finish(source);
    }

    private void Finish(Segment source)
    {
        source.IsSalvaged = true;
        source.RemoveControls(_controlsCarried);
        if (!_hasBad || Compactor.IsDeadForSure(source))
            compactor.Replace(source);
        Drop();
    }

    private void Drop()
    {
        _bytes?.Dispose();
        _bytes = null;
        _source = null;
        _intact.Clear();
        (_next, _controlsCarried, _hasBad) = (0, 0, false);
    }

    private sealed class ReadTask(Salvager salvager, Segment source) : MaintenanceTask
    {
        public override void Run(IDisk disk) => salvager.Read(disk, source);

        internal override void End(Instant now) => source.HasHint &= !salvager._hasBad;
    }

    private sealed class CopyTask(Salvager salvager, Segment source) : MaintenanceTask
    {
        public override void Run(IDisk disk)
        {
            // The bytes were read in the first step.
        }

        internal override void End(Instant now) => salvager.Copy(source, now);
    }
}
