using Torc.Base;
using Torc.Node.Peers;
using Torc.Simulator.Runs;

namespace Torc.Simulator.Defects;

/// <summary>Replies that say something better than the truth.</summary>
internal sealed class PatchedReplies(Defect defect) : FrameTampering
{
    // Bodies of WriteReply and ReadReply begin: operation (8), status (1), complete (1).
    private const int StatusOffset = sizeof(ulong);
    private const int CompleteOffset = StatusOffset + 1;

    // Bodies of HintReply begin: operation (8), target (2), status (1).
    private const int HintStatusOffset = sizeof(ulong) + sizeof(ushort);

    // Bodies of Heartbeat and HeartbeatEcho begin: sent at (8), wall clock (8), map epoch (8), length of the bits (4).
    private const int IncompleteBitsOffset = 3 * sizeof(long) + sizeof(uint);

    protected override void OnReceived(ushort from, in PeerMessage message, ByteWriter to)
    {
        byte[] body = message.Body.ToArray();
        Patch(message.Kind, body);
        Write(to, message, body);
    }

    private void Patch(PeerMessageKind kind, byte[] body)
    {
        switch (defect)
        {
            case Defect.OutrankedIsApplied when kind == PeerMessageKind.WriteReply && body[StatusOffset] == (byte)WriteStatus.Superseded:
                body[StatusOffset] = (byte)WriteStatus.Applied;
                break;
            case Defect.HintDroppedBeforeAck when kind == PeerMessageKind.HintReply:
                body[HintStatusOffset] = (byte)WriteStatus.Applied;
                break;
            case Defect.UnreadableIsNotFound when kind == PeerMessageKind.ReadReply && body[StatusOffset] == (byte)ReadStatus.Damaged:
                // The rest of a failure is that of an absent row.
                body[StatusOffset] = (byte)ReadStatus.Answered;
                body[CompleteOffset] = 1;
                break;
            case Defect.IncompleteCounts or Defect.UnreadableIsNotFound:
                ClaimComplete(kind, body);
                break;
        }
    }

    private static void ClaimComplete(PeerMessageKind kind, byte[] body)
    {
        if (kind is PeerMessageKind.WriteReply or PeerMessageKind.ReadReply)
            body[CompleteOffset] = 1;
        else if (kind is PeerMessageKind.Heartbeat or PeerMessageKind.HeartbeatEcho)
            body.AsSpan(IncompleteBitsOffset).Clear();
    }
}
