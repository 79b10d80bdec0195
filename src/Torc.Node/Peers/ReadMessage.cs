using Torc.Core.Cells;

namespace Torc.Node.Peers;

/// <summary>How a replica's read went. A damaged record is never a miss.</summary>
public enum ReadStatus : byte
{
    Answered = 0,
    Damaged = 1,
    Refused = 2,
}

/// <summary>Asks one replica for a row or for its digest: <c>operation u64 | keyspace u8 | want data u8 | key blob</c>.</summary>
public readonly ref struct ReadMessage
{
    public ulong Operation { get; private init; }

    public byte Keyspace { get; private init; }

    public bool WantsData { get; private init; }

    public ReadOnlySpan<byte> Key { get; private init; }

    public static void Write(PeerBuffer to, ushort partition, ulong operation, byte keyspace, bool wantsData, ReadOnlySpan<byte> key)
    {
        ByteWriter body = to.Begin(PeerMessageKind.Read, partition);
        body.WriteUInt64(operation);
        body.WriteByte(keyspace);
        body.WriteByte(wantsData ? (byte)1 : (byte)0);
        body.WriteBlob(key);
        to.End();
    }

    /// <summary>Only the key.</summary>
    public static bool TryReadKey(ReadOnlySpan<byte> body, out byte keyspace, out ReadOnlySpan<byte> key)
    {
        bool complete = TryRead(body, out ReadMessage message);
        keyspace = message.Keyspace;
        key = message.Key;
        return complete;
    }

    public static bool TryRead(ReadOnlySpan<byte> body, out ReadMessage message)
    {
        var reader = new ByteReader(body);
        message = new ReadMessage
        {
            Operation = reader.ReadUInt64(),
            Keyspace = reader.ReadByte(),
            WantsData = reader.ReadByte() != 0,
            Key = reader.ReadBlob(),
        };
        return reader.Complete;
    }
}

/// <summary>
/// A replica's answer: <c>operation u64 | status u8 | complete u8 | has data u8 | digest u64 | version 16 | row blob</c>.
/// An absent row has digest 0 and no version.
/// </summary>
public readonly ref struct ReadReply
{
    public ulong Operation { get; private init; }

    public ReadStatus Status { get; private init; }

    public bool Complete { get; private init; }

    public bool HasData { get; private init; }

    public ulong Digest { get; private init; }

    public Version MaxVersion { get; private init; }

    /// <summary>The row when <see cref="HasData"/>; absent otherwise.</summary>
    public RowView Row { get; private init; }

    public static void Write(PeerBuffer to, ushort partition, ulong operation, bool complete, bool withData, in RowView row)
    {
        ByteWriter body = Header(to, partition, operation, ReadStatus.Answered, complete, withData);
        body.WriteUInt64(row.Digest);
        body.WriteVersion(row.MaxVersion);
        int lengthAt = body.Length;
        body.WriteUInt32(0);
        if (withData && !row.IsAbsent)
        {
            RowWriter.Copy(body, row);
            System.Buffers.Binary.BinaryPrimitives.WriteInt32LittleEndian(body.Patch(lengthAt, 4), body.Length - lengthAt - 4);
        }
        to.End();
    }

    public static void WriteFailure(PeerBuffer to, ushort partition, ulong operation, ReadStatus status, bool complete)
    {
        ByteWriter body = Header(to, partition, operation, status, complete, withData: false);
        body.WriteUInt64(0);
        body.WriteVersion(Version.None);
        body.WriteUInt32(0);
        to.End();
    }

    public static bool TryRead(ReadOnlySpan<byte> body, out ReadReply message)
    {
        var reader = new ByteReader(body);
        ulong operation = reader.ReadUInt64();
        var status = (ReadStatus)reader.ReadByte();
        bool complete = reader.ReadByte() != 0;
        bool hasData = reader.ReadByte() != 0;
        ulong digest = reader.ReadUInt64();
        Version version = reader.ReadVersion();
        ReadOnlySpan<byte> bytes = reader.ReadBlob();
        RowView row = RowView.Absent;
        bool valid = reader.Complete && status <= ReadStatus.Refused;
        if (valid && hasData && version != Version.None)
            valid = RowView.TryDecode(version, bytes, out row);
        message = new ReadReply
        {
            Operation = operation,
            Status = status,
            Complete = complete,
            HasData = hasData,
            Digest = digest,
            MaxVersion = version,
            Row = row,
        };
        return valid;
    }

    private static ByteWriter Header(PeerBuffer to, ushort partition, ulong operation, ReadStatus status, bool complete, bool withData)
    {
        ByteWriter body = to.Begin(PeerMessageKind.ReadReply, partition);
        body.WriteUInt64(operation);
        body.WriteByte((byte)status);
        body.WriteByte(complete ? (byte)1 : (byte)0);
        body.WriteByte(withData ? (byte)1 : (byte)0);
        return body;
    }
}
