using Torc.Core.Placement;

namespace Torc.Node.Peers;

/// <summary>
/// The map between two nodes of which one finds the other behind: <c>map</c>, whole, and the question for it, <c>epoch u64</c>: that of the
/// map which the asking node has. Gossip brings a new map to all; this brings it at once to who needs it for a request.
/// </summary>
public static class MapMessages
{
    public static void WriteMap(PeerBuffer to, ClusterMap map)
    {
        map.Encode(to.Begin(PeerMessageKind.Map, PeerFrame.ControlPartition));
        to.End();
    }

    /// <summary>To those of some peers that it lists.</summary>
    public static void WriteToMembers(IEnumerable<ushort> peers, ClusterMap map, Outbox outbox)
    {
        foreach (ushort peer in peers)
        {
            if (map.PlaceOf(peer) >= 0)
                WriteMap(outbox.Immediate(peer), map);
        }
    }

    public static void WriteQuestion(PeerBuffer to, ulong epoch)
    {
        to.Begin(PeerMessageKind.MapQuestion, PeerFrame.ControlPartition).WriteUInt64(epoch);
        to.End();
    }

    /// <summary>Answers a question with the map when it is newer; false for a malformed one.</summary>
    public static bool TryAnswer(ReadOnlySpan<byte> question, ClusterMap? map, ushort from, Outbox outbox)
    {
        var reader = new ByteReader(question);
        ulong epoch = reader.ReadUInt64();
        if (reader.Complete && map is not null && map.Epoch > epoch)
            WriteMap(outbox.Immediate(from), map);
        return reader.Complete;
    }
}
