using Torc.Base;

namespace Torc.Storage;

/// <summary>Names one record: keyspace, partition, key, and the key's hash, computed once.</summary>
public readonly ref struct RecordKey
{
    public RecordKey(byte keyspace, ushort partition, ReadOnlySpan<byte> key)
        : this(keyspace, partition, StableHash.Hash64(key), key)
    {
    }

    /// <summary>Takes the hash from a caller that has it; it must be <see cref="StableHash.Hash64"/> of the key.</summary>
    public RecordKey(byte keyspace, ushort partition, ulong hash, ReadOnlySpan<byte> key)
    {
        Check.Deep(hash == StableHash.Hash64(key));
        Keyspace = keyspace;
        Partition = partition;
        Hash = hash;
        Key = key;
    }

    public byte Keyspace { get; }

    public ushort Partition { get; }

    public ulong Hash { get; }

    public ReadOnlySpan<byte> Key { get; }
}
