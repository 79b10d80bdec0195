using Torc.Core.Placement;

namespace Torc.Core.Membership;

/// <summary>What every first node must be told alike.</summary>
/// <param name="FirstNodes">Peer addresses of the first nodes in ascending ordinal order: a node's id is its index. None: the node makes no cluster, it joins one.</param>
/// <param name="PartitionCount">A power of two, fixed for the cluster's life.</param>
/// <param name="Copies">Wanted of each key, in all or in each data centre.</param>
/// <param name="Keyspaces">Default consistency levels.</param>
public sealed record FormationSettings(
    IReadOnlyList<string> FirstNodes, int PartitionCount, CopiesWanted Copies, IReadOnlyList<KeyspaceSettings> Keyspaces)
{
    /// <summary>Peer addresses of members of the cluster that a node is to join, or to find again.</summary>
    public IReadOnlyList<string> Seeds { get; init; } = [];

    /// <summary>The highest <see cref="ClusterLevel"/> that the node agrees to; need not be the same on each: the lowest one is that of the first map.</summary>
    public byte LevelMax { get; init; } = ClusterLevel.Newest;

    /// <summary>Equal for equal settings: nodes that were told differently never form a cluster. 0 of a node that makes none.</summary>
    public ulong Digest()
    {
        if (FirstNodes.Count == 0)
            return 0;
        using var bytes = new ByteWriter();
        bytes.WriteUInt32((uint)FirstNodes.Count);
        foreach (string address in FirstNodes)
            bytes.WriteBlob(System.Text.Encoding.UTF8.GetBytes(address));
        bytes.WriteUInt32((uint)PartitionCount);
        bytes.WriteUInt32((uint)Copies.Total);
        if (Copies.IsByDataCentre)
            bytes.WriteBlob(System.Text.Encoding.UTF8.GetBytes(Copies.ToString()));
        foreach (KeyspaceSettings keyspace in Keyspaces)
            ClusterMapCodec.WriteKeyspace(bytes, keyspace);
        return Math.Max(StableHash.Hash64(bytes.Written), 1);
    }
}
