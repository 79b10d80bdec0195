using System.Runtime.CompilerServices;
using Torc.Base;
using Torc.Storage.Directory;
using Torc.Storage.Disk;
using Torc.Storage.Log;
using Torc.Storage.Maintenance;
using Torc.Storage.Partitions;
using Torc.Storage.Records;
using Torc.Storage.Recovery;
using Torc.Storage.Segments;

namespace Torc.Storage;

/// <summary>
/// The store of one shard: one log, one key directory per (keyspace, partition). Single-threaded: the caller holds the shard's lock
/// for every member; the <c>Run</c> of flush groups, cold reads and maintenance tasks is called outside it.
/// <para>
/// The log is the data. A put appends a record to the active segment in memory and points the directory at it; a flush group
/// writes what was appended. The directory holds, for each key, the address of the record that is last in the log, and
/// compaction copies such records to the tail before it removes their segment: so "last in the log wins" is all that recovery
/// needs. Only <see cref="Forget"/> and <see cref="DropPartition"/> take keys out; a delete is a row like any other.
/// </para>
/// </summary>
public sealed unsafe class ShardStore : IDisposable
{
    private readonly SegmentTable _segments;
    private readonly SegmentSupply _supply;
    private readonly PartitionTable _partitions;
    private readonly LogTail _log;
    private readonly Suspects _suspects;
    private readonly RecordLookup _lookup;
    private readonly HashScan _scan;
    private readonly Maintainer _maintainer;
    private readonly ColdPromotion _promotion;
    private readonly StorageOptions _options;
    private readonly bool _overwrites;
    private ColdRead? _resolved;
    private long _changes = 1; // of what a RecordPlace relies on
    private long _coldReadsTotal, _damagedReadsTotal, _stalledPutsTotal;

    internal ShardStore(StorageOptions options, SegmentTable segments, SegmentSupply supply, PartitionTable partitions, LogTail log)
    {
        _options = options;
        _overwrites = options.Mode == StorageMode.Memory;
        _segments = segments;
        _supply = supply;
        _partitions = partitions;
        _log = log;
        _suspects = new Suspects(segments, partitions);
        _lookup = new RecordLookup(segments, _suspects);
        _scan = new HashScan(segments, log.LogId);
        var mover = new RecordMover(segments, partitions, _suspects, log);
        _maintainer = new Maintainer(options, segments, supply, mover, _suspects, log);
        _promotion = new ColdPromotion(options, mover, log);
    }

    /// <summary>The log offset after the last appended record.</summary>
    public long AppendedOffset => _log.AppendedOffset;

    /// <summary>Everything below it is with the operating system and survives the process (memory mode: equals <see cref="AppendedOffset"/>).</summary>
    public long WrittenOffset => _log.WrittenOffset;

    /// <summary>Everything below it survives a power failure (memory mode: equals <see cref="AppendedOffset"/>).</summary>
    public long DurableOffset => _log.DurableOffset;

    /// <summary>Whether this run has a segment of its own; without, the disk was full at the start.</summary>
    internal bool HasActiveSegment => _log.Active != null;

    /// <summary>Some segment is not as it was written.</summary>
    public bool HasDamage => _maintainer.HasDamage;

    /// <summary>Others hold what damage has taken here: what can be read of damaged segments is copied, and the segments go as soon as nothing in them lives.</summary>
    public bool MaySalvage
    {
        get => _maintainer.MaySalvage;
        set => _maintainer.MaySalvage = value;
    }

    /// <summary>Where the damage lies that the last damaged Find or Scan met.</summary>
    public Damage? LastDamage { get; private set; }

    public StoreStatistics Statistics => _maintainer.AddTo(new StoreStatistics
    {
        Records = _partitions.CountRecords(),
        DirectoryBytes = _partitions.DirectoryBytes,
        UnflushedBytes = _log.UnwrittenBytes,
        AppendedBytesTotal = _log.AppendedBytesTotal,
        FlushGroupsTotal = _log.FlushGroupsTotal,
        SyncsTotal = _log.SyncsTotal,
        ColdReadsTotal = _coldReadsTotal,
        PromotedRecordsTotal = _promotion.PromotedTotal,
        DamagedReadsTotal = _damagedReadsTotal,
        StalledPutsTotal = _stalledPutsTotal,
    });

