using Torc.Base;
using Torc.Storage.Log;
using Torc.Storage.Partitions;
using Torc.Storage.Segments;

namespace Torc.Storage.Maintenance;

/// <summary>
/// Chooses the next step of background work, most urgent first: what frees disk or memory, then what the log waits for, then
/// what makes the next start fast, then what saves space.
/// </summary>
internal sealed class Maintainer : IDisposable
{
    private const long DiskFullRetryMs = 1_000;
    private const long IdleAfterMs = 1_000;

    /// <summary>A segment that lived so long is likely to live on.</summary>
    private const long RestMs = 10_000;

    /// <summary>Memory slots beyond the budget: the next segment, and one in transit.</summary>
    public const int MemorySlotsExtra = 2;

    public const int MemorySlotsMin = 4;

    private readonly StorageOptions _options;
    private readonly SegmentTable _segments;
    private readonly SegmentSupply _supply;
    private readonly Suspects _suspects;
    private readonly LogTail _log;
    private readonly Graveyard _graveyard;
    private readonly Compactor _compactor;
    private readonly Salvager _salvager;
    private readonly Evictor _evictor;
    private readonly IdleMemory _idleMemory;
    private readonly int _memorySlots;
    private MaintenanceTask? _underWay;
    private Instant _diskFullSince, _appendedSince, _putSince;
    private long _appendedOffset, _putBytes;

    public Maintainer(StorageOptions options, SegmentTable segments, SegmentSupply supply, RecordMover mover, Suspects suspects, LogTail log)
    {
        _options = options;
        _segments = segments;
        _supply = supply;
        _suspects = suspects;
        _log = log;
        _memorySlots = MemorySlots(options);
        _graveyard = new Graveyard(segments);
        _compactor = new Compactor(options, segments, supply, log, mover);
        _salvager = new Salvager(options, segments, log, _compactor);
        _evictor = new Evictor(options, segments, mover);
        _idleMemory = new IdleMemory(segments);
    }

    /// <summary>Whether memory is short enough that it pays to remember which records are read.</summary>
    public bool TracksReads => _segments.MemorySlotsInUse > _memorySlots / 2;

    public bool HasDamage
    {
        get
        {
            foreach (Segment segment in _segments.Ordered)
            {
                if (segment.IsDamaged && !segment.IsReplaced)
                    return true;
            }
            return false;
        }
    }

    /// <summary>Others hold what damage has taken here: see <see cref="Salvager"/>.</summary>
    public bool MaySalvage
    {
        get => _salvager.IsAllowed;
        set => _salvager.IsAllowed = value;
    }

    public bool WaitsForSync => _compactor.WaitsForSync;

    private bool IsMemoryOnly => _options.Mode == StorageMode.Memory;

    public static int MemorySlots(StorageOptions options) =>
        (int)Math.Clamp(options.ResidentBytesMax / options.SegmentBytes, MemorySlotsMin, 1 << 20);

    /// <summary>Takes the directory of a dropped partition, to lower the live totals of its segments bit by bit.</summary>
    public void Discard(PartitionState partition) => _graveyard.Add(partition);

    public MaintenanceTask? Begin(Instant now)
    {
        if (_underWay != null)
            return null;
        NoteIdleness(now);
        _idleMemory.Observe(now);
        return _underWay = Choose(now);
    }

    public void End(MaintenanceTask task, Instant now)
    {
        Check.That(task == _underWay);
        _underWay = null;
        if (IsMemoryOnly)
            _graveyard.DrainAll(); // Without files a segment may go at once, and dropped entries must not outlive it.
        task.End(now);
        if (_supply.IsDiskFull && task is PrepareTask or SpareTask or RosterTask)
            _diskFullSince = now;
    }

    public StoreStatistics AddTo(StoreStatistics statistics)
    {
        long liveBytes = 0, diskBytes = (long)_supply.SpareCount * _options.SegmentBytes;
        int resident = 0, damaged = 0;
        foreach (Segment segment in _segments.Ordered)
        {
            liveBytes += segment.LiveBytes;
            diskBytes += segment.FileBytes;
            resident += segment.IsResident ? 1 : 0;
            damaged += segment.IsDamaged ? 1 : 0;
        }
        return statistics with
        {
            LiveBytes = liveBytes,
            DiskBytes = IsMemoryOnly ? 0 : diskBytes,
            Segments = _segments.Ordered.Count,
            SegmentsResident = resident,
            SegmentsDamaged = damaged,
            SegmentsSpare = _supply.SpareCount,
            ResidentBytes = (long)_segments.MemorySlotsInUse * _options.SegmentBytes,
            IsDiskFull = _supply.IsDiskFull,
            CompactedSegmentsTotal = _compactor.SegmentsTotal,
            CompactedBytesTotal = _compactor.BytesTotal,
            PromotedRecordsTotal = statistics.PromotedRecordsTotal + _evictor.PromotedTotal,
            EvictedSegmentsTotal = _evictor.SegmentsTotal,
        };
    }

