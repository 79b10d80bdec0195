using Torc.Core.Repair;

namespace Torc.Node.Peers;

/// <summary>A step towards a higher garbage floor of a partition: <c>operation u64 | step u8 | stamp u64</c>.</summary>
/// <param name="Operation">Of the replica that attempts it.</param>
/// <param name="Step">What is asked.</param>
/// <param name="Stamp">The floor to be.</param>
public readonly record struct FloorMessage(ulong Operation, FloorStep Step, ulong Stamp)
{
    public void Write(PeerBuffer to, ushort partition)
    {
        ByteWriter body = to.Begin(PeerMessageKind.Floor, partition);
        body.WriteUInt64(Operation);
        body.WriteByte((byte)Step);
        body.WriteUInt64(Stamp);
        to.End();
    }

    public static bool TryRead(ReadOnlySpan<byte> body, out FloorMessage message)
    {
        var reader = new ByteReader(body);
        message = new FloorMessage(reader.ReadUInt64(), (FloorStep)reader.ReadByte(), reader.ReadUInt64());
        return reader.Complete && message.Step is >= FloorStep.Close and <= FloorStep.Raise && message.Stamp is > 0 and <= Version.StampMax;
    }
}

/// <summary>The answer, once what it says is in the log: <c>operation u64 | step u8 | answer u8</c>.</summary>
public readonly record struct FloorReply(ulong Operation, FloorStep Step, FloorAnswer Answer)
{
    public void Write(PeerBuffer to, ushort partition)
    {
        ByteWriter body = to.Begin(PeerMessageKind.FloorReply, partition);
        body.WriteUInt64(Operation);
        body.WriteByte((byte)Step);
        body.WriteByte((byte)Answer);
        to.End();
    }

    public static bool TryRead(ReadOnlySpan<byte> body, out FloorReply message)
    {
        var reader = new ByteReader(body);
        message = new FloorReply(reader.ReadUInt64(), (FloorStep)reader.ReadByte(), (FloorAnswer)reader.ReadByte());
        return reader.Complete && message.Step is >= FloorStep.Close and <= FloorStep.Raise && message.Answer is >= FloorAnswer.Done and <= FloorAnswer.Refused;
    }
}
