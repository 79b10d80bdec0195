using System.Buffers.Binary;
using Torc.Core.Cells;

namespace Torc.Node.Peers;

/// <summary>What a replica says about a delta.</summary>
public enum WriteStatus : byte
{
    /// <summary>The merged row holds the delta.</summary>
    Applied = 0,

    /// <summary>A later write already covers it; the reply names that version.</summary>
    Superseded = 1,

    /// <summary>Not applied: disk full, too large, or the replica is not serving this partition.</summary>
    Refused = 2,
}

/// <summary>A delta for one replica: <c>operation u64 | keyspace u8 | version 16 | key blob | row blob</c>.</summary>
/// <remarks>Most of what nodes send each other: its parts are read and written where they lie, not one after the other.</remarks>
public readonly ref struct WriteMessage
{
    private const int KeyspacePlace = 8;
    private const int StampPlace = 9;
    private const int ActorPlace = 17;
    private const int KeyPlace = 25; // its length first
    private const int LengthBytes = 4;

    public ulong Operation { get; private init; }

    public byte Keyspace { get; private init; }

    public ReadOnlySpan<byte> Key { get; private init; }

    public RowView Delta { get; private init; }

    public static void Write(
        PeerBuffer to, ushort partition, ulong operation, byte keyspace, ReadOnlySpan<byte> key, Version version, ReadOnlySpan<byte> row)
    {
        WriteBody(to.Begin(PeerMessageKind.Write, partition), operation, keyspace, key, version, row);
        to.End();
    }

    /// <summary>The body alone: to be sent to several, or within another message.</summary>
    public static void WriteBody(ByteWriter body, ulong operation, byte keyspace, ReadOnlySpan<byte> key, Version version, ReadOnlySpan<byte> row)
    {
        int rowPlace = KeyPlace + LengthBytes + key.Length;
        int length = checked(rowPlace + LengthBytes + row.Length);
        Span<byte> to = body.GetSpan(length);
        BinaryPrimitives.WriteUInt64LittleEndian(to, operation);
        to[KeyspacePlace] = keyspace;
        BinaryPrimitives.WriteUInt64LittleEndian(to[StampPlace..], version.Stamp);
        BinaryPrimitives.WriteUInt64LittleEndian(to[ActorPlace..], version.ActorValue);
        BinaryPrimitives.WriteInt32LittleEndian(to[KeyPlace..], key.Length);
        key.CopyTo(to[(KeyPlace + LengthBytes)..]);
        BinaryPrimitives.WriteInt32LittleEndian(to[rowPlace..], row.Length);
        row.CopyTo(to[(rowPlace + LengthBytes)..]);
        body.Advance(length);
    }

    /// <summary>Only the key, without a look at the row.</summary>
    public static bool TryReadKey(ReadOnlySpan<byte> body, out byte keyspace, out ReadOnlySpan<byte> key)
    {
        keyspace = 0;
        key = default;
        if (body.Length < KeyPlace + LengthBytes)
            return false;
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(body[KeyPlace..]);
        if (length > (uint)(body.Length - KeyPlace - LengthBytes))
            return false;
        keyspace = body[KeyspacePlace];
        key = body.Slice(KeyPlace + LengthBytes, (int)length);
        return true;
    }

    public static bool TryRead(ReadOnlySpan<byte> body, out WriteMessage message)
    {
        message = default;
        if (!TryReadKey(body, out byte keyspace, out ReadOnlySpan<byte> key))
            return false;
        ReadOnlySpan<byte> rest = body[(KeyPlace + LengthBytes + key.Length)..];
        if (rest.Length < LengthBytes || BinaryPrimitives.ReadUInt32LittleEndian(rest) != (uint)(rest.Length - LengthBytes))
            return false;
        var version = new Version(BinaryPrimitives.ReadUInt64LittleEndian(body[StampPlace..]), BinaryPrimitives.ReadUInt64LittleEndian(body[ActorPlace..]));
        if (!RowView.TryDecode(version, rest[LengthBytes..], out RowView delta) || delta.IsAbsent)
            return false;
        message = new WriteMessage { Operation = BinaryPrimitives.ReadUInt64LittleEndian(body), Keyspace = keyspace, Key = key, Delta = delta };
        return true;
    }
}

/// <summary>A replica's answer to a delta: <c>operation u64 | status u8 | complete u8 | winner 16</c>.</summary>
public readonly record struct WriteReply(ulong Operation, WriteStatus Status, bool Complete, Version Winner)
{
    private const int StatusPlace = 8;
    private const int CompletePlace = 9;
    private const int StampPlace = 10;
    private const int ActorPlace = 18;
    private const int Bytes = 26;

    public void Write(PeerBuffer to, ushort partition)
    {
        ByteWriter body = to.Begin(PeerMessageKind.WriteReply, partition);
        Span<byte> bytes = body.GetSpan(Bytes);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Operation);
        bytes[StatusPlace] = (byte)Status;
        bytes[CompletePlace] = Complete ? (byte)1 : (byte)0;
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[StampPlace..], Winner.Stamp);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[ActorPlace..], Winner.ActorValue);
        body.Advance(Bytes);
        to.End();
    }

    public static bool TryRead(ReadOnlySpan<byte> body, out WriteReply message)
    {
        message = default;
        if (body.Length != Bytes || body[StatusPlace] > (byte)WriteStatus.Refused)
            return false;
        var winner = new Version(BinaryPrimitives.ReadUInt64LittleEndian(body[StampPlace..]), BinaryPrimitives.ReadUInt64LittleEndian(body[ActorPlace..]));
        message = new WriteReply(BinaryPrimitives.ReadUInt64LittleEndian(body), (WriteStatus)body[StatusPlace], body[CompletePlace] != 0, winner);
        return true;
    }
}