    /// <summary>Opens or makes the log in a directory; reads synchronously. Anything but <see cref="OpenOutcome.Opened"/> leaves it untouched.</summary>
    public static OpenOutcome Open(IDisk disk, StorageOptions options, Instant now, out ShardStore? store, out RecoveryReport report) =>
        StoreOpener.Open(disk, options, now, out store, out report);

    /// <summary>Finds a record. Pass the cold read that an earlier call gave, once it has run.</summary>
    public FindOutcome Find(scoped in RecordKey key, ColdRead? finished, out RecordView view, out ColdRead? cold)
    {
        cold = null;
        _resolved = finished;
        PartitionState? partition = _partitions.Get(key.Keyspace, key.Partition);
        if (partition == null)
        {
            view = default;
            return FindOutcome.NotFound;
        }
        if (!_lookup.TryGuess(partition, key, out long address, out Segment segment, out int offset, out ReadOnlySpan<byte> record, out bool isAbsent))
        {
            if (!isAbsent)
                return FindSlowly(partition, key, finished, out view, out cold);
            view = default;
            Fill(ref view.FoundAt, key.Hash, partition, null, -1);
            return FindOutcome.NotFound;
        }
        if (_maintainer.TracksReads)
            segment.Touch(offset);
        Unsafe.SkipInit(out view);
        view.Record = record;
        view.EndOffset = segment.Base + offset + record.Length;
        Fill(ref view.FoundAt, key.Hash, partition, segment, address);
        view.FoundAt.Size = record.Length;
        view.FoundAt.Flags = RecordCodec.Flags(record);
        return FindOutcome.Found;
    }

    /// <summary>
    /// Begins to bring a key's record towards the processor's cache: asks the memory for its bucket. For a batch of keys call it for
    /// each, then <see cref="Arrive"/> for all, and only then the first Find: so the loads of a batch overlap instead of following one another.
    /// </summary>
    public void Approach(in RecordKey key, RecordUse use, ref RecordApproach approach)
    {
        PartitionState? partition = _partitions.Get(key.Keyspace, key.Partition);
        if (partition == null)
        {
            approach.End();
            return;
        }
        approach.Directory = partition.Directory.Number;
        approach.IsReplaced = use == RecordUse.Change && !_overwrites;
        partition.Directory.Approach(key.Hash, ref approach.Way);
    }

    /// <summary>Goes on until all are there: looks at the buckets that have arrived and asks for records, or for the next bucket of a key that found its own full.</summary>
    public void Arrive(Span<RecordApproach> approaches)
    {
        for (bool underWay = true; underWay;)
        {
            underWay = false;
            foreach (ref RecordApproach approach in approaches)
            {
                if (!approach.IsUnderWay)
                    continue;
                Advance(ref approach);
                underWay |= approach.IsUnderWay;
            }
        }
    }

    /// <summary>Inserts or replaces.</summary>
    public PutOutcome Put(in RecordKey key, RecordFlags flags, UInt128 version, ReadOnlySpan<byte> row) =>
        Put(key, default, flags, version, row);

    /// <summary>Inserts or replaces the record at the place that a Find of the same key gave.</summary>
    public PutOutcome Put(in RecordKey key, in RecordPlace found, RecordFlags flags, UInt128 version, ReadOnlySpan<byte> row)
    {
        long size = RecordCodec.SizeOf(key.Key.Length, row.Length);
        if (size > _options.RecordBytesMax || key.Key.Length > RecordCodec.KeyBytesMax)
            return PutOutcome.TooLarge;
        if (IsCurrent(key, found))
            return PutAt(key, found, size, flags, version, row);
        FindOutcome outcome = LookUp(key, out RecordPlace place);
        if (outcome == FindOutcome.Cold)
            return PutOutcome.Unresolved;
        PutOutcome put = PutAt(key, place, size, flags, version, row);
        if (outcome == FindOutcome.Damaged && put == PutOutcome.Done)
            Suspect(key, place.Partition!);
        return put;
    }

