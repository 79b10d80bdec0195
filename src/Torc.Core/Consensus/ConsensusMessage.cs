using System.Diagnostics.CodeAnalysis;

namespace Torc.Core.Consensus;

/// <summary>Sent: the numbers are frozen.</summary>
public enum ConsensusKind : byte
{
    /// <summary>To acceptors: promise to accept nothing of a lower ballot, and tell what was accepted.</summary>
    Prepare = 1,

    /// <summary>The promise; <see cref="ConsensusMessage.Accepted"/> and the value are what was accepted, if anything.</summary>
    Promised = 2,

    /// <summary>To acceptors: accept this value.</summary>
    Accept = 3,

    /// <summary>The value of this ballot is accepted.</summary>
    Accepted = 4,

    /// <summary>A higher ballot was promised: <see cref="ConsensusMessage.Accepted"/> is that one.</summary>
    Outbid = 5,

    /// <summary>The sender does not hold the map of that epoch: <see cref="ConsensusMessage.Epoch"/> is the epoch that it holds.</summary>
    OtherEpoch = 6,

    /// <summary>To all: the value was decided.</summary>
    Decided = 7,
}

/// <summary>
/// What voters and proposers tell each other, in one form for all kinds (docs/formats/consensus.md). Little-endian.
/// <code>
/// +----------+---------+----------+------------+------------+-----------------+------------------+-----------------+
/// | format 1 | kind  1 | epoch  8 | sender   2 | birth    8 | ballot   8 + 8  | accepted  8 + 8  | value, a blob   |
/// +----------+---------+----------+------------+------------+-----------------+------------------+-----------------+
/// </code>
/// </summary>
/// <param name="Kind">What it says.</param>
/// <param name="Epoch">The instance: what follows the map of this epoch is being decided.</param>
/// <param name="Sender">Who says it; answers count for a voter only with the birth that the voter's map names.</param>
/// <param name="Ballot">The attempt that asks or is answered.</param>
/// <param name="Accepted">Depends on the kind.</param>
/// <param name="Value">Opaque; empty stands for none, so a value has at least one byte.</param>
public sealed record ConsensusMessage(
    ConsensusKind Kind, ulong Epoch, Voter Sender, Ballot Ballot, Ballot Accepted, ReadOnlyMemory<byte> Value)
{
    /// <summary>More than the largest cluster map takes.</summary>
    public const int ValueBytesMax = 8 << 20;

    private const byte Format = 1;

    public void Encode(ByteWriter to)
    {
        to.WriteByte(Format);
        to.WriteByte((byte)Kind);
        to.WriteUInt64(Epoch);
        to.WriteUInt16(Sender.Node);
        to.WriteUInt64(Sender.Birth);
        WriteBallot(to, Ballot);
        WriteBallot(to, Accepted);
        to.WriteBlob(Value.Span);
    }

    /// <summary>False for anything that is not the encoding of a message.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out ConsensusMessage? message)
    {
        message = null;
        var from = new ByteReader(bytes);
        if (from.ReadByte() != Format)
            return false;
        var kind = (ConsensusKind)from.ReadByte();
        ulong epoch = from.ReadUInt64();
        var sender = new Voter(from.ReadUInt16(), from.ReadUInt64());
        Ballot ballot = ReadBallot(ref from), accepted = ReadBallot(ref from);
        ReadOnlySpan<byte> value = from.ReadBlob();
        if (!from.Complete || value.Length > ValueBytesMax || !Enum.IsDefined(kind))
            return false;
        if (kind is ConsensusKind.Accept or ConsensusKind.Decided && value.IsEmpty)
            return false;
        if (kind == ConsensusKind.Promised && value.IsEmpty != (accepted == Ballot.None))
            return false;
        message = new ConsensusMessage(kind, epoch, sender, ballot, accepted, value.ToArray());
        return true;
    }

    internal static void WriteBallot(ByteWriter to, Ballot ballot)
    {
        to.WriteUInt64(ballot.Round);
        to.WriteUInt64(ballot.Proposer.Value);
    }

    internal static Ballot ReadBallot(ref ByteReader from) => new(from.ReadUInt64(), new Clocks.Actor(from.ReadUInt64()));
}
