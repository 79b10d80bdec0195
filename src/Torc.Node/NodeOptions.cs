using Torc.Core.Membership;

namespace Torc.Node;

/// <summary>The tunables of a node below Server. The simulator draws them at random.</summary>
public sealed record NodeOptions
{
    /// <summary>A quorum read or write that has not met its level by then is answered TIMEOUT.</summary>
    public int OperationTimeoutMs { get; init; } = 2_000;

    /// <summary>A forwarder waits this much longer than the coordinator, so that the coordinator's answer arrives.</summary>
    public int ForwardTimeoutMs { get; init; } = 2_500;

    /// <summary>A read whose asked replicas have not answered by then asks another.</summary>
    public int SpeculativeReadMs { get; init; } = 50;

    /// <summary>One copy of a write crosses to each other data centre, and a replica there passes it on.</summary>
    public bool RelaysWrites { get; init; } = true;

    /// <summary>A replica that has not answered so long after a relay was to pass a write on, beyond two round trips to the relay, is sent it directly.</summary>
    public int RelayTimeoutMs { get; init; } = 200;

    /// <summary>A superseded write is stamped again this many times; a hot key fought over by skewed clocks needs a few.</summary>
    public int RestampsMax { get; init; } = 8;

    /// <summary>A refused request is offered to this many coordinators.</summary>
    public int ForwardsMax { get; init; } = 3;

    /// <summary>Operations under way in one shard; beyond it requests are refused with BUSY.</summary>
    public int OperationsMax { get; init; } = 65_536;

    /// <summary>Requests waiting behind one key in one shard; beyond it requests are refused with BUSY.</summary>
    public int WaitersPerKeyMax { get; init; } = 16_384;

    /// <summary>Messages of peers that wait for the disk in one shard; beyond it they are refused.</summary>
    public int ParkedMessagesMax { get; init; } = 16_384;

    /// <summary>Partitions of one shard that catch up with their peers at once.</summary>
    public int ExchangesMax { get; init; } = 4;

    /// <summary>Rows asked for in one range of an exchange.</summary>
    public int ExchangeRowsPerRange { get; init; } = 256;

    /// <summary>Rows that one exchange fetches from its peer in a tick: what bounds the rate of repair.</summary>
    public int ExchangeRowsPerTickMax { get; init; } = 1_024;

    /// <summary>Bytes of rows that this node pulls from others in a second, for repairs and for copies, divided evenly among its shards.</summary>
    public long RepairBytesPerSecondMax { get; init; } = 64L << 20;

    /// <summary>A shard begins to compare one partition with one other replica this often, as long as it lives; see AntiEntropy.</summary>
    public int RepairIntervalMs { get; init; } = 100;

    /// <summary>Deletes older than this are forgotten once every replica has them; 0: never. How old is no matter of safety: it keeps floors away from writes under way.</summary>
    public long TombstoneAgeMs { get; init; } = 3_600_000;

    /// <summary>An attempt to raise a garbage floor that has not succeeded by then is given up; another follows.</summary>
    public int FloorTimeoutMs { get; init; } = 60_000;

    /// <summary>An exchange that hears nothing for this long asks again.</summary>
    public int ExchangeTimeoutMs { get; init; } = 3_000;

    /// <summary>Records looked at for expiry in one tick of a shard.</summary>
    public int ExpiryRecordsPerTickMax { get; init; } = 512;

    /// <summary>Expired rows being deleted at once by one shard.</summary>
    public int ExpiriesOutstandingMax { get; init; } = 64;

    /// <summary>Bytes of hints that this node keeps for one replica that is down, divided evenly among its shards; beyond it hints are refused.</summary>
    public long HintBytesPerTargetMax { get; init; } = 1L << 30;

    /// <summary>A replica that is down for longer gets no new hints: an exchange brings it back. Hints that were taken stay.</summary>
    public long HintLifetimeMs { get; init; } = 3 * 3_600_000;

    /// <summary>Hints under way to their owners at once, per shard.</summary>
    public int HintReplaysMax { get; init; } = 64;

    /// <summary>Bytes of hints that one shard sends to their owners in one tick, a row more at most.</summary>
    public int HintReplayBytesPerTickMax { get; init; } = 256 * 1024;

    /// <summary>Hints that could not be delivered are tried again after this.</summary>
    public int HintRetryMs { get; init; } = 1_000;

    /// <summary>A fallback that refused a hint is not asked to keep another for the same target for this long.</summary>
    public int HintRefusalMs { get; init; } = 1_000;

    /// <summary>Every stamp and every level that was met is told as an event: for checkers. Two events for each write would cost a server time for nothing.</summary>
    public bool TracesPromises { get; init; }

    /// <summary>How often the host calls a shard's tick.</summary>
    public int TickIntervalMs { get; init; } = 20;

    public int HeartbeatIntervalMs { get; init; } = 500;

    /// <summary>A peer whose heartbeats were steady takes no requests after a silence of this long; a broken link is known at once.</summary>
    public int PeerSilenceMs { get; init; } = 3_000;

    /// <summary>Time between two rounds of gossip.</summary>
    public int GossipIntervalMs { get; init; } = 1_000;

    /// <summary>How long a suspected peer has to answer a probe, direct or through others, before it counts as down.</summary>
    public int ProbeTimeoutMs { get; init; } = 500;

    /// <summary>Nodes that are asked to probe a suspect too.</summary>
    public int IndirectProbes { get; init; } = 3;

    /// <summary>Partitions that one node takes over at a time while the cluster changes.</summary>
    public int CopiesPerNodeMax { get; init; } = 4;

    /// <summary>Peers that get a heartbeat in each interval; with more they take turns, and silences may last as much longer.</summary>
    public int HeartbeatPeersMax { get; init; } = 16;

    /// <summary>A node whose clock is further than this from the median of its peers' does not stamp client writes.</summary>
    public int ClockSkewMsMax { get; init; } = 5_000;

    /// <summary>Those that say who is up.</summary>
    internal PeerHealthTunables Health => new()
    {
        HeartbeatIntervalMs = HeartbeatIntervalMs,
        DownAfterMs = PeerSilenceMs,
        GossipIntervalMs = GossipIntervalMs,
        ProbeTimeoutMs = ProbeTimeoutMs,
        IndirectProbes = IndirectProbes,
    };
}
