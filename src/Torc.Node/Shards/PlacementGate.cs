// Which requests of peers a replica acts on while partitions move: those whose sender counts by the same sets as this replica does.
//
// Every message about a partition carries the epoch at which the partition last changed in its sender's map.
//   older than ours   the sender counts by sets that are no longer all that has to be met. It gets no answer, so it cannot count one: it gets our
//                     map, with which it begins again (MapChange). From when a replica uses a map on, it is fenced off from all that went before.
//   newer than ours   we may not be a replica any more, or may have to meet more than we know: the message waits until we have that map.
// Answers are not looked at: an operation that begins again has a new id, to which no answer of the time before comes.

using Torc.Node.Peers;

namespace Torc.Node.Shards;

internal sealed class PlacementGate(Shard shard)
{
    /// <summary>A map is sent to one peer, or asked of it, at most once in this time.</summary>
    private const int RepeatMs = 200;

    private readonly Dictionary<ushort, long> _told = [];
    private readonly Dictionary<ushort, long> _asked = [];

    /// <summary>Whether to handle a request now; if not, it was dropped or parked, and one side hears of the newer map.</summary>
    public bool Admits(ushort from, in PeerMessage message)
    {
        ulong own = EpochOf(message.Partition);
        if (message.Epoch == own)
            return true;
        if (message.Epoch < own)
        {
            shard.Emit(new NodeEvent(NodeEventKind.StaleRefused, message.Partition, Node: from));
            TellMap(from);
            return false;
        }
        AskForMap(from);
        if (!shard.Replicas.TryPark(from, message, null))
            shard.Emit(new NodeEvent(NodeEventKind.StaleRefused, message.Partition, Node: from));
        return false;
    }

    /// <summary>A forwarder whose map of this partition is older than ours learns of it; what it sent is run, or sent on.</summary>
    public bool IsStale(ushort from, in PeerMessage message)
    {
        bool isStale = message.Epoch < EpochOf(message.Partition);
        if (isStale)
            TellMap(from);
        return isStale;
    }

    private ulong EpochOf(ushort partition) =>
        shard.View.Map is { } map && partition < map.PartitionCount ? map.EpochOf(partition) : 0;

    private void TellMap(ushort node)
    {
        if (!IsDue(_told, node))
            return;
        MapMessages.WriteMap(shard.Outbox.Immediate(node), shard.View.Map!);
    }

    private void AskForMap(ushort node)
    {
        if (IsDue(_asked, node))
            MapMessages.WriteQuestion(shard.Outbox.Immediate(node), shard.View.Map?.Epoch ?? 0);
    }

    private bool IsDue(Dictionary<ushort, long> sent, ushort node)
    {
        if (sent.TryGetValue(node, out long at) && shard.Now.MonotonicMicros - at < RepeatMs * Instant.MicrosPerMs)
            return false;
        sent[node] = shard.Now.MonotonicMicros;
        return true;
    }
}