    public void Dispose()
    {
        _graveyard.Dispose();
        _salvager.Dispose();
    }

    private MaintenanceTask? Choose(Instant now) =>
        Population()
        ?? _graveyard.Next()
        ?? _compactor.NextRemoval()
        ?? _compactor.NextDead()
        ?? Eviction()
        ?? Preparation(now)
        ?? Roster(now)
        ?? Hint(now)
        ?? Spare(now)
        ?? _salvager.Next(now)
        ?? _compactor.Next(now, Pace(now))
        ?? (MaintenanceTask?)Load()
        ?? _idleMemory.Next();

    private CompactionPace Pace(Instant now)
    {
        if (_supply.IsDiskFull || _supply.Next == null)
            return CompactionPace.Urgent;
        return TracksReads || now.MsSince(_putSince) >= IdleAfterMs ? CompactionPace.Eager : CompactionPace.Lazy;
    }

    private PopulateTask? Population() =>
        _log.Active is { } active && PopulateTask.IsDue(active) ? new PopulateTask(_segments, active) : null;

    private MaintenanceTask? Eviction()
    {
        int wanted = _supply.Next == null ? _memorySlots - 1 : _memorySlots;
        return _segments.MemorySlotsInUse > wanted ? _evictor.Next(_log.Active, _compactor) : null;
    }

    private PrepareTask? Preparation(Instant now)
    {
        if (_supply.Next != null || !_segments.HasFreeSlot)
            return null;
        if (!IsMemoryOnly && _supply.SpareCount == 0 && !MayTakeSpace(now))
            return null;
        if (IsMemoryOnly && _segments.MemorySlotsInUse >= _memorySlots)
            return null;
        if (!_segments.TryRentMemory(out int memorySlot))
            return null;
        long newest = _segments.Ordered.Count == 0 ? 0 : _segments.Ordered[^1].Sequence;
        long sequence = Math.Max(newest + 1, _log.Run); // The run's number is above every name that a file ever had.
        return new PrepareTask(_options, _segments, _supply, _log, sequence, memorySlot);
    }

    /// <summary>While writes go on, a segment that was filled only just may be dead soon: its hint would be for nothing.</summary>
    private HintTask? Hint(Instant now)
    {
        if (IsMemoryOnly)
            return null;
        bool isEager = Pace(now) != CompactionPace.Lazy;
        foreach (Segment segment in _segments.Ordered)
        {
            if (!segment.IsSealed || segment.IsHintTried || segment.IsDamaged || segment.IsReplaced || segment.WrittenEnd != segment.End)
                continue;
            segment.SealedSince ??= now;
            if (isEager || now.MsSince(segment.SealedSince.Value) >= RestMs)
                return new HintTask(_log.LogId, segment);
        }
        return null;
    }

    private RosterTask? Roster(Instant now) =>
        _segments.Missing.Count > 0 && _log.SyncsTotal > 0 && MayTakeSpace(now) ? new RosterTask(_segments, _supply, _log.LogId) : null;

    private SpareTask? Spare(Instant now) =>
        !IsMemoryOnly && _supply.WantsSpare && MayTakeSpace(now) ? new SpareTask(_options, _supply) : null;

    private LoadTask? Load()
    {
        if (IsMemoryOnly || _segments.MemorySlotsInUse + MemorySlotsExtra >= _memorySlots)
            return null;
        for (int index = _segments.Ordered.Count - 1; index >= 0; index--)
        {
            Segment segment = _segments.Ordered[index];
            if (!segment.IsResident && segment.IsSealed && !segment.IsDamaged && !segment.IsReplaced && _segments.TryRentMemory(out int memorySlot))
                return new LoadTask(_segments, _suspects, _log.LogId, segment, memorySlot);
        }
        return null;
    }

    private bool MayTakeSpace(Instant now) => !_supply.IsDiskFull || now.MsSince(_diskFullSince) >= DiskFullRetryMs;

    private void NoteIdleness(Instant now)
    {
        if (_putBytes != _log.PutBytesTotal)
        {
            _putBytes = _log.PutBytesTotal;
            _putSince = now;
        }
        if (_appendedOffset != _log.AppendedOffset)
        {
            _appendedOffset = _log.AppendedOffset;
            _appendedSince = now;
        }
        else if (now.MsSince(_appendedSince) >= IdleAfterMs)
        {
            _log.AppendIdleMark();
        }
    }
}
