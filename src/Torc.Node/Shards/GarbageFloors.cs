// The garbage floor of each partition of a shard, remembered across restarts.
//
// What this copy does not hold at or below its partition's floor is deleted: tombstones of that age are gone (GarbageSweep), and a write of that age to a key
// without a record is refused (LocalRows). What a copy may say of its floor when is Core/Repair/CopyFloor; here it is put into the log before anybody acts on it:
//
//   record  | format u8 | floor u64 | held u64 | closed u64 |     in the local keyspace, named "garbage-floor" and the partition, u16
//
// A record that cannot be read makes the copy incomplete: completing it brings the floor of the others, and drops what they have forgotten.

using System.Buffers.Binary;
using Torc.Core.Clocks;
using Torc.Core.Placement;
using Torc.Core.Repair;
using Torc.Storage;
using Torc.Storage.Disk;

namespace Torc.Node.Shards;

internal sealed class GarbageFloors
{
    private const byte FormatVersion = 1;
    private const int RecordBytes = 25;
    private static readonly byte[] NamePrefix = "garbage-floor"u8.ToArray();

    private readonly ShardStore _store;
    private readonly CopyFloor[] _floors;
    private readonly ulong[] _inForce; // looked at for each change of a key without a record
    private readonly bool[] _differsFromLog;
    private readonly Dictionary<int, ColdRead?> _coldReads = []; // of records that are on disk only; null while under way

    private GarbageFloors(ShardStore store, int partitionCount)
    {
        _store = store;
        _floors = new CopyFloor[partitionCount];
        _inForce = new ulong[partitionCount];
        _differsFromLog = new bool[partitionCount];
    }

    public CopyFloor Of(int partition) => partition < _floors.Length ? _floors[partition] : default;

    /// <summary>What is not held at or below this stamp is deleted; 0: nothing is known.</summary>
    public ulong InForce(int partition) => partition < _inForce.Length ? _inForce[partition] : 0;

    /// <summary>The log offset after the last floor that came into force: a refusal tells of it.</summary>
    public long EndOffset { get; private set; }

    /// <summary>
    /// A copy that does not count is being completed, and has met this floor at copies that do: from now on, until another is set or met, it refuses what they refuse. Without that a late write could
    /// bring back, in a range that was compared already, what they have deleted and forgotten. Needs no record: after a restart the copy is compared from the beginning.
    /// </summary>
    public void Meet(int partition, ulong floor) => _inForce[partition] = Math.Max(_floors[partition].Floor, floor);

    /// <summary>The delete that stands for every one that was collected under a floor.</summary>
    public static Version VersionOf(ulong stamp) => new(stamp, ulong.MaxValue);

    /// <summary>Reads what earlier runs left, synchronously; nothing else runs yet.</summary>
    public static GarbageFloors Open(ShardStore store, IDisk disk, HybridClock clock, Completeness completeness)
    {
        var floors = new GarbageFloors(store, completeness.Flags.Length);
        floors.Load(disk, clock, completeness);
        return floors;
    }

    private void Load(IDisk disk, HybridClock clock, Completeness completeness)
    {
        for (int partition = 0; partition < _floors.Length; partition++)
        {
            FindOutcome outcome = Find(disk, partition, out CopyFloor floor);
            if (outcome == FindOutcome.Damaged)
                completeness.Set(partition, false);
            Set(partition, floor);
            if (!completeness.IsComplete(partition) && completeness.LacksOnlyItsEnd(partition))
                OnIncomplete(partition);
            else if (!completeness.IsComplete(partition))
                OnUnknown(partition);
            clock.Observe(VersionOf(Math.Max(floor.Closed, floor.Proven)));
        }
        EndOffset = _store.AppendedOffset;
    }

