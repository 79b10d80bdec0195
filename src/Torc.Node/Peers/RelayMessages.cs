using System.Buffers.Binary;

namespace Torc.Node.Peers;

/// <summary>
/// A delta for several replicas of one data centre, sent once to one of them, the relay, which passes it on to the others:
/// <c>nodes u8 | node u16 each, the others | as a Write</c>.
/// </summary>
public readonly ref struct RelayMessage
{
    private readonly ReadOnlySpan<byte> _nodes;

    private RelayMessage(ReadOnlySpan<byte> nodes, ReadOnlySpan<byte> write)
    {
        _nodes = nodes;
        WriteBody = write;
    }

    /// <summary>How many others.</summary>
    public int Count => _nodes.Length / sizeof(ushort);

    /// <summary>The body of a Write, to be handled as if the coordinator had sent that.</summary>
    public ReadOnlySpan<byte> WriteBody { get; }

    public ushort NodeAt(int index) => BinaryPrimitives.ReadUInt16LittleEndian(_nodes[(index * sizeof(ushort))..]);

    public static void Write(PeerBuffer to, ushort partition, ReadOnlySpan<ushort> others, ReadOnlySpan<byte> writeBody)
    {
        ByteWriter body = to.Begin(PeerMessageKind.Relay, partition);
        body.WriteByte((byte)others.Length);
        foreach (ushort node in others)
            body.WriteUInt16(node);
        body.Write(writeBody);
        to.End();
    }

    public static bool TryRead(ReadOnlySpan<byte> body, out RelayMessage message)
    {
        var reader = new ByteReader(body);
        int count = reader.ReadByte();
        ReadOnlySpan<byte> nodes = reader.Take(count * sizeof(ushort));
        message = new RelayMessage(nodes, reader.TakeRest());
        return !reader.Failed && count is > 0 and < Core.Replication.ReplicaSet.ReplicasMax && WriteMessage.TryRead(message.WriteBody, out _);
    }
}

/// <summary>
/// A delta on its second way, from the relay to another replica of its data centre, which answers the coordinator:
/// <c>coordinator u16 | as a Write</c>.
/// </summary>
public readonly ref struct PassedWriteMessage
{
    public ushort Coordinator { get; private init; }

    /// <summary>The body of a Write, to be handled as if the coordinator had sent that.</summary>
    public ReadOnlySpan<byte> WriteBody { get; private init; }

    public static void Write(PeerBuffer to, ushort partition, ushort coordinator, ReadOnlySpan<byte> writeBody)
    {
        ByteWriter body = to.Begin(PeerMessageKind.PassedWrite, partition);
        body.WriteUInt16(coordinator);
        body.Write(writeBody);
        to.End();
    }

    public static bool TryRead(ReadOnlySpan<byte> body, out PassedWriteMessage message)
    {
        var reader = new ByteReader(body);
        message = new PassedWriteMessage { Coordinator = reader.ReadUInt16(), WriteBody = reader.TakeRest() };
        return !reader.Failed && WriteMessage.TryRead(message.WriteBody, out _);
    }
}
