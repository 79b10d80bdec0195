// This node's copy of a shard's rows: the row model over the store's opaque records.
//
// Invariant: what a caller sees of a (keyspace, partition) is every row joined with the partition's floor (a delete of
// everything older; see Floors), so that a FLUSHDB needs no visit to each key. Rows that the floor covers are never stored.
//
// Invariant: the row and its hash in the Merkle tree change in one step. Nothing else writes replicated rows.
//
// Invariant: a change of a key without a record is joined with a delete at the partition's garbage floor: so the tombstones that were collected below it go on
// covering what they covered. Reads see no record there, which to them is the same.

using Torc.Core.Cells;
using Torc.Core.Placement;
using Torc.Storage;

namespace Torc.Node.Shards;

/// <summary>How applying a delta to the local copy went.</summary>
internal enum ApplyOutcome
{
    Applied,

    /// <summary>The old row has to be read from disk first.</summary>
    Cold,

    /// <summary>The log takes nothing at the moment; try again after maintenance.</summary>
    Stalled,
    DiskFull,
    TooLarge,
}

/// <summary>What became of a delta.</summary>
/// <param name="Reflected">The merged row shows the delta; false: something later covers it.</param>
/// <param name="Winner">The merged row's greatest version; of a floor the greatest in its keyspace, which may hold rows that the floor does not cover.</param>
internal readonly record struct ApplyResult(ApplyOutcome Outcome, bool Reflected, Version Winner, bool WasDamaged, ColdRead? Cold);

internal sealed class LocalRows(ShardStore store, Floors floors, RowTrees trees, GarbageFloors garbage, Completeness completeness)
{
    private readonly DamagedRecords _damaged = new();
    private readonly ByteWriter _joined = new();
    private readonly ByteWriter _merged = new();

    /// <summary>Any replicated row of the partition is stored here.</summary>
    public bool Has(ushort partition)
    {
        for (int index = 0; index < RowTrees.Keyspaces; index++)
        {
            if (store.Counts(RowTrees.KeyspaceAt(index), partition).Records > 0)
                return true;
        }
        return false;
    }

    /// <summary>Forgets all replicated rows of a partition, in one record for each keyspace. False: the log takes nothing at the moment.</summary>
    public bool TryDrop(ushort partition)
    {
        for (int index = 0; index < RowTrees.Keyspaces; index++)
        {
            byte keyspace = RowTrees.KeyspaceAt(index);
            if (store.DropPartition(keyspace, partition) != PutOutcome.Done)
                return false;
            trees.OnDropped(keyspace, partition);
        }
        return true;
    }

    /// <summary>
    /// Reads a row as this replica knows it. Found and NotFound both give a row (the absent one, or the floor's tombstone);
    /// it points into the store and stays valid until the next call on it.
    /// </summary>
    public FindOutcome Read(scoped in RecordKey key, ColdRead? finished, Outbox outbox, out RowView row, out ColdRead? cold) =>
        Read(key, finished, outbox, out row, out _, out cold);

    /// <summary>The same; <paramref name="record"/> saves an Apply in the same turn the second look-up.</summary>
    public FindOutcome Read(scoped in RecordKey key, ColdRead? finished, Outbox outbox, out RowView row, out RecordView record, out ColdRead? cold)
    {
        FindOutcome outcome = store.Find(key, finished, out record, out cold);
        if (outcome == FindOutcome.Found)
        {
            outbox.Observe(record.EndOffset);
            if (!RowView.TryDecode(Version.FromUInt128(record.Version), record.Row, out row))
                outcome = FindOutcome.Damaged;
            else if (!_damaged.IsEmpty)
                OnRead(key, record);
        }
        else
        {
            row = RowView.Absent;
        }
        if (outcome == FindOutcome.Damaged)
            outcome = OnDamaged(key);
        if (outcome is FindOutcome.Found or FindOutcome.NotFound)
            JoinFloor(key.Keyspace, key.Partition, ref row, outbox);
        return outcome;
    }

