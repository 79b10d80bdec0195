namespace Torc.Core.Membership;

/// <summary>What a node expects of its peers. The simulator draws these at random.</summary>
public sealed record PeerHealthTunables
{
    /// <summary>A node says something to each peer at least this often.</summary>
    public int HeartbeatIntervalMs { get; init; } = 500;

    /// <summary>
    /// Silence after which a peer whose heartbeats were steady counts as down: several heartbeats, so that one lost or late does not
    /// matter. The floor of the deviation is derived from it: (down after - interval) / deviations at <see cref="PhiMax"/>.
    /// </summary>
    public int DownAfterMs { get; init; } = 3_000;

    /// <summary>The φ at which a silence is one too many.</summary>
    public double PhiMax { get; init; } = 8;

    /// <summary>Intervals between signs of life that are remembered of a peer.</summary>
    public int IntervalsMax { get; init; } = 64;

    /// <summary>However unsteady a peer was, it is down after this many times <see cref="DownAfterMs"/>.</summary>
    public int SilenceFactorMax { get; init; } = 2;

    /// <summary>Time between two rounds of gossip.</summary>
    public int GossipIntervalMs { get; init; } = 1_000;

    /// <summary>Random nodes that are up to which a round goes. Each answers with what it knows better.</summary>
    public int GossipTargets { get; init; } = 2;

    /// <summary>Rounds of others answered between two of its own: some nodes are picked by many at once.</summary>
    public int GossipAnswersMax { get; init; } = 2;

    /// <summary>A heartbeat counter that rose within this time is passed on; older news has reached everybody.</summary>
    public int GossipFreshMs { get; init; } = 10_000;

    /// <summary>How long a peer that is suspected has to answer a probe, direct or through others, before it is down.</summary>
    public int ProbeTimeoutMs { get; init; } = 500;

    /// <summary>Nodes that are asked to probe a suspect too.</summary>
    public int IndirectProbes { get; init; } = 3;

    /// <summary>A map is sent to the same peer at most once in this time: it has to make it durable before it can say that it has it.</summary>
    public int MapRepeatMs { get; init; } = 1_000;

    /// <summary>Whole maps sent in one round; what a map changes in the one before is small and not counted.</summary>
    public int WholeMapsPerRoundMax { get; init; } = 1;

    /// <summary>Clock offsets kept per peer; their median is the peer's offset.</summary>
    public int ClockSamplesMax { get; init; } = 9;

    /// <summary>A clock sample whose round trip took longer says too little: its error is half of the trip.</summary>
    public int ClockRoundTripMaxMs { get; init; } = 1_000;

    /// <summary>Weight of a new latency in the moving average, in 1/16.</summary>
    public int LatencyWeightSixteenths { get; init; } = 3;
}