    /// <summary>Puts it into the log, then into force. False: the log takes nothing at the moment, nothing has changed.</summary>
    public bool TrySave(Shard shard, int partition, in CopyFloor floor)
    {
        if (floor == _floors[partition] && !_differsFromLog[partition])
            return true;
        if (_coldReads.Remove(partition, out ColdRead? finished) && finished is null)
        {
            _coldReads.Add(partition, null);
            return false;
        }
        Span<byte> name = stackalloc byte[NamePrefix.Length + 2];
        RecordKey key = KeyOf(partition, name);
        // The store wants a key found before it is put.
        FindOutcome found = _store.Find(key, finished, out _, out ColdRead? cold);
        if (found == FindOutcome.Cold)
        {
            _coldReads.Add(partition, null);
            shard.Park(new Waiting(this, partition), cold);
            return false;
        }
        Span<byte> row = stackalloc byte[RecordBytes];
        row[0] = FormatVersion;
        BinaryPrimitives.WriteUInt64LittleEndian(row[1..], floor.Floor);
        BinaryPrimitives.WriteUInt64LittleEndian(row[9..], floor.Held);
        BinaryPrimitives.WriteUInt64LittleEndian(row[17..], floor.Closed);
        if (_store.Put(key, RecordFlags.None, UInt128.One, row) != PutOutcome.Done)
            return false;
        EndOffset = _store.AppendedOffset;
        shard.Outbox.Observe(EndOffset);
        Set(partition, floor);
        _differsFromLog[partition] = false;
        return true;
    }

    /// <summary>
    /// The copy counts no longer. That needs no record: what is read at a start is taken as this when the copy is not complete then, and before it is complete again
    /// another is written.
    /// </summary>
    public void OnIncomplete(int partition) => Forget(partition, _floors[partition].BecameIncomplete());

    /// <summary>The partition is not this node's, or it is a newcomer to it, or damage was met. The same holds of its record.</summary>
    public void OnUnknown(int partition) => Forget(partition, _floors[partition].BecameUnknown());

    /// <summary>The copy was completed, by exchanges that met these floors: its own floor is put into the log before it counts again. False: not now.</summary>
    public bool TryComplete(Shard shard, int partition, ulong floorMet, ulong provenMet)
    {
        CopyFloor floor = _floors[partition].BecameComplete(floorMet, provenMet);
        if (!TrySave(shard, partition, floor))
            return false;
        shard.Clock.Observe(VersionOf(floor.Closed));
        return true;
    }

    private void Forget(int partition, in CopyFloor floor)
    {
        _differsFromLog[partition] |= floor != _floors[partition];
        Set(partition, floor);
    }

    private void Set(int partition, in CopyFloor floor)
    {
        _floors[partition] = floor;
        _inForce[partition] = floor.Floor;
    }

    private FindOutcome Find(IDisk disk, int partition, out CopyFloor floor)
    {
        floor = default;
        Span<byte> name = stackalloc byte[NamePrefix.Length + 2];
        RecordKey key = KeyOf(partition, name);
        FindOutcome outcome = ShardRecovery.Find(_store, disk, key, out RecordView record, out _);
        if (outcome != FindOutcome.Found)
            return outcome;
        ReadOnlySpan<byte> row = record.Row;
        if (row.Length != RecordBytes || row[0] != FormatVersion)
            return FindOutcome.Damaged;
        floor = new CopyFloor(
            BinaryPrimitives.ReadUInt64LittleEndian(row[1..]), BinaryPrimitives.ReadUInt64LittleEndian(row[9..]), BinaryPrimitives.ReadUInt64LittleEndian(row[17..]));
        return outcome;
    }

    private static RecordKey KeyOf(int partition, Span<byte> name)
    {
        NamePrefix.CopyTo(name);
        BinaryPrimitives.WriteUInt16LittleEndian(name[NamePrefix.Length..], (ushort)partition);
        return new RecordKey(KeyspaceSettings.LocalId, 0, name);
    }

    /// <summary>Whoever wanted to save it tries again.</summary>
    private sealed class Waiting(GarbageFloors floors, int partition) : IResumable
    {
        public void Resume(ColdRead? finished)
        {
            if (finished is null)
                floors._coldReads.Remove(partition);
            else
                floors._coldReads[partition] = finished;
        }
    }
}
