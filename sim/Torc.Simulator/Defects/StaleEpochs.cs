using Torc.Base;
using Torc.Node.Peers;
using Torc.Simulator.Cluster;

namespace Torc.Simulator.Defects;

/// <summary>A replica acts on requests whatever epoch they come from: to it all are of its own.</summary>
internal sealed class StaleEpochs(NodeHost host) : FrameTampering
{
    protected override void OnReceived(ushort from, in PeerMessage message, ByteWriter to)
    {
        bool isKnown = message.Epoch != 0 && host.Node.View.Map is { } map && message.Partition < map.PartitionCount;
        var current = new PeerMessage(message.Kind, message.Partition, isKnown ? host.Node.View.Map!.EpochOf(message.Partition) : message.Epoch, message.Body);
        Write(to, current, message.Body);
    }
}
