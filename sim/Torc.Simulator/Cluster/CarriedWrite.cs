using Torc.Node.Peers;

namespace Torc.Simulator.Cluster;

/// <summary>The delta in a message that brings one for its receiver to apply, whichever way it came.</summary>
internal static class CarriedWrite
{
    public static bool TryRead(in PeerMessage message, out WriteMessage write)
    {
        write = default;
        return message.Kind switch
        {
            PeerMessageKind.Write => WriteMessage.TryRead(message.Body, out write),
            PeerMessageKind.Relay => RelayMessage.TryRead(message.Body, out RelayMessage relay) && WriteMessage.TryRead(relay.WriteBody, out write),
            PeerMessageKind.PassedWrite => PassedWriteMessage.TryRead(message.Body, out PassedWriteMessage passed) && WriteMessage.TryRead(passed.WriteBody, out write),
            _ => false,
        };
    }
}
