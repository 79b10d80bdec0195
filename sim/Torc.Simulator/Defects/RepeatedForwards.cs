using Torc.Base;
using Torc.Node.Peers;

namespace Torc.Simulator.Defects;

/// <summary>A request that another node passed on is run twice, as when a forwarder sends again what it has no answer to.</summary>
internal sealed class RepeatedForwards : FrameTampering
{
    protected override void OnReceived(ushort from, in PeerMessage message, ByteWriter to)
    {
        Write(to, message, message.Body);
        if (message.Kind == PeerMessageKind.Forward)
            Write(to, message, message.Body);
    }
}