    /// <summary>Merges a delta into the local copy and appends the result when it changed. A damaged old row counts as absent.</summary>
    public ApplyResult Apply(in RecordKey key, in RowView delta, ColdRead? finished, Outbox outbox)
    {
        FindOutcome found = Read(key, finished, outbox, out RowView current, out RecordView record, out ColdRead? cold);
        if (found == FindOutcome.Cold)
            return new ApplyResult(ApplyOutcome.Cold, false, Version.None, false, cold);
        if (found == FindOutcome.Damaged)
            return MergeWithFloor(key, delta, record.Place, outbox) with { WasDamaged = true };
        return Apply(key, delta, current, record.Place, outbox);
    }

    /// <summary>
    /// The same for a caller that has just read the row: <paramref name="current"/> and <paramref name="place"/> are what <see cref="Read(in RecordKey, ColdRead?, Outbox, out RowView, out RecordView, out ColdRead?)"/>
    /// of this key gave in this turn, with no other call on this object since. After a damaged read they are the absent row and that place.
    /// </summary>
    public ApplyResult Apply(in RecordKey key, in RowView delta, in RowView current, in RecordPlace place, Outbox outbox)
    {
        ulong garbageFloor = garbage.InForce(key.Partition);
        if (garbageFloor != 0 && delta.BaseVersion.Stamp <= garbageFloor && IsUnderGarbageFloor(key, delta, current, garbageFloor))
        {
            outbox.Observe(garbage.EndOffset);
            RowView forgotten = RowView.Tombstone(GarbageFloors.VersionOf(garbageFloor));
            JoinFloor(key.Keyspace, key.Partition, ref forgotten, outbox);
            return Merge(key, delta, forgotten, RowView.Absent, place, outbox);
        }
        return current.IsAbsent ? MergeWithFloor(key, delta, place, outbox) : Merge(key, delta, current, current, place, outbox);
    }

    /// <summary>A row that was read has been joined with the floor; the stand-in for one that is not there, or damaged, has not.</summary>
    private ApplyResult MergeWithFloor(in RecordKey key, in RowView delta, in RecordPlace place, Outbox outbox)
    {
        RowView floor = RowView.Absent;
        JoinFloor(key.Keyspace, key.Partition, ref floor, outbox);
        return Merge(key, delta, floor, floor, place, outbox);
    }

    /// <summary>
    /// Merges a row that an exchange fetched. <paramref name="doubtedBelow"/>: the peer may not have heard of deletes at or below that stamp, so what this copy does not
    /// hold of that age is not taken; 0: the peer's rows are all right, whatever their age. A tombstone that would be collected again is not taken either.
    /// </summary>
    public ApplyResult Restore(in RecordKey key, in RowView fetched, ulong doubtedBelow, ColdRead? finished, Outbox outbox)
    {
        FindOutcome found = Read(key, finished, outbox, out RowView current, out RecordView record, out ColdRead? cold);
        if (found == FindOutcome.Cold)
            return new ApplyResult(ApplyOutcome.Cold, false, Version.None, false, cold);
        bool isDamaged = found == FindOutcome.Damaged;
        if (!IsOfUsers(key.Keyspace) || !(isDamaged || HasNoRecord(key, current)))
            return isDamaged ? MergeWithFloor(key, fetched, record.Place, outbox) with { WasDamaged = true } : Apply(key, fetched, current, record.Place, outbox);
        ulong floor = garbage.InForce(key.Partition);
        if (fetched.MaxVersion.Stamp <= doubtedBelow || (fetched.MaxVersion.Stamp <= floor && IsTombstone(fetched)))
            return new ApplyResult(ApplyOutcome.Applied, false, current.MaxVersion, false, null);
        if (doubtedBelow != 0 && !isDamaged)
            return Apply(key, fetched, current, record.Place, outbox);
        return MergeWithFloor(key, fetched, record.Place, outbox);
    }

