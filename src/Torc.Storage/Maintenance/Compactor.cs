using Torc.Base;
using Torc.Storage.Disk;
using Torc.Storage.Log;
using Torc.Storage.Records;
using Torc.Storage.Segments;

namespace Torc.Storage.Maintenance;

/// <summary>How eagerly segments are copied to the tail.</summary>
internal enum CompactionPace
{
    /// <summary>
    /// While writes go on: only when all full segments together live less than the settings ask for, and then the deadest. What waits
    /// dies further, so that far less is copied for the same bound on space: with keys that are overwritten at random, a fifth of a
    /// segment instead of half.
    /// </summary>
    Lazy,

    /// <summary>While nobody writes, or memory is short: every segment that lives less than that.</summary>
    Eager,

    /// <summary>Space is short: without regard to the rate.</summary>
    Urgent,
}

/// <summary>
/// Frees segments that are mostly dead: copies what lives to the tail in bounded steps, and removes the file once the log is
/// durable past the copies, and past every record that made the others dead. A source is walked through in chunks outside the lock (<see cref="ChunkSurvey"/>), and one
/// that is not in memory is read there. A damaged source is left to the <see cref="Salvager"/> until nothing in it lives.
/// </summary>
internal sealed class Compactor(StorageOptions options, SegmentTable segments, SegmentSupply supply, LogTail log, RecordMover mover)
{
    /// <summary>Forget and drop records may take this part of the log.</summary>
    private const int ControlShareOneIn = 8;

    /// <summary>A segment that ends before this part of its size is small.</summary>
    private const int SmallOneIn = 4;

    private const int SmallSegmentsMax = 8;

    /// <summary>With this part of the live share that the settings ask for, compaction is far behind.</summary>
    private const double FarBehindShare = 0.75;

    /// <summary>Time not used for compaction that may be made up for: the host asks for steps every few milliseconds only.</summary>
    private const long CatchUpMicros = 50_000;

    /// <summary>Records whose buckets are brought near together. Each is a miss otherwise, one after the other.</summary>
    private const int GroupRecords = 16;

    private readonly List<Segment> _replaced = [];
    private readonly ChunkSurvey _survey = new();
    private byte[] _chunk = [];
    private Segment? _source;
    private int _position;
    private Instant _notBefore;

    public long SegmentsTotal { get; private set; }

    public long BytesTotal { get; private set; }

    /// <summary>A sync now would allow the removal of a replaced segment.</summary>
    public bool WaitsForSync
    {
        get
        {
            foreach (Segment segment in _replaced)
            {
                if (segment.RemovalBarrier > log.DurableOffset && segment.RemovalBarrier <= log.WrittenOffset)
                    return true;
            }
            return false;
        }
    }

    private bool IsMemoryOnly => options.Mode == StorageMode.Memory;

    /// <summary>The removal of a segment whose copies are durable.</summary>
    public MaintenanceTask? NextRemoval()
    {
        foreach (Segment segment in _replaced)
        {
            if (segment.RemovalBarrier <= log.DurableOffset && segment.TryRetireFile())
                return new RemoveTask(this, segment, segment.FileBytes == options.SegmentBytes && supply.WantsSpare ? supply.NewSpareNumber() : 0);
        }
        return null;
    }

    /// <summary>A segment of which nothing lives: there is nothing to copy. What is overwritten in the order in which it was written dies so.</summary>
    public MaintenanceTask? NextDead()
    {
        foreach (Segment segment in segments.Ordered)
        {
            if (segment.IsSealed && !segment.IsReplaced && segment.WrittenEnd == segment.End && IsDeadForSure(segment))
                return new BuryTask(this, segment);
        }
        return null;
    }

    /// <summary>The next step of copying, at most at the configured rate unless space is short.</summary>
    public MaintenanceTask? Next(Instant now, CompactionPace pace)
    {
        if (_source is { IsDamaged: true } damaged && !IsDeadForSure(damaged))
            _source = null; // Found damaged since the last step.
        if (pace != CompactionPace.Urgent && !IsDue(now) && !IsFarBehind())
            return null;
        if (_source == null && !TryChoose(LiveRatioMax(pace)))
            return null;
        if (log.Reserve(RecordCodec.HeaderBytes, AppendUse.Compaction) != PutOutcome.Done)
            return null;
        return new CopyTask(this, _source!);
    }

    /// <summary>The configured rate allows a step.</summary>
    public bool IsDue(Instant now) => now.MonotonicMicros >= _notBefore.MonotonicMicros;

    /// <summary>So many bytes were looked through.</summary>
    public void Charge(int bytes, Instant now)
    {
        BytesTotal += bytes;
        long costMicros = bytes * 1_000_000L / Math.Max(1, options.CompactionBytesPerSecondMax);
        _notBefore = now with { MonotonicMicros = Math.Max(_notBefore.MonotonicMicros, now.MonotonicMicros - CatchUpMicros) + costMicros };
    }

