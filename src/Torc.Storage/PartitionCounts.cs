namespace Torc.Storage;

/// <summary>Totals of one (keyspace, partition).</summary>
/// <param name="Records">Keys with a record, tombstones included.</param>
/// <param name="Live">Keys whose record is no tombstone (expired ones included).</param>
/// <param name="WithDeadline">Records with a deadline.</param>
/// <param name="Bytes">Bytes of those records, headers included.</param>
/// <param name="VersionMax">At least the greatest version among them; never falls while the store is open, a dropped partition excepted.</param>
public readonly record struct PartitionCounts(long Records, long Live, long WithDeadline, long Bytes, UInt128 VersionMax);
