using System.Collections.Immutable;
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
    /// <summary>The highest <see cref="ClusterLevel"/> that the node agrees to; it goes along with its cluster's in any case.</summary>
    public byte LevelMax { get; init; } = ClusterLevel.Newest;

    /// <summary>By node: how far its log has come, as it told last (<see cref="LogPositions"/>).</summary>
    public ImmutableDictionary<ushort, LogPosition> Logs { get; init; } = ImmutableDictionary<ushort, LogPosition>.Empty;

    /// <summary>How the node greets on a new connection.</summary>
    public PeerGreeting Greet(int processId, ulong settingsDigest, ulong incarnation, UInt128 nonce) =>
        new(Self.Id, processId, settingsDigest, incarnation, nonce)
        {
            ClusterId = Map?.ClusterId ?? 0,
            Birth = Self.Birth,
            NewestLevel = Math.Max(LevelMax, Map?.Level ?? 0),
            LevelOfCluster = Map?.Level ?? 0,
        };

    /// <summary>Null, or why not, in a few words.</summary>
    public string? FindProblem(PeerGreeting own, PeerGreeting peer)
    {
        if (Standing == Standing.Removed)
            return "this node was removed from its cluster";
        if (own.ClusterId != 0 && peer.ClusterId != 0 && own.ClusterId != peer.ClusterId)
            return $"node {peer.Node} belongs to another cluster";
        if (FindLevelProblem(own, peer) is { } levels)
            return levels;
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

    /// <summary>Nodes of neighbouring versions know a level in common; what the cluster has decided to use, all of its nodes have to know.</summary>
    private static string? FindLevelProblem(PeerGreeting own, PeerGreeting peer)
    {
        string other = peer.Node == NodeInfo.NoId ? "the other node" : $"node {peer.Node}";
        if (own.OldestLevel > peer.NewestLevel || peer.OldestLevel > own.NewestLevel)
            return $"{other} knows levels {peer.OldestLevel} to {peer.NewestLevel} and this one {own.OldestLevel} to {own.NewestLevel}: their versions are too far apart, go by way of one in between";
        if (own.LevelOfCluster > peer.NewestLevel)
            return $"the cluster is at level {own.LevelOfCluster} and {other} goes up to {peer.NewestLevel}: start it with a newer torc, or a higher --level-max";
        return peer.LevelOfCluster > own.NewestLevel
            ? $"the cluster is at level {peer.LevelOfCluster} and this node goes up to {own.NewestLevel}: start it with a newer torc, or a higher --level-max"
            : null;
    }

    /// <summary>The peer is no member and is told maps only: it has no id yet, or was removed.</summary>
    public bool IsGuest(PeerGreeting peer) => peer.Node == NodeInfo.NoId || IsFenced(peer.Node, peer.Birth);

    /// <summary>Ids and births of removed nodes are fenced for ever.</summary>
    public bool IsFenced(ushort node, ulong birth) => Map is { } map && map.Removed.Any(removed => removed.Id == node || removed.Birth == birth);
}