    private PutOutcome PutAt(in RecordKey key, in RecordPlace old, long size, RecordFlags flags, UInt128 version, ReadOnlySpan<byte> row)
    {
        if (old.Segment == null && !_partitions.HasRoom)
            return PutOutcome.MemoryFull;
        var header = new RecordHeader(RecordKind.Put, flags, key.Keyspace, key.Partition, version, key.Key.Length, row.Length);
        if (_overwrites && old.Segment != null && old.Size == size && !_maintainer.TracksReads)
        {
            Overwrite(old, header, key.Key, row);
            return PutOutcome.Done;
        }
        PutOutcome reserved = _log.Reserve((int)size, (flags & RecordFlags.Tombstone) != 0 ? AppendUse.Delete : AppendUse.Put);
        if (reserved != PutOutcome.Done)
            return Refused(reserved);
        long address = _log.Append(header, key.Key, row);
        _log.Active!.AddLive(size);
        PartitionState partition = old.Partition!;
        if (old.Segment != null)
        {
            Check.That(partition.Directory.Replace(key.Hash, old.Address, address));
            partition.Remove(old.Flags, old.Size);
            old.Segment.RemoveLive(old.Size);
            old.Segment.MarkDead(_segments.OffsetOf(old.Address));
        }
        else
        {
            partition.Directory.Insert(key.Hash, address);
        }
        partition.Add(flags, size, version);
        _changes++;
        return PutOutcome.Done;
    }

    /// <summary>Drops a record for good (a collected tombstone, a moved key) and logs that. Done too when there is none.</summary>
    public PutOutcome Forget(in RecordKey key)
    {
        PartitionState? partition = _partitions.Get(key.Keyspace, key.Partition);
        if (partition == null)
            return PutOutcome.Done;
        FindOutcome found = _lookup.Find(partition, key, _resolved, out Located old, out _);
        if (found == FindOutcome.Cold)
            return PutOutcome.Unresolved;
        if (found == FindOutcome.NotFound)
            return PutOutcome.Done;
        int size = (int)RecordCodec.SizeOf(key.Key.Length, 0);
        PutOutcome reserved = _log.Reserve(size, AppendUse.Delete);
        if (reserved != PutOutcome.Done)
            return Refused(reserved);
        var header = new RecordHeader(RecordKind.Forget, RecordFlags.None, key.Keyspace, key.Partition, OwnOffset, key.Key.Length, 0);
        _log.Append(header, key.Key, default);
        _log.Active!.AddControl(size);
        if (old.Segment != null)
        {
            Check.That(partition.Directory.Remove(key.Hash, old.Address));
            partition.Remove(old.Header.Flags, old.Header.Size);
            old.Segment.RemoveLive(old.Header.Size);
            old.Segment.MarkDead(_segments.OffsetOf(old.Address));
        }
        if (found == FindOutcome.Damaged)
            Suspect(key, partition);
        _changes++;
        return PutOutcome.Done;
    }

    /// <summary>Drops all records of a (keyspace, partition) in one step, and logs that.</summary>
    public PutOutcome DropPartition(byte keyspace, ushort partition)
    {
        if (_partitions.Get(keyspace, partition) == null)
            return PutOutcome.Done;
        PutOutcome reserved = _log.Reserve(RecordCodec.HeaderBytes, AppendUse.Delete);
        if (reserved != PutOutcome.Done)
            return Refused(reserved);
        _log.Append(new RecordHeader(RecordKind.Drop, RecordFlags.None, keyspace, partition, OwnOffset, 0, 0), default, default);
        _log.Active!.AddControl(RecordCodec.HeaderBytes);
        _maintainer.Discard(_partitions.Detach(keyspace, partition)!);
        _changes++;
        return PutOutcome.Done;
    }

