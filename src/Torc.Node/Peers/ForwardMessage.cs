using Torc.Core.Replication;
using Torc.Node.Commands;
using Torc.Protocols.Resp;

namespace Torc.Node.Peers;

/// <summary>
/// A client's request passed to the node that will coordinate it:
/// <c>operation u64 | keyspace u8 | protocol u8 | kind u8 | key index u8 | read level u8 | write level u8 | argument count u32 | argument blobs</c>.
/// </summary>
public static class ForwardMessage
{
    public const int ArgumentsMax = 1024 * 1024;

    public static void Write(PeerBuffer to, ulong operation, Request request)
    {
        ByteWriter body = to.Begin(PeerMessageKind.Forward, request.Partition);
        body.WriteUInt64(operation);
        body.WriteByte(request.Keyspace);
        body.WriteByte((byte)request.Protocol);
        body.WriteByte((byte)request.Kind);
        body.WriteByte((byte)request.KeyIndex);
        body.WriteByte((byte)request.ReadLevel);
        body.WriteByte((byte)request.WriteLevel);
        body.WriteUInt32((uint)request.Arguments.Count);
        for (int i = 0; i < request.Arguments.Count; i++)
            body.WriteBlob(request.Arguments[i]);
        to.End();
    }

    /// <summary>Fills a request; false when the bytes are not a request that this node knows how to run.</summary>
    public static bool TryRead(in PeerMessage message, CommandTable table, Core.Placement.ClusterMap map, Request into)
    {
        var reader = new ByteReader(message.Body);
        into.OriginOperation = reader.ReadUInt64();
        into.Keyspace = reader.ReadByte();
        into.Protocol = (RespProtocol)reader.ReadByte();
        into.Kind = (CommandKind)reader.ReadByte();
        int keyIndex = reader.ReadByte();
        into.ReadLevel = (ConsistencyLevel)reader.ReadByte();
        into.WriteLevel = (ConsistencyLevel)reader.ReadByte();
        uint count = reader.ReadUInt32();
        if (reader.Failed || count is 0 or > ArgumentsMax)
            return false;
        for (uint i = 0; i < count && !reader.Failed; i++)
            into.Arguments.Add(reader.ReadBlob());
        if (!reader.Complete || keyIndex >= into.Arguments.Count || table.Find(into.Arguments[0]) is not { } spec)
            return false;
        into.Spec = into.Arguments.Count > 1 ? spec.FindSubcommand(into.Arguments[1]) ?? spec : spec;
        if (into.IsPartitionRequest)
            into.RouteToPartition(message.Partition, keyIndex);
        else
            into.RouteByKey(keyIndex, map);
        return into.Partition == message.Partition && IsRunnable(into);
    }

    private static bool IsRunnable(Request request) => request.Kind switch
    {
        CommandKind.Read => request.Spec.OnRead is not null,
        CommandKind.Write or CommandKind.ReadModifyWrite => request.Spec.OnWrite is not null,
        _ => request.IsPartitionRequest && request.Spec.Kind == request.Kind,
    } && request.Protocol is RespProtocol.Resp2 or RespProtocol.Resp3 && Levels.IsKnown((byte)request.ReadLevel) && Levels.IsKnown((byte)request.WriteLevel);
}

/// <summary>The coordinator's answer to a forwarded request: <c>operation u64 | refused u8 | reply blob</c>.</summary>
public readonly ref struct ForwardReply
{
    public ulong Operation { get; private init; }

    /// <summary>Proved not applied: another coordinator may be tried.</summary>
    public bool Refused { get; private init; }

    /// <summary>RESP bytes in the client's protocol version.</summary>
    public ReadOnlySpan<byte> Reply { get; private init; }

    public static void Write(PeerBuffer to, ushort partition, ulong operation, bool refused, ReadOnlySpan<byte> reply)
    {
        ByteWriter body = to.Begin(PeerMessageKind.ForwardReply, partition);
        body.WriteUInt64(operation);
        body.WriteByte(refused ? (byte)1 : (byte)0);
        body.WriteBlob(reply);
        to.End();
    }

    public static bool TryRead(ReadOnlySpan<byte> body, out ForwardReply message)
    {
        var reader = new ByteReader(body);
        message = new ForwardReply { Operation = reader.ReadUInt64(), Refused = reader.ReadByte() != 0, Reply = reader.ReadBlob() };
        return reader.Complete;
    }
}
