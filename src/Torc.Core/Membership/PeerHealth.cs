namespace Torc.Core.Membership;

/// <summary>
/// What one node sees of its peers over its own links: whether they can be reached, how far their clocks are from its own, how
/// fast they answer. Opinions are local and never sent on, and decide only whom to ask first and what to refuse early: no
/// safety hangs on them.
/// </summary>
/// <remarks>
/// A peer that can be reached takes requests: its link is open and its heartbeats on it are not unusually late
/// (<see cref="PhiAccrual"/>). A closed link is known at once, silence on an open one within <see cref="PeerHealthTunables.DownAfterMs"/>
/// when the peer was steady. Whether the peer lives at all is another question, which <see cref="Gossip"/> answers.
/// </remarks>
public sealed class PeerHealth(ushort self, PeerHealthTunables tunables)
{
    private readonly double _deviations = PhiAccrual.DeviationsOf(tunables.PhiMax);
    private Peer?[] _peers = [];

    public void LinkUp(ushort node, Instant now)
    {
        Peer peer = PeerOf(node);
        peer.IsLinked = true;
        peer.HeartbeatMicros = 0;
        peer.HeardMicros = now.MonotonicMicros;
    }

    public void LinkDown(ushort node) => PeerOf(node).IsLinked = false;

    /// <summary>Anything at all arrived from a peer.</summary>
    public void Heard(ushort node, Instant now) => PeerOf(node).HeardMicros = now.MonotonicMicros;

    /// <summary>A heartbeat arrived, which peers send at regular times.</summary>
    public void HeardHeartbeat(ushort node, Instant now)
    {
        Peer peer = PeerOf(node);
        if (peer.IsLinked && peer.HeartbeatMicros > 0)
            peer.Intervals.Add(Math.Min((now.MonotonicMicros - peer.HeartbeatMicros) / Instant.MicrosPerMs, tunables.DownAfterMs * Stretch));
        peer.HeartbeatMicros = now.MonotonicMicros;
        peer.SilenceMsMax = SilenceMsMax(peer);
    }

    /// <summary>In a large cluster heartbeats are this many times rarer, and silences are allowed to be as much longer.</summary>
    public int Stretch { get; set; } = 1;

    /// <summary>Whether a peer takes requests. This node itself always does.</summary>
    public bool IsUp(ushort node, Instant now)
    {
        if (node == self)
            return true;
        Peer? peer = Find(node);
        return peer is { IsLinked: true }
            && now.MonotonicMicros - peer.HeardMicros < peer.SilenceMsMax * Instant.MicrosPerMs;
    }

    /// <summary>A peer told its wall clock in an answer to a message.</summary>
    /// <param name="node">The peer.</param>
    /// <param name="peerWallMs">Its wall clock when it answered.</param>
    /// <param name="roundTripMicros">From sending the question to now; the peer's reading is taken to be from the middle.</param>
    /// <param name="now">When the answer arrived.</param>
    public void ObserveClock(ushort node, long peerWallMs, long roundTripMicros, Instant now)
    {
        if (node == self || roundTripMicros < 0 || roundTripMicros > tunables.ClockRoundTripMaxMs * Instant.MicrosPerMs)
            return;
        Peer peer = PeerOf(node);
        if (peer.Offsets.Count >= tunables.ClockSamplesMax)
            peer.Offsets.Dequeue();
        peer.Offsets.Enqueue(peerWallMs + roundTripMicros / 2 / Instant.MicrosPerMs - now.WallMs);
        peer.OffsetMs = Median([.. peer.Offsets]);
    }

    /// <summary>How far a peer's wall clock is ahead of this node's, in milliseconds; 0 while unknown.</summary>
    public long ClockOffsetMs(ushort node) => Find(node) is { Offsets.Count: > 0 } peer ? peer.OffsetMs : 0;

    /// <summary>
    /// Whether this node's clock is within the allowed skew of the median clock of the peers that are up and itself.
    /// With one peer nobody can say who is wrong, and both keep their own clock.
    /// </summary>
    public bool ClockIsTrusted(long skewMaxMs, Instant now)
    {
        var offsets = new List<long> { 0 };
        for (int node = 0; node < _peers.Length; node++)
        {
            if (_peers[node] is { Offsets.Count: > 0 } peer && IsUp((ushort)node, now))
                offsets.Add(peer.OffsetMs);
        }
        return Math.Abs(Median([.. offsets])) <= skewMaxMs;
    }

    /// <summary>How long a peer took to answer a request.</summary>
    public void ObserveLatency(ushort node, long micros)
    {
        Peer peer = PeerOf(node);
        peer.LatencyMicros = peer.LatencyMicros == 0
            ? Math.Max(micros, 1)
            : Math.Max(peer.LatencyMicros + (micros - peer.LatencyMicros) * tunables.LatencyWeightSixteenths / 16, 1);
    }

    /// <summary>Moving average of a peer's answers; 0 for this node and for a peer that never answered, so that it is tried.</summary>
    public long LatencyMicros(ushort node) => Find(node)?.LatencyMicros ?? 0;

    /// <summary>Of an odd number the middle one; of an even number the one of the middle two nearer to zero.</summary>
    private static long Median(long[] values)
    {
        Array.Sort(values);
        long upper = values[values.Length / 2], lower = values[(values.Length - 1) / 2];
        return Math.Abs(lower) <= Math.Abs(upper) ? lower : upper;
    }

    private Peer? Find(ushort node) => node < _peers.Length ? _peers[node] : null;

    private Peer PeerOf(ushort node)
    {
        if (node >= _peers.Length)
            Array.Resize(ref _peers, node + 1);
        if (_peers[node] is not { } peer)
        {
            peer = _peers[node] = new Peer(tunables.IntervalsMax);
            peer.SilenceMsMax = SilenceMsMax(peer);
        }
        return peer;
    }

    private long SilenceMsMax(Peer peer)
    {
        long expected = (long)tunables.HeartbeatIntervalMs * Stretch, downAfter = (long)tunables.DownAfterMs * Stretch;
        double deviationMin = Math.Max(0, downAfter - expected) / _deviations;
        return Math.Min(peer.Intervals.SilenceMsMax(_deviations, expected, deviationMin), downAfter * tunables.SilenceFactorMax);
    }

    private sealed class Peer(int intervalsMax)
    {
        public readonly PhiAccrual Intervals = new(intervalsMax);
        public readonly Queue<long> Offsets = new();
        public bool IsLinked;
        public long HeardMicros;
        public long HeartbeatMicros;
        public long SilenceMsMax;
        public long OffsetMs;
        public long LatencyMicros;
    }
}
