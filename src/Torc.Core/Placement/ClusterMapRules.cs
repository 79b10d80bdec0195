using Torc.Core.Replication;

namespace Torc.Core.Placement;

/// <summary>What makes a cluster map valid: checked for every map made or decoded.</summary>
internal static class ClusterMapRules
{
    public const int TextBytesMax = 255;

    /// <summary>Null, or what is wrong.</summary>
    public static string? FindFault(ClusterMap map, int replicaEntries)
    {
        if (map.Epoch == 0)
            return "epoch 0";
        if (map.PartitionCount is < 1 or > ClusterMap.PartitionsMax || !int.IsPow2(map.PartitionCount))
            return "the number of partitions is not a power of two up to 16384";
        if (map.ReplicationFactor is < 1 or > ReplicaSet.ReplicasMax)
            return "replication factor";
        if (map.Nodes.Count is < 1 or > ClusterMap.NodesMax)
            return "number of nodes";
        if (replicaEntries != map.PartitionCount * map.ReplicasPerPartition)
            return "number of replicas";
        return FindNodeFault(map.Nodes) ?? FindKeyspaceFault(map.Keyspaces) ?? FindReplicaFault(map);
    }

    private static string? FindNodeFault(IReadOnlyList<NodeInfo> nodes)
    {
        for (int index = 0; index < nodes.Count; index++)
        {
            NodeInfo node = nodes[index];
            if (index > 0 && nodes[index - 1].Id >= node.Id)
                return "order of nodes";
            if (node.Weight < 1 || node.RespPort is < 0 or > ushort.MaxValue || node.HttpPort is < 0 or > ushort.MaxValue)
                return $"weight or port of node {node.Id}";
            if (!Fits(node.PeerAddress) || !Fits(node.Host) || !Fits(node.DataCentre) || !Fits(node.Rack))
                return $"a text of node {node.Id} is too long";
        }
        return null;
    }

    private static bool Fits(string text) => System.Text.Encoding.UTF8.GetByteCount(text) <= TextBytesMax;

    private static string? FindKeyspaceFault(IReadOnlyList<KeyspaceSettings> keyspaces)
    {
        for (int index = 0; index < keyspaces.Count; index++)
        {
            if (index > 0 && keyspaces[index - 1].Id >= keyspaces[index].Id)
                return "order of keyspaces";
            if (!Levels.IsKnown((byte)keyspaces[index].Read) || !Levels.IsKnown((byte)keyspaces[index].Write))
                return $"consistency level of keyspace {keyspaces[index].Id}";
        }
        return null;
    }

    private static string? FindReplicaFault(ClusterMap map)
    {
        var known = new HashSet<ushort>(map.Nodes.Select(node => node.Id));
        for (int partition = 0; partition < map.PartitionCount; partition++)
        {
            ReadOnlySpan<ushort> replicas = map.ReplicasOf(partition);
            for (int index = 0; index < replicas.Length; index++)
            {
                if (!known.Contains(replicas[index]) || replicas[..index].Contains(replicas[index]))
                    return $"replicas of partition {partition}";
            }
            if (map.EpochOf(partition) is 0 || map.EpochOf(partition) > map.Epoch)
                return $"epoch of partition {partition}";
        }
        return null;
    }
}
