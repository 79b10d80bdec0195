using System.Buffers.Binary;

namespace Torc.Core.Placement;

/// <summary>
/// The order in which nodes that are no replicas of a partition stand in for replicas that are down: by a hash of partition and node
/// (rendezvous hashing), so that every coordinator walks the same order, a node's partitions fall back to many nodes, and the loss of
/// a fallback moves only what it stood in for.
/// </summary>
public static class FallbackOrder
{
    /// <summary>Lower comes first.</summary>
    public static ulong Rank(int partition, ushort node)
    {
        Span<byte> bytes = stackalloc byte[6];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, partition);
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[4..], node);
        return StableHash.Hash64(bytes);
    }
}
