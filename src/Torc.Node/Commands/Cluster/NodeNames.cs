using Torc.Core.Placement;

namespace Torc.Node.Commands.Cluster;

/// <summary>Forty hexadecimal digits, as Redis Cluster names nodes and shards: the same on every node, from the map alone.</summary>
internal static class NodeNames
{
    public static string OfNode(ulong clusterId, ushort node) => Name(clusterId, 0x6E6F6465, node);

    public static string OfShard(ulong clusterId, int firstPartition) => Name(clusterId, 0x73686172, (ulong)firstPartition);

    /// <summary>New at each start of the node.</summary>
    public static string RunId(TorcNode node) => Name(node.Actor.Value, 0x72756E, 0);

    public static string OfSelf(ClusterMap map, ushort self) => OfNode(map.ClusterId, self);

    private static string Name(ulong scope, ulong kind, ulong number)
    {
        ulong first = StableHash.Combine(StableHash.Combine(scope, kind), number);
        ulong second = StableHash.Combine(first, number);
        ulong third = StableHash.Combine(second, number);
        return $"{first:x16}{second:x16}{(uint)third:x8}";
    }
}
