using Torc.Core.Cells;

namespace Torc.Node.Peers;

/// <summary>
/// Asks a replica for a hash-ordered range of one keyspace's rows in one partition, without values:
/// <c>operation u64 | keyspace u8 | from u64 | budget u32</c>. The answer covers [from, end) whole.
/// </summary>
public readonly record struct ScanMessage(ulong Operation, byte Keyspace, ulong From, int Budget)
{
    public const int BudgetMax = 10_000;

    public void Write(PeerBuffer to, ushort partition)
    {
        ByteWriter body = to.Begin(PeerMessageKind.Scan, partition);
        body.WriteUInt64(Operation);
        body.WriteByte(Keyspace);
        body.WriteUInt64(From);
        body.WriteUInt32((uint)Budget);
        to.End();
    }

    public static bool TryRead(ReadOnlySpan<byte> body, out ScanMessage message)
    {
        var reader = new ByteReader(body);
        message = new ScanMessage(reader.ReadUInt64(), reader.ReadByte(), reader.ReadUInt64(), (int)reader.ReadUInt32());
        return reader.Complete && message.Budget is > 0 and <= BudgetMax;
    }
}

/// <summary>
/// A range of rows: <c>operation u64 | status u8 | complete u8 | end u64 | floor 16 | count u32 | entries</c>, an entry being
/// <c>hash u64 | version 16 | key blob | row without values blob</c>, in order of (hash, key). end 0: the range is the last.
/// </summary>
public static class ScanReply
{
    public static void Write(PeerBuffer to, ushort partition, ulong operation, ReadStatus status, bool complete, ulong end, Version floor, int count, ReadOnlySpan<byte> entries)
    {
        ByteWriter body = to.Begin(PeerMessageKind.ScanReply, partition);
        body.WriteUInt64(operation);
        body.WriteByte((byte)status);
        body.WriteByte(complete ? (byte)1 : (byte)0);
        body.WriteUInt64(end);
        body.WriteVersion(floor);
        body.WriteUInt32((uint)count);
        body.Write(entries);
        to.End();
    }

    public static void WriteEntry(ByteWriter to, ulong hash, ReadOnlySpan<byte> key, in RowView row)
    {
        to.WriteUInt64(hash);
        to.WriteVersion(row.MaxVersion);
        to.WriteBlob(key);
        int lengthAt = to.Length;
        to.WriteUInt32(0);
        RowWriter.CopyWithoutValues(to, row);
        System.Buffers.Binary.BinaryPrimitives.WriteInt32LittleEndian(to.Patch(lengthAt, 4), to.Length - lengthAt - 4);
    }

    public static bool TryRead(ReadOnlySpan<byte> body, out ScanReplyView view)
    {
        var reader = new ByteReader(body);
        view = new ScanReplyView
        {
            Operation = reader.ReadUInt64(),
            Status = (ReadStatus)reader.ReadByte(),
            Complete = reader.ReadByte() != 0,
            End = reader.ReadUInt64(),
            Floor = reader.ReadVersion(),
            Count = (int)reader.ReadUInt32(),
            Entries = reader.TakeRest(),
        };
        return !reader.Failed && view.Status <= ReadStatus.Refused && view.Count >= 0;
    }
}

public readonly ref struct ScanReplyView
{
    public ulong Operation { get; init; }

    public ReadStatus Status { get; init; }

    public bool Complete { get; init; }

    public ulong End { get; init; }

    /// <summary>The sender's floor: rows that are not above it are deleted, though another replica may still list them.</summary>
    public Version Floor { get; init; }

    public int Count { get; init; }

    public ReadOnlySpan<byte> Entries { get; init; }
}

/// <summary>One row of a scan, without its values.</summary>
public readonly ref struct ScanEntry
{
    public ulong Hash { get; private init; }

    public ReadOnlySpan<byte> Key { get; private init; }

    public RowView Row { get; private init; }

    public static bool TryRead(ref ByteReader reader, out ScanEntry entry)
    {
        ulong hash = reader.ReadUInt64();
        Version version = reader.ReadVersion();
        ReadOnlySpan<byte> key = reader.ReadBlob();
        ReadOnlySpan<byte> bytes = reader.ReadBlob();
        entry = default;
        if (reader.Failed || !RowView.TryDecode(version, bytes, out RowView row))
            return false;
        entry = new ScanEntry { Hash = hash, Key = key, Row = row };
        return true;
    }
}
