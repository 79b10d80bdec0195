using Torc.Base;
using Torc.Storage.Records;
using Torc.Storage.Segments;

namespace Torc.Storage.Log;

/// <summary>
/// The end of the log: appends records to the memory of the active segment, and hands what was appended to flush groups. A log
/// offset is segment sequence times segment bytes plus offset, so it only grows; between two segments it jumps.
/// One group may write while another syncs: a sync covers what was written before it began, and nothing waits for it that does not have to.
/// Invariant: written ≤ appended, durable ≤ written; everything not written is in memory.
/// </summary>
internal sealed class LogTail : IDisposable
{
    private const int MarkBytes = RecordCodec.HeaderBytes;
    private const long SyncIntervalMs = 1_000;

    private readonly SegmentTable _segments;
    private readonly SegmentSupply _supply;
    private readonly StorageOptions _options;
    private readonly ReachedFile? _reached;
    private readonly FlushGroup _writer, _syncer;
    private readonly List<Segment> _unwritten = [];
    private readonly List<Segment> _unsynced = [];
    private bool _isWriting, _isSyncing, _isStopped, _isStopWritten;
    private Instant _lastSync;
    private long _namedOffset;

    /// <param name="reached">Null in memory mode, and when there was no space for it. Disposed with the log.</param>
    public LogTail(SegmentTable segments, SegmentSupply supply, StorageOptions options, ReachedFile? reached, ulong logId, long run, long offset, Instant now)
    {
        _reached = reached;
        _writer = new FlushGroup(reached);
        _syncer = new FlushGroup(reached);
        _segments = segments;
        _supply = supply;
        _options = options;
        LogId = logId;
        Run = run;
        _lastSync = now;
        AppendedOffset = WrittenOffset = DurableOffset = offset;
    }

    public ulong LogId { get; }

    /// <summary>Sequence of this run's first segment.</summary>
    public long Run { get; }

    public Segment? Active { get; private set; }

    public long AppendedOffset { get; private set; }

    /// <summary>Everything below it is with the operating system: it outlives the process.</summary>
    public long WrittenOffset { get; private set; }

    public long DurableOffset { get; private set; }

    /// <summary>
    /// Whether what is to be written next may be written without a sync that follows at once. Never under <see cref="Durability.Always"/>. The first group of
    /// a run is synced whatever the durability, because it holds what the node concluded from the previous run; so is a clean-stop mark.
    /// </summary>
    public bool WritesAlone => _options.Durability != Durability.Always && SyncsTotal > 0 && !_isStopped;

    public long UnwrittenBytes { get; private set; }

    /// <summary>Bytes of what was put, forgotten and dropped: all that is neither a copy nor a mark.</summary>
    public long PutBytesTotal { get; private set; }

    public long AppendedBytesTotal { get; private set; }

    public long FlushGroupsTotal { get; private set; }

    public long SyncsTotal { get; private set; }

    /// <summary>Bytes that can be appended before the disk has to give more.</summary>
    public long RoomBytes =>
        (Active == null ? 0 : Active.SegmentBytes - Active.End) + ((_supply.SpareCount + (_supply.Next == null ? 0 : 1)) * (long)_options.SegmentBytes);

    /// <summary>Whether the log can take what nobody waits for without delaying what somebody does.</summary>
    public bool HasEase => !_isStopped && UnwrittenBytes <= _options.UnflushedBytesMax / 4 && Active != null && _supply.Next != null && _supply.IsReserveWhole;

    private bool IsMemoryOnly => _options.Mode == StorageMode.Memory;

    /// <summary>Takes the first segment of the run, if there is one.</summary>
    public void Start()
    {
        if (_supply.Next != null)
            TakeNext();
    }

    /// <summary>Makes room for a record in the active segment, taking the next one when needed.</summary>
    public PutOutcome Reserve(int bytes, AppendUse use)
    {
        Check.That(!_isStopped);
        if (UnwrittenBytes > _options.UnflushedBytesMax)
            return PutOutcome.Stalled;
        bool mayTakeNext = use >= _supply.LeastUse;
        bool fits = Active != null && Fits(Active, bytes);
        if (fits && (mayTakeNext || use >= Active!.LeastUse))
            return PutOutcome.Done;
        if (!mayTakeNext || _supply.Next == null)
            return _supply.IsDiskFull && (!mayTakeNext || _supply.SpareCount == 0) ? PutOutcome.DiskFull : PutOutcome.Stalled;
        TakeNext();
        return PutOutcome.Done;
    }

