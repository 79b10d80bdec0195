// Floors: FLUSHDB in one write per partition.
//
// The floor of a (keyspace, partition) is the base version of a row in the system keyspace, replicated and merged like any
// other; every row of the keyspace there is read as joined with a delete at that version. Visiting and deleting each key would
// cost a tombstone a key and let writes that the visit has passed survive; this costs one row and covers them all.

using Torc.Core.Placement;
using Torc.Storage;

namespace Torc.Node.Shards;

/// <param name="Version">Everything of this version or older is deleted.</param>
/// <param name="EndOffset">Where the floor's record ends in the log: a reply that relied on it waits for that.</param>
internal readonly record struct Floor(Version Version, long EndOffset);

internal sealed class Floors(ShardStore store)
{
    private readonly Floor[]?[] _floors = new Floor[KeyspaceSettings.UserKeyspacesMax][]; // by keyspace and partition: read for each command
    private readonly List<int> _toSweep = [];

    public static byte KeyspaceOf(ReadOnlySpan<byte> systemKey) => systemKey[0];

    public static bool IsFloorKey(byte keyspace, ReadOnlySpan<byte> key) => keyspace == KeyspaceSettings.SystemId && key.Length == 1;

    public Floor Of(byte keyspace, ushort partition)
    {
        Floor[]? floors = keyspace < _floors.Length ? _floors[keyspace] : null;
        return floors != null && partition < floors.Length ? floors[partition] : default;
    }

    /// <summary>A floor row was read or written. Drops the partition's records at once when all are older, else leaves them to the sweep.</summary>
    public void Raise(byte keyspace, ushort partition, Version version, long endOffset)
    {
        if (keyspace >= KeyspaceSettings.UserKeyspacesMax || version.IsNone)
            return;
        int index = Index(keyspace, partition);
        if (Of(keyspace, partition).Version >= version)
            return;
        Set(keyspace, partition, new Floor(version, endOffset));
        PartitionCounts counts = store.Counts(keyspace, partition);
        if (counts.Records == 0)
            return;
        bool allOlder = counts.VersionMax <= version.ToUInt128();
        if (allOlder && store.DropPartition(keyspace, partition) == PutOutcome.Done)
            return;
        if (!_toSweep.Contains(index))
            _toSweep.Add(index);
    }

    /// <summary>The next (keyspace, partition) that may hold records under its floor; false when none does.</summary>
    public bool TryNextSweep(out byte keyspace, out ushort partition)
    {
        keyspace = 0;
        partition = 0;
        if (_toSweep.Count == 0)
            return false;
        keyspace = (byte)(_toSweep[0] >> 16);
        partition = (ushort)_toSweep[0];
        return true;
    }

    public void SweepFinished() => _toSweep.RemoveAt(0);

    private void Set(byte keyspace, ushort partition, Floor floor)
    {
        ref Floor[]? floors = ref _floors[keyspace];
        if (floors == null || partition >= floors.Length)
            Array.Resize(ref floors, Math.Max(16, (partition + 1) * 2));
        floors[partition] = floor;
    }

    private static int Index(byte keyspace, ushort partition) => keyspace << 16 | partition;
}
