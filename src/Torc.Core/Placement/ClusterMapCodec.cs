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
/// | level 1   | cluster id  8 | epoch  8 | partitions    4 | replication factor  1 | nodes       2 |
/// +-----------+---------------+----------+-----------------+-----------------------+---------------+
///                                                                                  | data centres 1 |  name, copies 1     from level 3 on
///  node:       id 2, birth 8, peer address, host, RESP port 2, HTTP port 2, data centre, rack, weight 4, then state 1
/// +-----------------+                 +----------+        +-------------+
/// | removed nodes 2 |  id 2, birth 8  | voters 1 |  id 2  | keyspaces 1 |  id 1, read level 1, write level 1, sloppy 1 (0 or 1)
/// +-----------------+                 +----------+        +-------------+
///  partition:  epoch of its last change 8, a set of replicas, stage of its move 1, unless that is 0 the set it moves to
///  set:        count 1, node ids of 2
/// </code>
/// </summary>
internal static class ClusterMapCodec
{
    public static void Write(ByteWriter to, ClusterMap map)
    {
        to.WriteByte(map.Level);
        to.WriteUInt64(map.ClusterId);
        to.WriteUInt64(map.Epoch);
        to.WriteUInt32((uint)map.PartitionCount);
        to.WriteByte((byte)map.ReplicationFactor);
        if (map.Level >= ClusterLevel.CopiesByDataCentre)
            WriteByDataCentre(to, map.Copies);
        to.WriteUInt16((ushort)map.Nodes.Count);
        foreach (NodeInfo node in map.Nodes)
        {
            WriteNode(to, node);
            to.WriteByte((byte)node.State);
        }
        to.WriteUInt16((ushort)map.Removed.Count);
        foreach (RemovedNode node in map.Removed)
        {
            to.WriteUInt16(node.Id);
            to.WriteUInt64(node.Birth);
        }
        to.WriteByte((byte)map.Voters.Count);
        foreach (ushort voter in map.Voters)
            to.WriteUInt16(voter);
        to.WriteByte((byte)map.Keyspaces.Count);
        foreach (KeyspaceSettings keyspace in map.Keyspaces)
            WriteKeyspace(to, keyspace);
        for (int partition = 0; partition < map.PartitionCount; partition++)
        {
            to.WriteUInt64(map.EpochOf(partition));
            WriteSet(to, map.ReplicasOf(partition));
            ReplicaMove? move = map.MoveOf(partition);
            to.WriteByte((byte)(move?.Stage ?? 0));
            if (move is not null)
                WriteSet(to, move.Replicas);
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
        to.WriteByte(keyspace.Sloppy ? (byte)1 : (byte)0);
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
        byte level = from.ReadByte();
        if (!ClusterLevel.IsKnown(level))
            return false;
        ulong clusterId = from.ReadUInt64(), epoch = from.ReadUInt64();
        uint partitionCount = from.ReadUInt32();
        CopiesWanted? copies = ReadCopies(ref from, level);
        int nodeCount = from.ReadUInt16();
        if (from.Failed || copies is null || partitionCount is 0 or > ClusterMap.PartitionsMax || nodeCount is 0 or > ClusterMap.NodesMax)
            return false;

        var draft = new ClusterMapDraft
        {
            Level = level,
            ClusterId = clusterId,
            Epoch = epoch,
            Copies = copies,
            Nodes = new NodeInfo[nodeCount],
            Removed = [],
            Voters = [],
            Keyspaces = [],
            Replicas = new ushort[partitionCount][],
            Moves = new ReplicaMove?[partitionCount],
            PartitionEpochs = new ulong[partitionCount],
        };
        if (!TryReadNodes(ref from, draft))
            return false;
        draft.Keyspaces = new KeyspaceSettings[from.ReadByte()];
        for (int index = 0; index < draft.Keyspaces.Length; index++)
        {
            if (!TryReadKeyspace(ref from, out KeyspaceSettings? keyspace))
                return false;
            draft.Keyspaces[index] = keyspace;
        }
        for (int partition = 0; partition < partitionCount && !from.Failed; partition++)
        {
            draft.PartitionEpochs[partition] = from.ReadUInt64();
            draft.Replicas[partition] = ReadSet(ref from);
            byte stage = from.ReadByte();
            draft.Moves[partition] = stage == 0 ? null : new ReplicaMove((MoveStage)stage, ReadSet(ref from));
        }
        return from.Complete && draft.TryToMap(out map);
    }

    private static void WriteByDataCentre(ByteWriter to, CopiesWanted copies)
    {
        to.WriteByte((byte)copies.ByDataCentre.Count);
        foreach ((string dataCentre, int number) in copies.ByDataCentre)
        {
            WriteText(to, dataCentre);
            to.WriteByte((byte)number);
        }
    }

    /// <summary>Null for what no map says: one value has one encoding.</summary>
    private static CopiesWanted? ReadCopies(ref ByteReader from, byte level)
    {
        int total = from.ReadByte(), dataCentres = level >= ClusterLevel.CopiesByDataCentre ? from.ReadByte() : 0;
        if (dataCentres == 0)
            return total is > 0 and <= ReplicaSet.ReplicasMax ? CopiesWanted.Spread(total) : null;
        var listed = new List<DataCentreCopies>();
        for (int left = dataCentres; left > 0; left--)
        {
            if (!TryReadText(ref from, out string? dataCentre))
                return null;
            listed.Add(new DataCentreCopies(dataCentre, from.ReadByte()));
        }
        CopiesWanted? copies = from.Failed ? null : CopiesWanted.Of(listed, out _);
        return copies is not null && copies.Total == total && copies.ByDataCentre.SequenceEqual(listed) ? copies : null;
    }

    private static bool TryReadNodes(ref ByteReader from, ClusterMapDraft draft)
    {
        for (int index = 0; index < draft.Nodes.Length; index++)
        {
            if (!TryReadNode(ref from, out NodeInfo? node))
                return false;
            draft.Nodes[index] = node with { State = (NodeState)from.ReadByte() };
        }
        int removed = from.ReadUInt16();
        if (removed > ClusterMap.RemovedMax)
            return false;
        draft.Removed = new RemovedNode[removed];
        for (int index = 0; index < removed; index++)
            draft.Removed[index] = new RemovedNode(from.ReadUInt16(), from.ReadUInt64());
        draft.Voters = ReadSet(ref from);
        return !from.Failed;
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

    private static bool TryReadKeyspace(ref ByteReader from, [NotNullWhen(true)] out KeyspaceSettings? keyspace)
    {
        byte id = from.ReadByte(), read = from.ReadByte(), write = from.ReadByte(), sloppy = from.ReadByte();
        bool isValid = !from.Failed && sloppy <= 1;
        keyspace = isValid ? new KeyspaceSettings(id, (ConsistencyLevel)read, (ConsistencyLevel)write, sloppy == 1) : null;
        return isValid;
    }

    private static void WriteSet(ByteWriter to, ReadOnlySpan<ushort> nodes)
    {
        to.WriteByte((byte)nodes.Length);
        foreach (ushort node in nodes)
            to.WriteUInt16(node);
    }

    private static ushort[] ReadSet(ref ByteReader from)
    {
        var nodes = new ushort[from.ReadByte()];
        for (int index = 0; index < nodes.Length; index++)
            nodes[index] = from.ReadUInt16();
        return nodes;
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