    /// <summary>
    /// The others have deleted and forgotten whatever of this key is at or below a stamp: the record goes, or that part of it when another part is newer. False: not now.
    /// </summary>
    public bool TryPrune(in RecordKey key, ulong below, ColdRead? finished, Outbox outbox, out bool changed)
    {
        changed = false;
        FindOutcome found = Read(key, finished, outbox, out RowView row, out RecordView record, out _);
        if (found is not (FindOutcome.Found or FindOutcome.NotFound))
            return false;
        if (found == FindOutcome.NotFound || row.BaseVersion.Stamp > below)
            return true;
        changed = true;
        return row.MaxVersion.Stamp <= below
            ? TryForget(key, row.MaxVersion, row.Digest, finished, outbox)
            : Apply(key, RowView.Tombstone(GarbageFloors.VersionOf(below)), row, record.Place, outbox).Outcome == ApplyOutcome.Applied;
    }

    /// <summary>Takes a record out that the garbage floor makes needless, and its hash from the tree. Only a row that is still as described goes. False: not now.</summary>
    public bool TryForget(in RecordKey key, Version version, ulong digest, ColdRead? finished, Outbox outbox)
    {
        FindOutcome found = Read(key, finished, outbox, out RowView row, out _, out _);
        if (found == FindOutcome.NotFound || (found == FindOutcome.Found && (row.MaxVersion != version || row.Digest != digest)))
            return true;
        if (found != FindOutcome.Found)
            return false;
        (ulong before, _) = trees.HashesOf(key, row, RowView.Absent);
        if (store.Forget(key) != PutOutcome.Done)
            return false;
        outbox.Observe(store.AppendedOffset);
        trees.Removed(key, before);
        return true;
    }

    /// <summary>A delete that covers all of the row.</summary>
    public static bool IsTombstone(in RowView row) => row.Kind == RowKind.None && !row.BaseVersion.IsNone;

    private static bool IsOfUsers(byte keyspace) => keyspace < KeyspaceSettings.UserKeyspacesMax;

    /// <summary>What a read of a key without a record gives: nothing, or the floor of a FLUSHDB.</summary>
    private bool HasNoRecord(in RecordKey key, in RowView current) =>
        current.IsAbsent || (IsTombstone(current) && current.MaxVersion == floors.Of(key.Keyspace, key.Partition).Version);

    /// <summary>Whether a change may be older than a delete that was collected. A copy that is not complete cannot say so of a change that is only partly that old: it keeps it.</summary>
    private bool IsUnderGarbageFloor(in RecordKey key, in RowView delta, in RowView current, ulong floor) =>
        IsOfUsers(key.Keyspace) && HasNoRecord(key, current) && (delta.MaxVersion.Stamp <= floor || completeness.IsComplete(key.Partition));

    /// <param name="key">Of the row.</param>
    /// <param name="delta">What is merged into it.</param>
    /// <param name="current">The row as it is.</param>
    /// <param name="counted">What of it is in the tree: nothing for a delete that has no record.</param>
    /// <param name="place">Of the record.</param>
    /// <param name="outbox">Told how far the log goes.</param>
    private ApplyResult Merge(in RecordKey key, in RowView delta, in RowView current, in RowView counted, in RecordPlace place, Outbox outbox)
    {
        _merged.Clear();
        Version newest = Floors.IsFloorKey(key.Keyspace, key.Key) ? NewestIn(Floors.KeyspaceOf(key.Key), key.Partition) : Version.None;
        MergeOutcome merge = RowMerge.Merge(current, delta, _merged, out Version max);
        if (merge == MergeOutcome.KeptLeft)
            return new ApplyResult(ApplyOutcome.Applied, RowMerge.Reflects(current, delta), Version.Max(newest, current.MaxVersion), false, null);

        if (merge == MergeOutcome.TookRight)
            return StoreMerged(key, place, counted, delta, isReflected: true, newest, outbox);
        if (!RowView.TryDecode(max, _merged.Written, out RowView merged))
            throw new InvariantException("a merge of two rows does not decode");
        return StoreMerged(key, place, counted, merged, RowMerge.Reflects(merged, delta), newest, outbox);
    }

    private ApplyResult StoreMerged(
        in RecordKey key, in RecordPlace place, in RowView counted, in RowView merged, bool isReflected, Version newest, Outbox outbox)
    {
        ApplyOutcome outcome = Store(key, place, counted, merged, outbox);
        if (outcome == ApplyOutcome.Applied && Floors.IsFloorKey(key.Keyspace, key.Key))
            RaiseFloor(Floors.KeyspaceOf(key.Key), key.Partition, merged.BaseVersion);
        return new ApplyResult(outcome, isReflected, Version.Max(newest, merged.MaxVersion), false, null);
    }

