namespace Torc.Core.Membership;

/// <summary>What a node expects of its peers. The simulator draws these at random.</summary>
public sealed record PeerHealthTunables
{
    /// <summary>A node says something to each peer at least this often.</summary>
    public int HeartbeatIntervalMs { get; init; } = 500;

    /// <summary>Silence after which a peer counts as down: several heartbeats, so that one lost or late does not matter.</summary>
    public int DownAfterMs { get; init; } = 3_000;

    /// <summary>Clock offsets kept per peer; their median is the peer's offset.</summary>
    public int ClockSamplesMax { get; init; } = 9;

    /// <summary>A clock sample whose round trip took longer says too little: its error is half of the trip.</summary>
    public int ClockRoundTripMaxMs { get; init; } = 1_000;

    /// <summary>Weight of a new latency in the moving average, in 1/16.</summary>
    public int LatencyWeightSixteenths { get; init; } = 3;
}
