using System.Buffers.Binary;
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
        if (message.Kind != PeerMessageKind.Write)
            return;
        ulong id = BinaryPrimitives.ReadUInt64LittleEndian(message.Body);
        _newest[(host.Node.ShardOf(message.Partition), (uint)id)] = id;
    }

    protected override void OnReceived(ushort from, in PeerMessage message, ByteWriter to)
    {
        byte[] body = message.Body.ToArray();
        if (message.Kind == PeerMessageKind.WriteReply)
        {
            uint slot = (uint)BinaryPrimitives.ReadUInt64LittleEndian(body);
            if (_newest.TryGetValue((host.Node.ShardOf(message.Partition), slot), out ulong newest))
                BinaryPrimitives.WriteUInt64LittleEndian(body, newest);
        }
        Write(to, message, body);
    }
}