    private Version NewestIn(byte keyspace, ushort partition) =>
        IsOfUsers(keyspace) ? Version.FromUInt128(store.Counts(keyspace, partition).VersionMax) : Version.None;

    /// <summary>Joins a row with its partition's floor; the result may point into a buffer of this object.</summary>
    public void JoinFloor(byte keyspace, ushort partition, ref RowView row, Outbox outbox)
    {
        Floor floor = floors.Of(keyspace, partition);
        if (floor.Version.IsNone)
            return;
        outbox.Observe(floor.EndOffset);
        RowView tombstone = RowView.Tombstone(floor.Version);
        _joined.Clear();
        MergeOutcome outcome = RowMerge.Merge(row, tombstone, _joined, out Version max);
        if (outcome == MergeOutcome.TookRight)
            row = tombstone;
        else if (outcome == MergeOutcome.Combined && !RowView.TryDecode(max, _joined.Written, out row))
            throw new InvariantException("a row joined with its floor does not decode");
    }

    /// <summary>An exchange completed the partition, and no damage was met while it ran.</summary>
    public void OnComplete(ushort partition) => _damaged.OnComplete(partition);

    /// <summary>A scan reads a record. False: it is no row. Then, as when the record could not be read at all, see <see cref="OnUnreadable"/>.</summary>
    public bool TryDecodeScanned(byte keyspace, ushort partition, in RecordView record, out RowView row)
    {
        if (!RowView.TryDecode(Version.FromUInt128(record.Version), record.Row, out row))
            return false;
        if (!_damaged.IsEmpty)
            OnRead(new RecordKey(keyspace, partition, record.Hash, record.Key), record);
        return true;
    }

    /// <summary>A scan cannot read the record at a place of the log. True: that is news, and the copy must not count until it has caught up.</summary>
    public bool OnUnreadable(long place) => _damaged.Met(place);

    /// <summary>A tree that was built while the record could not be read lacks it.</summary>
    private void OnRead(in RecordKey key, in RecordView record)
    {
        if (_damaged.OnRead(key, record.Offset))
            trees.OnReadable(key.Keyspace, key.Partition);
    }

    private FindOutcome OnDamaged(in RecordKey key)
    {
        if (_damaged.IsNobodys(key))
            return FindOutcome.NotFound;
        _damaged.Met(key);
        trees.OnDamaged(key.Keyspace, key.Partition);
        return FindOutcome.Damaged;
    }

    /// <summary>A floor was stored, or met by a scan: it may be one that could not be read when the shard was opened.</summary>
    public void RaiseFloor(byte keyspace, ushort partition, Version version)
    {
        Version before = floors.Of(keyspace, partition).Version;
        floors.Raise(keyspace, partition, version, store.AppendedOffset);
        if (floors.Of(keyspace, partition).Version != before)
            trees.OnFloorRaised(keyspace, partition);
    }

    private ApplyOutcome Store(in RecordKey key, in RecordPlace place, in RowView current, in RowView row, Outbox outbox)
    {
        (ulong before, ulong after) = trees.HashesOf(key, current, row);
        PutOutcome put = store.Put(key, place, FlagsOf(row), row.MaxVersion.ToUInt128(), row.Encoded);
        outbox.Observe(store.AppendedOffset);
        if (put == PutOutcome.Done)
        {
            trees.Changed(key, before, after);
            _damaged.OnStored(key);
        }
        return put switch
        {
            PutOutcome.Done => ApplyOutcome.Applied,
            PutOutcome.Stalled => ApplyOutcome.Stalled,
            PutOutcome.DiskFull => ApplyOutcome.DiskFull,
            _ => ApplyOutcome.TooLarge,
        };
    }

    private static RecordFlags FlagsOf(in RowView row)
    {
        RecordFlags flags = RecordFlags.None;
        if (row.Kind == RowKind.None || row.LacksValue)
            flags |= RecordFlags.Tombstone;
        if (row.HasDeadline)
            flags |= RecordFlags.HasDeadline;
        return flags;
    }
}
