using Torc.Base;
using Torc.Node.Peers;
using Torc.Simulator.Cluster;

namespace Torc.Simulator.Defects;

/// <summary>
/// While a partition moves only its present set has to meet a level: newcomers store nothing that coordinators send them, and count as if they had.
/// </summary>
internal sealed class OneSet(NodeHost host) : FrameTampering
{
    protected override void OnReceived(ushort from, in PeerMessage message, ByteWriter to)
    {
        if (message.Kind == PeerMessageKind.WriteReply && IsNewcomer(from, message.Partition) && WriteReply.TryRead(message.Body, out WriteReply reply))
            Write(to, message, reply with { Status = WriteStatus.Applied });
        else if (message.Kind == PeerMessageKind.Write && IsNewcomer(host.Node.Identity.Self.Id, message.Partition) && WriteMessage.TryRead(message.Body, out WriteMessage write))
            WriteNothing(to, message, write);
        else
            Write(to, message, message.Body);
    }

    private bool IsNewcomer(ushort node, ushort partition) => host.Node.View.Map is { } map && map.IsNewcomer(partition, node);
}
