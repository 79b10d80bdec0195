using System.Collections.Immutable;
using System.Numerics;
using Torc.Core.Placement;

namespace Torc.Node.Control;

/// <summary>What this node knows of one node of the map now. Opinions are local and never passed on.</summary>
/// <param name="IsUp">It takes requests from here: the link is there and heartbeats arrive on it.</param>
/// <param name="Incomplete">One flag per partition: the node said that its copy may lack acknowledged writes.</param>
/// <param name="LatencyMicros">Recent round trip; 0 for this node.</param>
/// <param name="ClockOffsetMs">The peer's wall clock minus ours, as last measured.</param>
public sealed record PeerState(NodeInfo Node, bool IsUp, ImmutableArray<bool> Incomplete, long LatencyMicros, long ClockOffsetMs)
{
    /// <summary>It lives as far as this node can find out, by way of others too; one that lives may still be out of reach from here.</summary>
    public bool IsAlive { get; init; }

    /// <summary>It said that its disk is slow beside those of others: it is asked for what others cannot do.</summary>
    public bool HasSlowDisk { get; init; }

    /// <summary>It said that it is about to end: it is asked for what nobody else can do.</summary>
    public bool IsStopping { get; init; }

    /// <summary>It keeps writes for nodes that were down.</summary>
    public bool KeepsHints { get; init; }

    /// <summary>Classes of nearness, the lowest to be asked first: coarse, because small differences say nothing.</summary>
    public int Distance => Reluctance > 0 ? int.MaxValue - ReluctanceMax + Reluctance : BitOperations.Log2((ulong)Math.Max(LatencyMicros, 0) / NearMicros | 1);

    /// <summary>0 for one that is asked as any other, otherwise the higher the later it is asked.</summary>
    public int Reluctance => IsStopping ? ReluctanceMax : HasSlowDisk ? 1 : 0;

    private const int ReluctanceMax = 2;

    /// <summary>Round trips below twice this are all near.</summary>
    private const long NearMicros = 2_000;

    /// <summary>The map by which it answers requests, as it told over the link that is open; 0 while it has not.</summary>
    public ulong MapEpoch { get; init; }

    public bool IsComplete(int partition) => (uint)partition >= (uint)Incomplete.Length || !Incomplete[partition];
}

/// <summary>
/// An immutable snapshot of the cluster as this node sees it: the map it holds (null until the cluster is formed) and its
/// opinion of every node. Replaced whole when anything changes; shards and sessions read it without a lock.
/// </summary>
public sealed class ClusterView(ushort self, ClusterMap? map, ImmutableArray<PeerState> peers, bool clockIsTrusted, Standing standing)
{
    public ushort Self { get; } = self;

    public ClusterMap? Map { get; } = map;

    /// <summary>The members in order of id, this node included: as in <see cref="ClusterMap.Nodes"/>. Empty until the cluster is formed.</summary>
    public ImmutableArray<PeerState> Peers { get; } = peers;

    /// <summary>False when this node's clock is further from its peers' than the allowed skew: it must not stamp client writes.</summary>
    public bool ClockIsTrusted { get; } = clockIsTrusted;

    /// <summary>Nodes that are no members and asked this one to be taken in, as they describe themselves; their ids mean nothing yet.</summary>
    public ImmutableArray<NodeInfo> Candidates { get; init; } = [];

    /// <summary>This node's log ends before what it told a peer in an earlier run: what it found in it does not count (<see cref="LogPositions"/>).</summary>
    public bool LogWentBack { get; init; }

    public bool IsFormed => Map is not null;

    /// <summary>What this node is to its cluster. A removed one keeps the last map in which it was a member.</summary>
    public Standing Standing { get; } = standing;

    /// <summary>What clients are told instead of an answer; null when the node takes commands.</summary>
    public string? Refusal { get; } = standing switch
    {
        Standing.Member => null,
        Standing.Forming => Texts.Forming,
        Standing.Joining => Texts.Joining,
        _ => $"UNAVAILABLE {Texts.Removed}",
    };

    /// <summary>The node was a member, and nothing that it says counts any more.</summary>
    public bool IsFenced(ushort node) => Map is { } map && map.PlaceOf(node) < 0 && map.IsRemoved(node);

    /// <summary>What is known of a member; null for an id that no member has.</summary>
    public PeerState? PeerOf(ushort node) => Map?.PlaceOf(node) is >= 0 and int place ? Peers[place] : null;

    public bool IsUp(ushort node) => node == Self || PeerOf(node) is { IsUp: true };

    /// <summary>Whether a node lives as far as this one can find out; <see cref="IsUp"/> says whether it can be asked.</summary>
    public bool IsAlive(ushort node) => node == Self || PeerOf(node) is { IsAlive: true };

    public bool HasSlowDisk(ushort node) => PeerOf(node) is { HasSlowDisk: true };

    /// <summary>Above 0 a node, this one included, should be passed over while others with less can do the same.</summary>
    public int ReluctanceOf(ushort node) => PeerOf(node)?.Reluctance ?? 0;

    /// <summary>Whether a peer's copy of a partition counts towards a level; for this node ask the shard.</summary>
    public bool IsPeerComplete(ushort node, int partition) => PeerOf(node) is { } peer && peer.IsComplete(partition);

    /// <summary>Nothing that decisions hang on differs.</summary>
    internal bool IsSameForDecisions(ClusterView other)
    {
        if (Map != other.Map || Standing != other.Standing || Self != other.Self || ClockIsTrusted != other.ClockIsTrusted || LogWentBack != other.LogWentBack || Peers.Length != other.Peers.Length
            || !Candidates.SequenceEqual(other.Candidates))
            return false;
        for (int i = 0; i < Peers.Length; i++)
        {
            PeerState a = Peers[i], b = other.Peers[i];
            if (a.IsUp != b.IsUp || a.IsAlive != b.IsAlive || a.HasSlowDisk != b.HasSlowDisk || a.IsStopping != b.IsStopping || a.KeepsHints != b.KeepsHints || a.Node != b.Node || a.MapEpoch != b.MapEpoch || a.Incomplete != b.Incomplete || a.ClockOffsetMs != b.ClockOffsetMs || IsOtherLatency(a, b))
                return false;
        }
        return true;
    }

    /// <summary>Latencies only choose among replicas, so that small changes do not make a new view.</summary>
    private static bool IsOtherLatency(PeerState a, PeerState b) =>
        Math.Abs(a.LatencyMicros - b.LatencyMicros) > Math.Max(200, a.LatencyMicros / 2);
}