    /// <summary>Copies a record that is needed. False: no room now.</summary>
    public bool TryKeep(Segment source, int offset, ReadOnlySpan<byte> record, in RecordHeader header, ulong hash) => header.Kind switch
    {
        RecordKind.Put => mover.Move(source, offset, record, header, hash, AppendUse.Compaction) != MoveOutcome.NoRoom,
        RecordKind.Forget or RecordKind.Drop => mover.MoveControl(source, record, header),
        _ => true,
    };

    /// <summary>All that is needed of the segment was copied.</summary>
    public void Replace(Segment source)
    {
        _source = null;
        SegmentsTotal++;
        segments.ReleaseMemory(source);
        if (IsMemoryOnly)
        {
            segments.Remove(source);
            return;
        }
        source.RemovalBarrier = log.AppendedOffset;
        _replaced.Add(source);
    }

    public static bool IsDeadForSure(Segment segment) => segment.LiveRecords == 0 && segment.ControlRecords == 0 && !segment.IsLiveEstimated;

    /// <summary>The segment is being evicted: stop copying from it.</summary>
    public void Abandon(Segment segment)
    {
        if (_source == segment)
            _source = null;
    }

    /// <summary>Of how much of its bytes a segment may live and still be copied now.</summary>
    private double LiveRatioMax(CompactionPace pace)
    {
        if (supply.IsDiskFull)
            return options.CompactionLiveRatioWhenFullMax;
        if (pace != CompactionPace.Lazy)
            return options.CompactionLiveRatioMax;
        return LiveRatio() <= options.CompactionLiveRatioMax ? options.CompactionLiveRatioWhenFullMax : 0;
    }

    /// <summary>Writes leave more behind than the rate allows to clear away: then it does not count.</summary>
    private bool IsFarBehind() => LiveRatio() <= options.CompactionLiveRatioMax * FarBehindShare;

    /// <summary>How much of all full segments lives.</summary>
    private double LiveRatio()
    {
        long live = 0, bytes = 0;
        foreach (Segment segment in segments.Ordered)
        {
            if (!segment.IsSealed || segment.IsReplaced)
                continue;
            live += segment.LiveBytes;
            bytes += segment.End;
        }
        return bytes == 0 ? 1 : live / (double)bytes;
    }

    private bool TryChoose(double liveRatioMax)
    {
        _position = SegmentHeader.Bytes;
        _source = Oldest() ?? Deadest(liveRatioMax) ?? Smallest();
        return _source != null;
    }

    /// <summary>
    /// The oldest segment, when forget and drop records take too much space. They outlive every older segment, so a segment that
    /// never dies would keep all of them for ever: moving it to the tail makes those that are older than the next one droppable. Those behind a
    /// damaged segment, which stays, are needed as long as it does: to move others for their sake would never end.
    /// </summary>
    private Segment? Oldest()
    {
        long controlBytes = 0, bytes = 0;
        bool isNeeded = false;
        foreach (Segment segment in segments.Ordered)
        {
            isNeeded |= segment.IsDamaged && !segment.IsReplaced;
            controlBytes += isNeeded ? 0 : segment.ControlBytes;
            bytes += segment.End;
        }
        if (controlBytes <= Math.Max(options.SegmentBytes, bytes / ControlShareOneIn))
            return null;
        foreach (Segment segment in segments.Ordered)
        {
            if (IsCandidate(segment) && !segment.IsDamaged)
                return segment;
        }
        return null;
    }

    private Segment? Deadest(double liveRatioMax)
    {
        Segment? best = null;
        double bestRatio = double.MaxValue;
        bool isOldest = true;
        foreach (Segment segment in segments.Ordered)
        {
            double ratio = (segment.LiveBytes + (isOldest ? 0 : segment.ControlBytes)) / (double)segment.End;
            isOldest = false;
            if (!IsCandidate(segment) || !(segment.IsDamaged ? IsDeadForSure(segment) : ratio <= liveRatioMax) || ratio >= bestRatio)
                continue;
            best = segment;
            bestRatio = ratio;
        }
        return best;
    }

    /// <summary>The smallest segment, when starts have left many short ones.</summary>
    private Segment? Smallest()
    {
        Segment? smallest = null;
        int small = 0;
        foreach (Segment segment in segments.Ordered)
        {
            if (!IsCandidate(segment) || segment.IsDamaged || segment.End > options.SegmentBytes / SmallOneIn)
                continue;
            small++;
            if (smallest == null || segment.End < smallest.End)
                smallest = segment;
        }
        return small > SmallSegmentsMax ? smallest : null;
    }

    private bool IsCandidate(Segment segment) => segment.IsSealed && !segment.IsReplaced && segment.WrittenEnd == segment.End
        && (!supply.IsDiskFull || segment.LiveBytes + segment.ControlBytes < log.RoomBytes);

