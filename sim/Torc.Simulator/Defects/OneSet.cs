using Torc.Base;
using Torc.Core.Cells;
using Torc.Node.Peers;
using Torc.Simulator.Cluster;
using Version = Torc.Core.Clocks.Version;

namespace Torc.Simulator.Defects;

/// <summary>
/// While a partition moves only its present set has to meet a level: newcomers store nothing that coordinators send them, and count as if they had.
/// </summary>
internal sealed class OneSet(NodeHost host) : FrameTampering
{
    // Bodies of WriteReply begin: operation (8), status (1).
    private const int StatusOffset = sizeof(ulong);

    /// <summary>Below everything that a client ever wrote: a delete that changes nothing.</summary>
    private static readonly Version Ancient = new(1, 1);

    protected override void OnReceived(ushort from, in PeerMessage message, ByteWriter to)
    {
        if (message.Kind == PeerMessageKind.WriteReply && IsNewcomer(from, message.Partition))
        {
            byte[] body = message.Body.ToArray();
            body[StatusOffset] = (byte)WriteStatus.Applied;
            Write(to, message, body);
        }
        else if (message.Kind == PeerMessageKind.Write && IsNewcomer(host.Node.Identity.Self.Id, message.Partition)
            && WriteMessage.TryRead(message.Body, out WriteMessage write))
        {
            using var nothing = new ByteWriter();
            WriteDelta(to, message, write, RowWriter.Tombstone(nothing, Ancient), nothing.Written);
        }
        else
        {
            Write(to, message, message.Body);
        }
    }

    private bool IsNewcomer(ushort node, ushort partition) => host.Node.View.Map is { } map && partition < map.PartitionCount
        && map.IsPending(partition) && map.PendingOf(partition).Contains(node) && !map.ReplicasOf(partition).Contains(node);
}
