using System.Diagnostics.CodeAnalysis;

namespace Torc.Core.Consensus;

/// <summary>
/// All that a voter must never forget while it holds the map of <see cref="Epoch"/>; a value, replaced and never mutated.
/// <code>
/// +----------+----------+---------+------------------+------------------+----------------+
/// | format 1 | epoch  8 | birth 8 | promised  8 + 8  | accepted  8 + 8  | value, a blob  |
/// +----------+----------+---------+------------------+------------------+----------------+
/// </code>
/// </summary>
/// <param name="Epoch">The instance that it belongs to.</param>
/// <param name="Birth">The data directory that it belongs to.</param>
/// <param name="Promised">Nothing below this is promised or accepted any more.</param>
/// <param name="Accepted">The ballot of <paramref name="Value"/>; none while nothing was accepted.</param>
/// <param name="Value">What was accepted last; empty for none.</param>
public sealed record AcceptorState(ulong Epoch, ulong Birth, Ballot Promised, Ballot Accepted, ReadOnlyMemory<byte> Value)
{
    private const byte Format = 1;

    public void Encode(ByteWriter to)
    {
        to.WriteByte(Format);
        to.WriteUInt64(Epoch);
        to.WriteUInt64(Birth);
        ConsensusMessage.WriteBallot(to, Promised);
        ConsensusMessage.WriteBallot(to, Accepted);
        to.WriteBlob(Value.Span);
    }

    /// <summary>False for anything that is not the encoding of a state.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out AcceptorState? state)
    {
        state = null;
        var from = new ByteReader(bytes);
        if (from.ReadByte() != Format)
            return false;
        ulong epoch = from.ReadUInt64(), birth = from.ReadUInt64();
        Ballot promised = ConsensusMessage.ReadBallot(ref from), accepted = ConsensusMessage.ReadBallot(ref from);
        ReadOnlySpan<byte> value = from.ReadBlob();
        if (!from.Complete || value.Length > ConsensusMessage.ValueBytesMax || value.IsEmpty != (accepted == Ballot.None) || accepted > promised)
            return false;
        state = new AcceptorState(epoch, birth, promised, accepted, value.ToArray());
        return true;
    }
}