    /// <summary>
    /// Visits every record of a (keyspace, partition) with a hash in [<paramref name="fromHash"/>, <paramref name="end"/>), in ascending order of hash, where
    /// <paramref name="end"/> is chosen after about <paramref name="budget"/> records; 0 means that the hash space is finished.
    /// </summary>
    public ScanOutcome Scan(byte keyspace, ushort partition, ulong fromHash, int budget, ColdRead? finished, IScanVisitor visitor, out ulong end, out ColdRead? cold)
    {
        end = 0;
        cold = null;
        PartitionState? state = _partitions.Get(keyspace, partition);
        if (state == null)
            return ScanOutcome.Done;
        if (finished != null && !_suspects.IsEmpty && finished.Settle(_suspects))
            _changes++;
        ScanOutcome outcome = _scan.Scan(state, fromHash, budget, finished, visitor, out end, out cold);
        if (outcome == ScanOutcome.Damaged)
            LastDamage = finished?.FirstDamage() ?? LastDamage;
        return outcome;
    }

    public PartitionCounts Counts(byte keyspace, ushort partition) => _partitions.Get(keyspace, partition)?.Counts ?? default;

    /// <summary>Takes everything appended so far, to be written, and synced as the durability says; null when there is nothing to do, or a group is under way.</summary>
    public FlushGroup? BeginFlush(Instant now) => _log.BeginFlush(now, _maintainer.WaitsForSync);

    /// <summary>Whether <see cref="BeginWrite"/> and <see cref="BeginSync"/> are what the log wants next; otherwise <see cref="BeginFlush"/>.</summary>
    public bool WritesAlone => _log.WritesAlone;

    /// <summary>Takes everything appended so far, to be written only; null when there is nothing to do, a write is under way, or not <see cref="WritesAlone"/>.</summary>
    public FlushGroup? BeginWrite() => _log.BeginWrite();

    /// <summary>
    /// Takes everything written so far, to be synced, when the durability or compaction asks for it now; otherwise null, and when a sync is
    /// under way or not <see cref="WritesAlone"/>. Writes go on meanwhile.
    /// </summary>
    public FlushGroup? BeginSync(Instant now) => _log.BeginSync(now, _maintainer.WaitsForSync);

    /// <summary>After <see cref="FlushGroup.Run"/>: advances <see cref="WrittenOffset"/> and <see cref="DurableOffset"/>.</summary>
    public void EndFlush(FlushGroup group) => _log.EndFlush(group);

    /// <summary>
    /// The next step of background work; null when there is nothing to do now, or a task is under way. It may append (copies, marks): ask for
    /// a flush afterwards.
    /// </summary>
    public MaintenanceTask? BeginMaintenance(Instant now) => _maintainer.Begin(now);

    /// <summary>After <see cref="MaintenanceTask.Run"/>.</summary>
    public void EndMaintenance(MaintenanceTask task, Instant now)
    {
        _maintainer.End(task, now);
        _changes++;
    }

    /// <summary>Appends the clean-stop mark. The caller then flushes, disposes, and calls nothing else. Stalled: flush, run maintenance, which may have to
    /// prepare a segment first, and ask again.</summary>
    public PutOutcome CloseClean() => _log.Stop();

    /// <summary>Frees memory and closes files; flushes nothing.</summary>
    public void Dispose()
    {
        _maintainer.Dispose();
        _partitions.Dispose();
        _segments.Dispose();
        _log.Dispose();
    }

    private void Advance(ref RecordApproach approach)
    {
        if (!approach.Way.Advance(_partitions.Buckets, out ulong* entry))
            return;
        _partitions.Buckets.Arrived.Add(approach.Directory, approach.Way.Hash, entry);
        _segments.Prefetch(Bucket.AddressOf(*entry), approach.IsReplaced);
    }

