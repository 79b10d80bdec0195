using Torc.Base;
using Torc.Node.Peers;
using Torc.Simulator.Cluster;

namespace Torc.Simulator.Defects;

/// <summary>
/// Ids of operations without a generation: an acknowledgement of one that is over counts for the one that took its place in the table.
/// </summary>
internal sealed class RecycledIds(NodeHost host) : FrameTampering
{
    private readonly Dictionary<(int Shard, uint Slot), ulong> _newest = [];

    protected override void OnSent(in PeerMessage message)
    {
        if (CarriedWrite.TryRead(message, out WriteMessage write))
            _newest[PlaceOf(message, write.Operation)] = write.Operation;
    }

    protected override void OnReceived(ushort from, in PeerMessage message, ByteWriter to)
    {
        if (message.Kind == PeerMessageKind.WriteReply && WriteReply.TryRead(message.Body, out WriteReply reply)
            && _newest.TryGetValue(PlaceOf(message, reply.Operation), out ulong newest))
            Write(to, message, reply with { Operation = newest });
        else
            Write(to, message, message.Body);
    }

    private (int Shard, uint Slot) PlaceOf(in PeerMessage message, ulong operation) => (host.Node.ShardOf(message.Partition), (uint)operation);
}
