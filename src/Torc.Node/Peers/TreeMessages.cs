namespace Torc.Node.Peers;

/// <summary>Asks a replica for the roots of its Merkle trees of a partition: <c>operation u64 | wants floors u8</c>, the last only when it is 1: others may not know it.</summary>
/// <param name="Operation">Of the asker.</param>
/// <param name="WantsFloors">The answer is to tell the garbage floor too.</param>
public readonly record struct TreeRootsMessage(ulong Operation, bool WantsFloors)
{
    public void Write(PeerBuffer to, ushort partition)
    {
        ByteWriter body = to.Begin(PeerMessageKind.TreeRoots, partition);
        body.WriteUInt64(Operation);
        if (WantsFloors)
            body.WriteByte(1);
        to.End();
    }

    public static bool TryRead(ReadOnlySpan<byte> body, out TreeRootsMessage message)
    {
        var reader = new ByteReader(body);
        message = new TreeRootsMessage(reader.ReadUInt64(), reader.Remaining > 0 && reader.ReadByte() == 1);
        return reader.Complete;
    }
}

/// <summary>The roots, one for each keyspace with rows: <c>operation u64 | complete u8 | floor u64 | proven u64 | roots</c>, both stamps only when they were asked for, roots as <c>Core/Repair/PeerRoot</c> says.</summary>
public readonly ref struct TreeRootsReply
{
    public ulong Operation { get; private init; }

    public bool Complete { get; private init; }

    /// <summary>What follows: the asker knows whether it begins with floors.</summary>
    public ReadOnlySpan<byte> Rest { get; private init; }

    public static ByteWriter Begin(PeerBuffer to, ushort partition, in TreeRootsMessage question, bool complete, in Core.Repair.CopyFloor floor)
    {
        ByteWriter body = to.Begin(PeerMessageKind.TreeRootsReply, partition);
        body.WriteUInt64(question.Operation);
        body.WriteByte(complete ? (byte)1 : (byte)0);
        if (question.WantsFloors)
        {
            body.WriteUInt64(floor.Floor);
            body.WriteUInt64(floor.Proven);
        }
        return body;
    }

    public static bool TryRead(ReadOnlySpan<byte> body, out TreeRootsReply message)
    {
        var reader = new ByteReader(body);
        message = new TreeRootsReply { Operation = reader.ReadUInt64(), Complete = reader.ReadByte() != 0, Rest = reader.TakeRest() };
        return !reader.Failed;
    }

    /// <summary>The garbage floor in force there, and the stamp below which what it holds is proved not to be deleted, as <c>Core/Repair/CopyFloor</c> says; both 0 when they were not asked for.</summary>
    public bool TryReadRest(bool hasFloors, out ulong floor, out ulong proven, out ReadOnlySpan<byte> roots)
    {
        var reader = new ByteReader(Rest);
        floor = hasFloors ? reader.ReadUInt64() : 0;
        proven = hasFloors ? reader.ReadUInt64() : 0;
        roots = reader.TakeRest();
        return !reader.Failed && floor <= proven;
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