    /// <summary>The ordinary case is one line of the directory and one record in memory; this is every other.</summary>
    private FindOutcome FindSlowly(PartitionState partition, scoped in RecordKey key, ColdRead? finished, out RecordView view, out ColdRead? cold)
    {
        view = default;
        cold = null;
        FindOutcome outcome = _lookup.Find(partition, key, finished, out Located located, out long missing);
        switch (outcome)
        {
            case FindOutcome.Found:
                long endOffset = located.Segment!.Base + located.Offset + located.Header.Size; // its first place is as durable as ever
                if (!located.Segment.IsResident && _promotion.TryPromote(key, ref located))
                    _changes++;
                else if (_maintainer.TracksReads && located.Segment!.IsResident)
                    located.Segment.Touch(located.Offset);
                view.Record = located.Record;
                view.EndOffset = endOffset;
                Fill(ref view.FoundAt, key.Hash, partition, located.Segment, located.Address);
                view.FoundAt.Size = located.Record.Length;
                view.FoundAt.Flags = located.Header.Flags;
                break;
            case FindOutcome.NotFound:
                Fill(ref view.FoundAt, key.Hash, partition, null, -1);
                break;
            case FindOutcome.Cold:
                cold = new ColdRead(_log.LogId, finished);
                Segment segment = _segments.At(missing, out int offset);
                cold.Add(missing, segment, offset);
                _coldReadsTotal++;
                break;
            case FindOutcome.Damaged:
                _damagedReadsTotal++;
                LastDamage = finished?.FirstDamage() ?? LastDamage;
                break;
        }
        return outcome;
    }

    /// <summary>
    /// Nothing of a memory store's log is ever read again in its order, so a row as long as the one before goes into its place: nothing is left
    /// behind to compact. Not while memory is short: then the order of segments tells what was written lately.
    /// </summary>
    private void Overwrite(in RecordPlace old, in RecordHeader header, ReadOnlySpan<byte> key, ReadOnlySpan<byte> row)
    {
        Segment segment = _segments.At(old.Address, out int offset);
        RecordCodec.Write(segment.Overwritable(offset, old.Size), header, key, row);
        old.Partition!.Remove(old.Flags, old.Size);
        old.Partition.Add(header.Flags, old.Size, header.Version);
        _changes++;
    }

    // A forget or drop covers what lies before it; the reserve call already chose the segment that it goes to.
    private UInt128 OwnOffset => (UInt128)(ulong)_log.Active!.EndOffset;

    /// <summary>Whether a place still holds. All others are looked up again.</summary>
    private bool IsCurrent(in RecordKey key, in RecordPlace found) =>
        found.Stamp == _changes && found.Hash == key.Hash && found.Partition == _partitions.Get(key.Keyspace, key.Partition);

    /// <summary>The key was put or forgotten: records that may have been its own, and could not be read, are not to come back.</summary>
    private void Suspect(in RecordKey key, PartitionState partition)
    {
        foreach (long address in partition.Directory.Candidates(key.Hash))
        {
            Segment segment = _segments.At(address, out _);
            if (!segment.IsResident && _resolved?.Get(address, segment) is { State: ColdState.Damaged })
                _suspects.Add(address, segment, key.Key);
        }
    }

    /// <summary>Cold: a record on disk may be the key's.</summary>
    private FindOutcome LookUp(in RecordKey key, out RecordPlace place)
    {
        PartitionState partition = _partitions.GetOrAdd(key.Keyspace, key.Partition);
        FindOutcome outcome = _lookup.Find(partition, key, _resolved, out Located located, out _);
        place = default;
        Fill(ref place, key.Hash, partition, located.Segment, located.Address);
        place.Size = located.Header.Size;
        place.Flags = located.Header.Flags;
        return outcome;
    }

    /// <summary>All of a place but what is known of its record.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Fill(ref RecordPlace place, ulong hash, PartitionState partition, Segment? segment, long address)
    {
        place.Stamp = _changes;
        place.Hash = hash;
        place.Partition = partition;
        place.Segment = segment;
        place.Address = address;
    }

    private PutOutcome Refused(PutOutcome outcome)
    {
        if (outcome == PutOutcome.Stalled)
            _stalledPutsTotal++;
        return outcome;
    }
}
