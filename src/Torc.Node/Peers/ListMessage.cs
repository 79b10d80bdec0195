namespace Torc.Node.Peers;

/// <summary>
/// Asks a replica which rows it holds in a hash range, for an exchange: <c>operation u64 | keyspace u8 | from u64 | to u64 | budget u32</c>; to is exclusive, 0: all.
/// </summary>
public readonly record struct ListMessage(ulong Operation, byte Keyspace, ulong From, ulong To, int Budget)
{
    public void Write(PeerBuffer to, ushort partition)
    {
        ByteWriter body = to.Begin(PeerMessageKind.List, partition);
        body.WriteUInt64(Operation);
        body.WriteByte(Keyspace);
        body.WriteUInt64(From);
        body.WriteUInt64(To);
        body.WriteUInt32((uint)Budget);
        to.End();
    }

    public static bool TryRead(ReadOnlySpan<byte> body, out ListMessage message)
    {
        var reader = new ByteReader(body);
        message = new ListMessage(reader.ReadUInt64(), reader.ReadByte(), reader.ReadUInt64(), reader.ReadUInt64(), (int)reader.ReadUInt32());
        return reader.Complete && Core.Repair.HashRange.IsProper(message.From, message.To) && message.Budget is > 0 and <= ScanMessage.BudgetMax;
    }
}

/// <summary>The listing of [from, end): <c>operation u64 | status u8 | complete u8 | end u64 | RangeListing</c>.</summary>
public readonly ref struct ListReply
{
    public ulong Operation { get; private init; }

    public ReadStatus Status { get; private init; }

    public bool Complete { get; private init; }

    public ulong End { get; private init; }

    public ReadOnlySpan<byte> Listing { get; private init; }

    public static ByteWriter Begin(PeerBuffer to, ushort partition, ulong operation, ReadStatus status, bool complete, ulong end)
    {
        ByteWriter body = to.Begin(PeerMessageKind.ListReply, partition);
        body.WriteUInt64(operation);
        body.WriteByte((byte)status);
        body.WriteByte(complete ? (byte)1 : (byte)0);
        body.WriteUInt64(end);
        return body;
    }

    public static bool TryRead(ReadOnlySpan<byte> body, out ListReply message)
    {
        var reader = new ByteReader(body);
        message = new ListReply
        {
            Operation = reader.ReadUInt64(),
            Status = (ReadStatus)reader.ReadByte(),
            Complete = reader.ReadByte() != 0,
            End = reader.ReadUInt64(),
            Listing = reader.TakeRest(),
        };
        return !reader.Failed && message.Status <= ReadStatus.Refused;
    }
}
