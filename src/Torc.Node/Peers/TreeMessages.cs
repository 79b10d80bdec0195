namespace Torc.Node.Peers;

/// <summary>Asks a replica for the roots of its Merkle trees of a partition: <c>operation u64</c>.</summary>
public readonly record struct TreeRootsMessage(ulong Operation)
{
    public void Write(PeerBuffer to, ushort partition)
    {
        to.Begin(PeerMessageKind.TreeRoots, partition).WriteUInt64(Operation);
        to.End();
    }

    public static bool TryRead(ReadOnlySpan<byte> body, out TreeRootsMessage message)
    {
        var reader = new ByteReader(body);
        message = new TreeRootsMessage(reader.ReadUInt64());
        return reader.Complete;
    }
}

/// <summary>The roots, one for each keyspace with rows: <c>operation u64 | complete u8 | roots</c>, as <c>Core/Repair/PeerRoot</c> says.</summary>
public readonly ref struct TreeRootsReply
{
    public ulong Operation { get; private init; }

    public bool Complete { get; private init; }

    public ReadOnlySpan<byte> Roots { get; private init; }

    public static ByteWriter Begin(PeerBuffer to, ushort partition, ulong operation, bool complete)
    {
        ByteWriter body = to.Begin(PeerMessageKind.TreeRootsReply, partition);
        body.WriteUInt64(operation);
        body.WriteByte(complete ? (byte)1 : (byte)0);
        return body;
    }

    public static bool TryRead(ReadOnlySpan<byte> body, out TreeRootsReply message)
    {
        var reader = new ByteReader(body);
        message = new TreeRootsReply { Operation = reader.ReadUInt64(), Complete = reader.ReadByte() != 0, Roots = reader.TakeRest() };
        return !reader.Failed;
    }
}

/// <summary>Asks for the children of some nodes of one level: <c>operation u64 | keyspace u8 | level u8 | node u32 ...</c>.</summary>
public readonly ref struct TreeNodesMessage
{
    public ulong Operation { get; private init; }

    public byte Keyspace { get; private init; }

    public int Level { get; private init; }

    /// <summary>Four bytes each.</summary>
    public ReadOnlySpan<byte> Nodes { get; private init; }

    public static void Write(PeerBuffer to, ushort partition, ulong operation, byte keyspace, int level, ReadOnlySpan<int> nodes)
    {
        ByteWriter body = to.Begin(PeerMessageKind.TreeNodes, partition);
        body.WriteUInt64(operation);
        body.WriteByte(keyspace);
        body.WriteByte((byte)level);
        foreach (int node in nodes)
            body.WriteUInt32((uint)node);
        to.End();
    }

    public static bool TryRead(ReadOnlySpan<byte> body, out TreeNodesMessage message)
    {
        var reader = new ByteReader(body);
        message = new TreeNodesMessage
        {
            Operation = reader.ReadUInt64(),
            Keyspace = reader.ReadByte(),
            Level = reader.ReadByte(),
            Nodes = reader.TakeRest(),
        };
        bool isBounded = message.Nodes.Length <= Core.Repair.TreeDescent.NodesPerQuestionMax * sizeof(uint);
        return !reader.Failed && isBounded && message.Nodes.Length % sizeof(uint) == 0;
    }
}

/// <summary>All children of the nodes asked for, in order: <c>operation u64 | answered u8 | hash u64 ...</c>. Answered 0: there is no tree so deep now.</summary>
public readonly ref struct TreeNodesReply
{
    public ulong Operation { get; private init; }

    public bool Answered { get; private init; }

    public ReadOnlySpan<byte> Hashes { get; private init; }

    public static void Write(PeerBuffer to, ushort partition, ulong operation, bool answered, ReadOnlySpan<byte> hashes)
    {
        ByteWriter body = to.Begin(PeerMessageKind.TreeNodesReply, partition);
        body.WriteUInt64(operation);
        body.WriteByte(answered ? (byte)1 : (byte)0);
        body.Write(hashes);
        to.End();
    }

    public static bool TryRead(ReadOnlySpan<byte> body, out TreeNodesReply message)
    {
        var reader = new ByteReader(body);
        message = new TreeNodesReply { Operation = reader.ReadUInt64(), Answered = reader.ReadByte() != 0, Hashes = reader.TakeRest() };
        return !reader.Failed;
    }
}
