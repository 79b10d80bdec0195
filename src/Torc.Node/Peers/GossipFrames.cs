using Torc.Core.Membership;

namespace Torc.Node.Peers;

/// <summary>Puts gossip's messages into frames: each is a message of the control plane under its own number.</summary>
internal sealed class GossipFrames : IGossipOutbox
{
    /// <summary>Set for one turn.</summary>
    public Outbox? Outbox { get; set; }

    public ByteWriter Begin(ushort to, GossipKind kind) => Outbox!.Immediate(to).Begin((PeerMessageKind)kind, PeerFrame.ControlPartition);

    public void End(ushort to) => Outbox!.Immediate(to).End();
}
