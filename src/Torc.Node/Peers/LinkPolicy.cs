using Torc.Core.Placement;
using Torc.Node.Control;

namespace Torc.Node.Peers;

/// <summary>Whom a node opens links with, as it stands now: an immutable snapshot.</summary>
/// <param name="Self">The node itself.</param>
/// <param name="Standing">What it is to its cluster.</param>
/// <param name="Map">The map that it uses, or null.</param>
/// <param name="FirstNodes">How many nodes make the cluster; 0 for a node that joins one.</param>
public sealed record LinkPolicy(NodeInfo Self, Standing Standing, ClusterMap? Map, int FirstNodes)
{
    /// <summary>How the node greets on a new connection.</summary>
    public PeerGreeting Greet(int processId, ulong settingsDigest, ulong incarnation, UInt128 nonce) =>
        new(Self.Id, processId, settingsDigest, incarnation, nonce) { ClusterId = Map?.ClusterId ?? 0, Birth = Self.Birth };

    /// <summary>Null, or why not, in a few words.</summary>
    public string? FindProblem(PeerGreeting own, PeerGreeting peer)
    {
        if (Standing == Standing.Removed)
            return "this node was removed from its cluster";
        if (own.ClusterId != 0 && peer.ClusterId != 0 && own.ClusterId != peer.ClusterId)
            return $"node {peer.Node} belongs to another cluster";
        bool areMembers = own.ClusterId != 0 && peer.ClusterId != 0;
        if (!areMembers && own.SettingsDigest != 0 && peer.SettingsDigest != 0 && own.SettingsDigest != peer.SettingsDigest)
            return $"node {peer.Node} was started with other first nodes, partitions, replication factor or consistency levels";
        if (Standing == Standing.Joining)
            return peer.ClusterId == 0 ? "it is no member of a cluster itself; name members of the cluster in --seeds" : null;
        if (peer.Node == NodeInfo.NoId)
            return Map is null ? "it wants to join this cluster, which is not formed yet" : null;
        bool canBe = peer.Node != own.Node && (peer.ClusterId != 0 || peer.Node < FirstNodes || Map?.PlaceOf(peer.Node) >= 0);
        return canBe ? null : $"it says it is node {peer.Node}, which it cannot be; is its address twice among the first nodes?";
    }

    /// <summary>The peer is no member and is told maps only: it has no id yet, or was removed.</summary>
    public bool IsGuest(PeerGreeting peer) => peer.Node == NodeInfo.NoId || IsFenced(peer.Node, peer.Birth);

    /// <summary>Ids and births of removed nodes are fenced for ever.</summary>
    public bool IsFenced(ushort node, ulong birth) => Map is { } map && map.Removed.Any(removed => removed.Id == node || removed.Birth == birth);
}