    /// <summary>Reads the chunk at the position when the source is not in memory; gives its bytes, or none when it cannot be read.</summary>
    private int ReadChunk(Segment source)
    {
        int length = Math.Min(options.MaintenanceStepBytes, source.End - _position);
        if (!TryRead(source, length))
            return 0;
        if (RecordCodec.TryReadHeader(_chunk, source.End - _position, out RecordHeader header) && header.Size > length)
        {
            length = header.Size;
            if (!TryRead(source, length))
                return 0;
        }
        return length;
    }

    private bool TryRead(Segment source, int length)
    {
        if (_chunk.Length < length)
            _chunk = GC.AllocateUninitializedArray<byte>(length);
        return source.File!.Read(_position, _chunk.AsSpan(0, length)) == DiskOutcome.Done;
    }

    /// <summary>Copies what the survey found and is still needed; the chunk begins at the position.</summary>
    private void Copy(Segment source, ReadOnlySpan<byte> chunk, Instant now)
    {
        ReadOnlySpan<Survivor> survivors = _survey.Survivors;
        int begin = _position, end = begin + _survey.Bytes;
        for (int index = 0; index < survivors.Length; index++)
        {
            if (index % GroupRecords == 0)
                Prefetch(survivors.Slice(index, Math.Min(GroupRecords, survivors.Length - index)));
            Survivor survivor = survivors[index];
            ReadOnlySpan<byte> record = RecordAt(chunk, survivor.Offset - begin, out RecordHeader header);
            if (TryKeep(source, survivor.Offset, record, header, survivor.Hash))
                continue;
            end = survivor.Offset;
            break;
        }
        if (_survey.IsDamaged && end == begin + _survey.Bytes)
        {
            GiveUp(source);
            return;
        }
        _position = end;
        Charge(end - begin, now);
        if (_position >= source.End)
            Replace(source);
    }

    private void Prefetch(ReadOnlySpan<Survivor> survivors)
    {
        foreach (ref readonly Survivor survivor in survivors)
            mover.Prefetch(survivor.Keyspace, survivor.Partition, survivor.Hash);
    }

    private static ReadOnlySpan<byte> RecordAt(ReadOnlySpan<byte> chunk, int place, out RecordHeader header)
    {
        header = RecordCodec.ReadHeader(chunk[place..]);
        return chunk.Slice(place, header.Size);
    }

    private void GiveUp(Segment source)
    {
        source.IsDamaged = true;
        _source = null;
    }

    private ulong LogId => log.LogId;

    private long[] RosterWithout(Segment segment) => segments.Roster(without: segment);

    private void Removed(Segment source, long spareNumber)
    {
        _replaced.Remove(source);
        source.File = null;
        segments.Remove(source);
        if (spareNumber > 0)
            supply.AddSpare(spareNumber);
    }

    private sealed class CopyTask(Compactor compactor, Segment source) : MaintenanceTask
    {
        private readonly bool _isResident = source.IsResident;
        private int _length;

        private ReadOnlySpan<byte> Chunk => _isResident ? compactor.ResidentChunk(source) : compactor._chunk.AsSpan(0, _length);

        public override void Run(IDisk disk)
        {
            if (source.IsDamaged || compactor._position >= source.End)
                return;
            if (!_isResident)
                _length = compactor.ReadChunk(source);
            if (_isResident || _length > 0)
                compactor._survey.Run(source, compactor._position, Chunk, _isResident ? null : compactor.LogId);
        }

        internal override void End(Instant now)
        {
            if (compactor._source != source)
                return;
            if (source.IsDamaged || compactor._position >= source.End)
                compactor.Replace(source);
            else if (!_isResident && _length == 0)
                compactor.GiveUp(source);
            else
                compactor.Copy(source, Chunk, now);
        }
    }

    private ReadOnlySpan<byte> ResidentChunk(Segment source)
    {
        SegmentTable.RecordAt(source, _position, out RecordHeader first);
        return source.Bytes(_position, Math.Min(Math.Max(options.MaintenanceStepBytes, first.Size), source.End - _position));
    }

    private sealed class BuryTask(Compactor compactor, Segment segment) : MaintenanceTask
    {
        public override void Run(IDisk disk)
        {
            // Nothing of the segment is needed any more.
        }

        internal override void End(Instant now)
        {
            compactor.Abandon(segment);
            if (!segment.IsReplaced && IsDeadForSure(segment))
                compactor.Replace(segment);
        }
    }

    private sealed class RemoveTask(Compactor compactor, Segment segment, long spareNumber) : MaintenanceTask
    {
        private readonly long[] _roster = compactor.RosterWithout(segment);

        public override void Run(IDisk disk)
        {
            SegmentRoster.Write(disk, compactor.LogId, _roster);
            segment.File!.Dispose();
            string name = FileNames.Segment(segment.Sequence);
            if (segment.HasHint)
                disk.Delete(FileNames.Hint(segment.Sequence));
            if (spareNumber > 0)
                disk.Rename(name, FileNames.Spare(spareNumber));
            else
                disk.Delete(name);
            disk.SyncDirectory();
        }

        internal override void End(Instant now) => compactor.Removed(segment, spareNumber);
    }
}
