using Torc.Core.Cells;

namespace Torc.Node.Peers;

/// <summary>
/// A delta for a fallback to keep until its target, a replica that is down, has it:
/// <c>operation u64 | target u16 | keyspace u8 | version 16 | key blob | row blob</c>.
/// </summary>
public readonly ref struct HintMessage
{
    /// <summary>In place of an operation: nobody counts this hint, so no answer is wanted.</summary>
    public const ulong NoOperation = ulong.MaxValue;

    public ulong Operation { get; private init; }

    public ushort Target { get; private init; }

    public byte Keyspace { get; private init; }

    public ReadOnlySpan<byte> Key { get; private init; }

    public RowView Delta { get; private init; }

    public static void Write(
        PeerBuffer to, ushort partition, ulong operation, ushort target, byte keyspace, ReadOnlySpan<byte> key, Version version, ReadOnlySpan<byte> row)
    {
        ByteWriter body = to.Begin(PeerMessageKind.Hint, partition);
        body.WriteUInt64(operation);
        body.WriteUInt16(target);
        body.WriteByte(keyspace);
        body.WriteVersion(version);
        body.WriteBlob(key);
        body.WriteBlob(row);
        to.End();
    }

    public static bool TryRead(ReadOnlySpan<byte> body, out HintMessage message)
    {
        var reader = new ByteReader(body);
        ulong operation = reader.ReadUInt64();
        ushort target = reader.ReadUInt16();
        byte keyspace = reader.ReadByte();
        Version version = reader.ReadVersion();
        ReadOnlySpan<byte> key = reader.ReadBlob();
        ReadOnlySpan<byte> bytes = reader.ReadBlob();
        message = default;
        if (!reader.Complete || !RowView.TryDecode(version, bytes, out RowView delta) || delta.IsAbsent)
            return false;
        message = new HintMessage { Operation = operation, Target = target, Keyspace = keyspace, Key = key, Delta = delta };
        return true;
    }
}

/// <summary>A fallback's answer to a hint, once it is durable there: <c>operation u64 | target u16 | status u8 | winner 16</c>.</summary>
/// <param name="Operation">Of the coordinator.</param>
/// <param name="Target">For whom the hint is.</param>
/// <param name="Status">Superseded: a later write to the same key is kept for the same target.</param>
/// <param name="Winner">Greatest version of the hint as it is kept now.</param>
public readonly record struct HintReply(ulong Operation, ushort Target, WriteStatus Status, Version Winner)
{
    public void Write(PeerBuffer to, ushort partition)
    {
        ByteWriter body = to.Begin(PeerMessageKind.HintReply, partition);
        body.WriteUInt64(Operation);
        body.WriteUInt16(Target);
        body.WriteByte((byte)Status);
        body.WriteVersion(Winner);
        to.End();
    }

    public static bool TryRead(ReadOnlySpan<byte> body, out HintReply message)
    {
        var reader = new ByteReader(body);
        message = new HintReply(reader.ReadUInt64(), reader.ReadUInt16(), (WriteStatus)reader.ReadByte(), reader.ReadVersion());
        return reader.Complete && message.Status <= WriteStatus.Refused;
    }
}
