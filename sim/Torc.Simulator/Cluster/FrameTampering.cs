using Torc.Base;
using Torc.Node.Peers;
using Torc.Simulator.Runs;

namespace Torc.Simulator.Cluster;

/// <summary>
/// Deliberate defects of nodes, made where their messages arrive: the receiver sees what a node with that bug would have sent. So
/// the shipped code needs no switches for them.
/// </summary>
internal static class FrameTampering
{
    // Bodies of WriteReply and ReadReply begin: operation (8), status (1), complete (1).
    private const int StatusOffset = sizeof(ulong);
    private const int CompleteOffset = StatusOffset + 1;

    // Bodies of HintReply begin: operation (8), target (2), status (1).
    private const int HintStatusOffset = sizeof(ulong) + sizeof(ushort);

    // Bodies of Heartbeat and HeartbeatEcho begin: sent at (8), wall clock (8), map epoch (8), length of the bits (4).
    private const int IncompleteBitsOffset = 3 * sizeof(long) + sizeof(uint);

    public static void Apply(Defect defect, byte[] messages)
    {
        if (defect is not (Defect.IncompleteCounts or Defect.OutrankedIsApplied or Defect.HintDroppedBeforeAck))
            return;
        int at = 0;
        var reader = new PeerMessageReader(messages);
        while (reader.TryRead(out PeerMessage message))
        {
            at += PeerFrame.MessageHeaderBytes;
            Tamper(defect, message.Kind, messages.AsSpan(at, message.Body.Length));
            at += message.Body.Length;
        }
        Check.That(at == messages.Length);
    }

    private static void Tamper(Defect defect, PeerMessageKind kind, Span<byte> body)
    {
        bool isReply = kind is PeerMessageKind.WriteReply or PeerMessageKind.ReadReply;
        if (defect == Defect.OutrankedIsApplied && kind == PeerMessageKind.WriteReply && body[StatusOffset] == (byte)WriteStatus.Superseded)
            body[StatusOffset] = (byte)WriteStatus.Applied;
        else if (defect == Defect.HintDroppedBeforeAck && kind == PeerMessageKind.HintReply)
            body[HintStatusOffset] = (byte)WriteStatus.Applied;
        else if (defect == Defect.IncompleteCounts && isReply)
            body[CompleteOffset] = 1;
        else if (defect == Defect.IncompleteCounts && kind is PeerMessageKind.Heartbeat or PeerMessageKind.HeartbeatEcho)
            body[IncompleteBitsOffset..].Clear();
    }
}
