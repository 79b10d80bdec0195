using Torc.Core.Replication;

namespace Torc.Core.Placement;

/// <summary>What makes a cluster map valid: checked for every map made or decoded.</summary>
internal static class ClusterMapRules
{
    public const int TextBytesMax = 255;

    /// <summary>Null, or what is wrong.</summary>
    public static string? FindFault(ClusterMapDraft map)
    {
        if (!ClusterLevel.IsKnown(map.Level))
            return "level";
        if (map.Copies.IsByDataCentre && map.Level < ClusterLevel.CopiesByDataCentre)
            return "copies by data centre at a level without them";
        if (map.Epoch == 0)
            return "epoch 0";
        if (map.Replicas.Length is < 1 or > ClusterMap.PartitionsMax || !int.IsPow2(map.Replicas.Length))
            return "the number of partitions is not a power of two up to 16384";
        if (map.Nodes.Length is < 1 or > ClusterMap.NodesMax)
            return "number of nodes";
        if (map.Moves.Length != map.Replicas.Length || map.PartitionEpochs.Length != map.Replicas.Length)
            return "number of partitions";
        return FindNodeFault(map.Nodes, map.Level) ?? FindRemovedFault(map) ?? FindVoterFault(map) ?? FindKeyspaceFault(map.Keyspaces)
            ?? FindReplicaFault(map);
    }

    private static string? FindNodeFault(NodeInfo[] nodes, byte level)
    {
        for (int index = 0; index < nodes.Length; index++)
        {
            NodeInfo node = nodes[index];
            if (index > 0 && nodes[index - 1].Id >= node.Id)
                return "order of nodes";
            if (node.Id > ClusterMap.NodeIdMax)
                return $"id {node.Id}";
            if (node.Weight < 1 || node.RespPort is < 0 or > ushort.MaxValue || node.HttpPort is < 0 or > ushort.MaxValue)
                return $"weight or port of node {node.Id}";
            if (!Fits(node.PeerAddress) || !Fits(node.Host) || !Fits(node.DataCentre) || !Fits(node.Rack))
                return $"a text of node {node.Id} is too long";
            if (!Enum.IsDefined(node.State) || (node.State == NodeState.Gone && level < ClusterLevel.GoneNodes))
                return $"state of node {node.Id}";
        }
        return null;
    }

    private static bool Fits(string text) => System.Text.Encoding.UTF8.GetByteCount(text) <= TextBytesMax;

    private static string? FindRemovedFault(ClusterMapDraft map)
    {
        if (map.Removed.Length > ClusterMap.RemovedMax)
            return "number of removed nodes";
        for (int index = 1; index < map.Removed.Length; index++)
        {
            if (map.Removed[index - 1].Id >= map.Removed[index].Id)
                return "order of removed nodes";
        }
        var removed = new HashSet<ushort>(map.Removed.Select(node => node.Id));
        return map.Nodes.Any(node => removed.Contains(node.Id)) ? "a removed node is a member" : null;
    }

    private static string? FindVoterFault(ClusterMapDraft map)
    {
        if (map.Voters.Length is < 1 or > ClusterMap.VotersMax)
            return "number of voters";
        for (int index = 0; index < map.Voters.Length; index++)
        {
            ushort voter = map.Voters[index];
            if (index > 0 && map.Voters[index - 1] >= voter)
                return "order of voters";
            if (!map.Nodes.Any(node => node.Id == voter))
                return $"voter {voter}";
        }
        return null;
    }

    private static string? FindKeyspaceFault(KeyspaceSettings[] keyspaces)
    {
        for (int index = 0; index < keyspaces.Length; index++)
        {
            if (index > 0 && keyspaces[index - 1].Id >= keyspaces[index].Id)
                return "order of keyspaces";
            if (!Levels.IsKnown((byte)keyspaces[index].Read) || !Levels.IsKnown((byte)keyspaces[index].Write))
                return $"consistency level of keyspace {keyspaces[index].Id}";
        }
        return null;
    }

    private static string? FindReplicaFault(ClusterMapDraft map)
    {
        var known = new HashSet<ushort>(map.Nodes.Select(node => node.Id));
        for (int partition = 0; partition < map.Replicas.Length; partition++)
        {
            ushort[] replicas = map.Replicas[partition];
            if (!IsReplicaSet(replicas, known))
                return $"replicas of partition {partition}";
            if (map.PartitionEpochs[partition] is 0 || map.PartitionEpochs[partition] > map.Epoch)
                return $"epoch of partition {partition}";
            if (map.Moves[partition] is { } move && !IsMove(move, replicas, known))
                return $"move of partition {partition}";
        }
        return null;
    }

    private static bool IsReplicaSet(ReadOnlySpan<ushort> replicas, HashSet<ushort> known)
    {
        for (int index = 0; index < replicas.Length; index++)
        {
            if (!known.Contains(replicas[index]) || replicas[..index].Contains(replicas[index]))
                return false;
        }
        return replicas.Length is > 0 and <= ReplicaSet.ReplicasMax;
    }

    /// <summary>Both sets together are counted in one <see cref="ReplicaSet"/> while the move is on.</summary>
    private static bool IsMove(ReplicaMove move, ushort[] from, HashSet<ushort> known)
    {
        if (!Enum.IsDefined(move.Stage) || !IsReplicaSet(move.Replicas, known) || move.Replicas.SequenceEqual(from))
            return false;
        int both = from.Length;
        foreach (ushort node in move.Replicas)
            both += from.Contains(node) ? 0 : 1;
        return both <= ReplicaSet.ReplicasMax;
    }
}
