using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Unicode;
using Torc.Core.Replication;

namespace Torc.Core.Placement;

/// <summary>
/// The bytes of a cluster map (docs/formats/cluster-map.md), the same on every node. Little-endian; a text is a
/// 32-bit length and UTF-8.
/// <code>
/// +-----------+---------------+----------+-----------------+-----------------------+---------------+
/// | format 1  | cluster id  8 | epoch  8 | partitions    4 | replication factor  1 | nodes       2 |
/// +-----------+---------------+----------+-----------------+-----------------------+---------------+
///  node:       id 2, birth 8, peer address, host, RESP port 2, HTTP port 2, data centre, rack, weight 4
/// +-------------+
/// | keyspaces 1 |  keyspace: id 1, read level 1, write level 1
/// +-------------+
///  partition:  epoch of its last change 8, then min(replication factor, nodes) node ids of 2
/// </code>
/// </summary>
internal static class ClusterMapCodec
{
    public const byte Format = 1;

    public static void Write(ByteWriter to, ClusterMap map)
    {
        to.WriteByte(Format);
        to.WriteUInt64(map.ClusterId);
        to.WriteUInt64(map.Epoch);
        to.WriteUInt32((uint)map.PartitionCount);
        to.WriteByte((byte)map.ReplicationFactor);
        to.WriteUInt16((ushort)map.Nodes.Count);
        foreach (NodeInfo node in map.Nodes)
            WriteNode(to, node);
        to.WriteByte((byte)map.Keyspaces.Count);
        foreach (KeyspaceSettings keyspace in map.Keyspaces)
            WriteKeyspace(to, keyspace);
        for (int partition = 0; partition < map.PartitionCount; partition++)
        {
            to.WriteUInt64(map.EpochOf(partition));
            foreach (ushort node in map.ReplicasOf(partition))
                to.WriteUInt16(node);
        }
    }

    public static void WriteNode(ByteWriter to, NodeInfo node)
    {
        to.WriteUInt16(node.Id);
        to.WriteUInt64(node.Birth);
        WriteText(to, node.PeerAddress);
        WriteText(to, node.Host);
        to.WriteUInt16((ushort)node.RespPort);
        to.WriteUInt16((ushort)node.HttpPort);
        WriteText(to, node.DataCentre);
        WriteText(to, node.Rack);
        to.WriteUInt32((uint)node.Weight);
    }

    public static void WriteKeyspace(ByteWriter to, KeyspaceSettings keyspace)
    {
        to.WriteByte(keyspace.Id);
        to.WriteByte((byte)keyspace.Read);
        to.WriteByte((byte)keyspace.Write);
    }

    public static ulong Digest(ClusterMap map)
    {
        using var bytes = new ByteWriter();
        Write(bytes, map);
        return StableHash.Hash64(bytes.Written);
    }

    public static bool TryRead(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out ClusterMap? map)
    {
        map = null;
        var from = new ByteReader(bytes);
        if (from.ReadByte() != Format)
            return false;
        ulong clusterId = from.ReadUInt64(), epoch = from.ReadUInt64();
        uint partitionCount = from.ReadUInt32();
        int replicationFactor = from.ReadByte(), nodeCount = from.ReadUInt16();
        if (from.Failed || partitionCount is 0 or > ClusterMap.PartitionsMax || nodeCount is 0 or > ClusterMap.NodesMax
            || replicationFactor is 0 or > ReplicaSet.ReplicasMax)
            return false;

        var nodes = new NodeInfo[nodeCount];
        for (int index = 0; index < nodeCount; index++)
        {
            if (!TryReadNode(ref from, out NodeInfo? node))
                return false;
            nodes[index] = node;
        }
        var keyspaces = new KeyspaceSettings[from.ReadByte()];
        for (int index = 0; index < keyspaces.Length; index++)
            keyspaces[index] = new KeyspaceSettings(from.ReadByte(), (ConsistencyLevel)from.ReadByte(), (ConsistencyLevel)from.ReadByte());

        int copies = Math.Min(replicationFactor, nodeCount);
        var replicas = new ushort[partitionCount * copies];
        var epochs = new ulong[partitionCount];
        for (int partition = 0; partition < partitionCount; partition++)
        {
            epochs[partition] = from.ReadUInt64();
            for (int index = 0; index < copies; index++)
                replicas[partition * copies + index] = from.ReadUInt16();
        }
        if (!from.Complete)
            return false;
        return ClusterMap.TryMake(clusterId, epoch, replicationFactor, nodes, keyspaces, replicas, epochs, out map);
    }

    public static bool TryReadNode(ref ByteReader from, [NotNullWhen(true)] out NodeInfo? node)
    {
        node = null;
        ushort id = from.ReadUInt16();
        ulong birth = from.ReadUInt64();
        if (!TryReadText(ref from, out string? peerAddress) || !TryReadText(ref from, out string? host))
            return false;
        int respPort = from.ReadUInt16(), httpPort = from.ReadUInt16();
        if (!TryReadText(ref from, out string? dataCentre) || !TryReadText(ref from, out string? rack))
            return false;
        uint weight = from.ReadUInt32();
        if (from.Failed || weight is 0 or > int.MaxValue)
            return false;
        node = new NodeInfo(id, peerAddress, host, respPort, httpPort, dataCentre, rack, (int)weight, birth);
        return true;
    }

    private static void WriteText(ByteWriter to, string text) => to.WriteBlob(Encoding.UTF8.GetBytes(text));

    private static bool TryReadText(ref ByteReader from, [NotNullWhen(true)] out string? text)
    {
        ReadOnlySpan<byte> bytes = from.ReadBlob();
        bool isText = !from.Failed && bytes.Length <= ClusterMapRules.TextBytesMax && Utf8.IsValid(bytes);
        text = isText ? Encoding.UTF8.GetString(bytes) : null;
        return isText;
    }
}
