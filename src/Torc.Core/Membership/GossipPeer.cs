namespace Torc.Core.Membership;

/// <summary>One node's opinion of another. Never sent.</summary>
public enum PeerOpinion : byte
{
    /// <summary>Nothing was ever heard of it.</summary>
    Unknown,
    Up,

    /// <summary>It is probed; until the probes are over it counts as up.</summary>
    Suspected,
    Down,
}

/// <summary>What <see cref="Gossip"/> keeps of one other node.</summary>
internal sealed class GossipPeer(ushort node, int intervalsMax)
{
    public readonly PhiAccrual Intervals = new(intervalsMax);

    public ushort Node { get; } = node;

    /// <summary>The greatest that was heard, from whomever.</summary>
    public ulong Counter { get; set; }

    public ulong Incarnation { get; set; }

    /// <summary>When the incarnation was learned: news for a while.</summary>
    public long IncarnationMicros { get; set; }

    /// <summary>When the counter last rose here.</summary>
    public long RoseMicros { get; set; }

    /// <summary>The last sign of life of any kind.</summary>
    public long HeardMicros { get; set; }

    public PeerOpinion Opinion { get; set; }

    public long SuspectedMicros { get; set; }

    public bool IsProbedByOthers { get; set; }

    /// <summary>Of the probes under way; answers to others say nothing.</summary>
    public uint ProbeSequence { get; set; }

    public long MapSentMicros { get; set; } = long.MinValue / 2;

    public bool IsLive => Opinion is PeerOpinion.Up or PeerOpinion.Suspected;
}