    /// <summary>Appends a record that <see cref="Reserve"/> made room for; gives its address.</summary>
    public long Append(in RecordHeader header, ReadOnlySpan<byte> key, ReadOnlySpan<byte> row)
    {
        Segment active = Active!;
        int offset = active.End, size = (int)RecordCodec.SizeOf(key.Length, row.Length);
        Check.That(Fits(active, size));
        Span<byte> to = active.Writable(offset, size);
        RecordCodec.Write(to, header, key, row);
        Checksum(to, active, offset);
        Advance(active, size);
        if (header.Kind <= RecordKind.Drop)
            PutBytesTotal += size;
        return _segments.AddressOf(active, offset);
    }

    /// <summary>Appends a record as it is; only its place and so its checksum change.</summary>
    public long AppendCopy(ReadOnlySpan<byte> record)
    {
        Segment active = Active!;
        int offset = active.End;
        Check.That(Fits(active, record.Length));
        Span<byte> to = active.Writable(offset, record.Length);
        record.CopyTo(to);
        Checksum(to, active, offset);
        Advance(active, record.Length);
        return _segments.AddressOf(active, offset);
    }

    /// <summary>Names the durable offset although nothing else is appended, so that the last group counts as durable in recovery.</summary>
    public void AppendIdleMark()
    {
        if (!_isStopped && !_isWriting && !_isSyncing && UnwrittenBytes == 0 && DurableOffset - _namedOffset > 2 * MarkBytes
            && Active != null && Fits(Active, MarkBytes))
            AppendMark(RecordKind.FlushMark);
    }

    /// <summary>Appends the clean-stop mark, which the next group writes after it synced everything before.</summary>
    public PutOutcome Stop()
    {
        if (IsMemoryOnly || _isStopped)
            return PutOutcome.Done;
        PutOutcome reserved = Active == null && _supply.Next == null ? PutOutcome.DiskFull : Reserve(MarkBytes, AppendUse.Compaction);
        if (reserved != PutOutcome.Done)
            return reserved;
        AppendMark(RecordKind.CleanStop);
        _isStopped = true;
        return PutOutcome.Done;
    }

    /// <summary>See <see cref="ShardStore.BeginFlush"/>; <paramref name="mustSync"/> when a compacted segment waits for it.</summary>
    public FlushGroup? BeginFlush(Instant now, bool mustSync)
    {
        if (IsMemoryOnly || _isWriting || _isSyncing || _isStopWritten)
            return null;
        bool syncs = !WritesAlone || IsSyncDue(now, mustSync);
        if (UnwrittenBytes == 0 && !(syncs && _unsynced.Count > 0))
            return null;
        PrepareWrite(syncs, now);
        if (syncs)
            TakeUnsynced(_writer);
        return _writer;
    }

    /// <summary>See <see cref="ShardStore.BeginWrite"/>.</summary>
    public FlushGroup? BeginWrite()
    {
        if (IsMemoryOnly || _isWriting || UnwrittenBytes == 0 || !WritesAlone)
            return null;
        PrepareWrite(syncs: false, default);
        return _writer;
    }

    /// <summary>See <see cref="ShardStore.BeginSync"/>; <paramref name="mustSync"/> when a compacted segment waits for it.</summary>
    public FlushGroup? BeginSync(Instant now, bool mustSync)
    {
        if (IsMemoryOnly || _isSyncing || _unsynced.Count == 0 || !WritesAlone || !IsSyncDue(now, mustSync))
            return null;
        _syncer.Prepare(WrittenOffset, syncs: true, now, 0);
        TakeUnsynced(_syncer);
        return _syncer;
    }

