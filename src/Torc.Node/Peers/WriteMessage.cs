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
public readonly ref struct WriteMessage
{
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
        body.WriteUInt64(operation);
        body.WriteByte(keyspace);
        body.WriteVersion(version);
        body.WriteBlob(key);
        body.WriteBlob(row);
    }

    /// <summary>Only the key, without a look at the row.</summary>
    public static bool TryReadKey(ReadOnlySpan<byte> body, out byte keyspace, out ReadOnlySpan<byte> key)
    {
        var reader = new ByteReader(body);
        reader.ReadUInt64();
        keyspace = reader.ReadByte();
        reader.ReadVersion();
        key = reader.ReadBlob();
        return !reader.Failed;
    }

    public static bool TryRead(ReadOnlySpan<byte> body, out WriteMessage message)
    {
        var reader = new ByteReader(body);
        ulong operation = reader.ReadUInt64();
        byte keyspace = reader.ReadByte();
        Version version = reader.ReadVersion();
        ReadOnlySpan<byte> key = reader.ReadBlob();
        ReadOnlySpan<byte> bytes = reader.ReadBlob();
        message = default;
        if (!reader.Complete || !RowView.TryDecode(version, bytes, out RowView delta) || delta.IsAbsent)
            return false;
        message = new WriteMessage { Operation = operation, Keyspace = keyspace, Key = key, Delta = delta };
        return true;
    }
}

/// <summary>A replica's answer to a delta: <c>operation u64 | status u8 | complete u8 | winner 16</c>.</summary>
public readonly record struct WriteReply(ulong Operation, WriteStatus Status, bool Complete, Version Winner)
{
    public void Write(PeerBuffer to, ushort partition)
    {
        ByteWriter body = to.Begin(PeerMessageKind.WriteReply, partition);
        body.WriteUInt64(Operation);
        body.WriteByte((byte)Status);
        body.WriteByte(Complete ? (byte)1 : (byte)0);
        body.WriteVersion(Winner);
        to.End();
    }

    public static bool TryRead(ReadOnlySpan<byte> body, out WriteReply message)
    {
        var reader = new ByteReader(body);
        message = new WriteReply(reader.ReadUInt64(), (WriteStatus)reader.ReadByte(), reader.ReadByte() != 0, reader.ReadVersion());
        return reader.Complete && message.Status <= WriteStatus.Refused;
    }
}