    public void EndFlush(FlushGroup group)
    {
        Check.That(group.IsDone && (group == _writer ? _isWriting : group == _syncer && _isSyncing));
        _isWriting &= group != _writer;
        _isSyncing &= !group.Syncs;
        if (group.FoundDiskFull)
        {
            _supply.IsDiskFull = true;
            if (group.Syncs)
                KeepUnsynced(group.ToSync);
            return;
        }
        FlushGroupsTotal++;
        foreach (FlushRange range in group.Ranges)
        {
            range.Segment.WrittenEnd = range.To;
            UnwrittenBytes -= range.To - range.From;
            if (!group.Syncs && !_unsynced.Contains(range.Segment))
                _unsynced.Add(range.Segment);
        }
        if (group == _writer)
        {
            WrittenOffset = group.EndOffset;
            _unwritten.RemoveAll(static segment => segment.IsSealed && segment.WrittenEnd == segment.End);
        }
        if (!group.Syncs)
            return;
        SyncsTotal++;
        _lastSync = group.Begun;
        DurableOffset = group.EndOffset;
        _isStopWritten = _isStopped && DurableOffset == AppendedOffset;
    }

    public void Dispose() => _reached?.Dispose();

    private bool IsSyncDue(Instant now, bool mustSync) => mustSync
        || (_options.Durability == Durability.EverySecond && now.MsSince(_lastSync) >= SyncIntervalMs);

    private void PrepareWrite(bool syncs, Instant now)
    {
        if (UnwrittenBytes > 0 && !_isStopped && _namedOffset != DurableOffset && Fits(Active!, MarkBytes))
            AppendMark(RecordKind.FlushMark);
        _writer.Prepare(AppendedOffset, syncs, now, _isStopped ? MarkBytes : 0);
        foreach (Segment segment in _unwritten)
            _writer.AddRange(segment, segment.WrittenEnd, segment.End);
        _isWriting = true;
    }

    /// <summary>What is written from now on is for the next sync, also in a segment of this one.</summary>
    private void TakeUnsynced(FlushGroup group)
    {
        foreach (Segment segment in _unsynced)
            group.AddSync(segment);
        _unsynced.Clear();
        _isSyncing = true;
    }

    private void KeepUnsynced(List<Segment> segments)
    {
        foreach (Segment segment in segments)
        {
            if (!_unsynced.Contains(segment))
                _unsynced.Add(segment);
        }
    }

    private static bool Fits(Segment segment, int bytes) => bytes <= segment.SegmentBytes - MarkBytes - segment.End;

    // What never leaves memory is never verified.
    private void Checksum(Span<byte> record, Segment segment, int offset)
    {
        if (!IsMemoryOnly)
            RecordCodec.WriteChecksum(record, RecordCodec.Seed(LogId, segment.Sequence, offset));
    }

    private void AppendMark(RecordKind kind)
    {
        var header = new RecordHeader(kind, RecordFlags.None, 0, 0, (UInt128)(ulong)DurableOffset, 0, 0);
        Append(header, default, default);
        _namedOffset = DurableOffset;
    }

    private void Advance(Segment segment, int size)
    {
        segment.End += size;
        AppendedOffset = segment.EndOffset;
        AppendedBytesTotal += size;
        if (IsMemoryOnly)
        {
            segment.WrittenEnd = segment.End;
            WrittenOffset = DurableOffset = AppendedOffset;
        }
        else
        {
            UnwrittenBytes += size;
        }
    }

    private void TakeNext()
    {
        bool isFirst = Active == null;
        if (Active != null)
        {
            int offset = Active.End;
            var seal = new RecordHeader(RecordKind.Seal, RecordFlags.None, 0, 0, (UInt128)(ulong)DurableOffset, 0, 0);
            Span<byte> to = Active.Writable(offset, MarkBytes);
            RecordCodec.Write(to, seal, default, default);
            Checksum(to, Active, offset);
            Advance(Active, MarkBytes);
            Active.IsSealed = true;
        }
        Active = _supply.Next!;
        _supply.Next = null;
        Active.LeastUse = _supply.LeastUse;
        if (!IsMemoryOnly)
            _unwritten.Add(Active);
        AppendedOffset = Active.EndOffset;
        if (isFirst || IsMemoryOnly)
            WrittenOffset = DurableOffset = AppendedOffset;
    }
}
