using Torc.Core.Replication;

namespace Torc.Node;

/// <summary>What happened below Server, for its logs and metrics and for the simulator's checkers.</summary>
public enum NodeEventKind
{
    /// <summary>A version was stamped for a client write. Version, Partition. Only with <see cref="NodeOptions.TracesPromises"/>.</summary>
    Stamped,

    /// <summary>A level was met. Replicas: those counted, as bits by their index among the partition's members in the map of Epoch; Hinted: replicas counted by hints for them. Level. Version: of the write. Only with <see cref="NodeOptions.TracesPromises"/>.</summary>
    LevelMet,

    /// <summary>A superseded write was stamped again.</summary>
    Restamped,

    /// <summary>A quorum read found replicas apart and repaired them. Count: rows sent.</summary>
    ReadRepaired,

    /// <summary>A local read met a damaged record; Detail says in which file and where.</summary>
    DamagedRead,

    /// <summary>This node's copy of Partition finished its exchange and counts again.</summary>
    PartitionComplete,

    /// <summary>This node's copy of Partition may lack acknowledged writes and no longer counts.</summary>
    PartitionIncomplete,

    /// <summary>A read or write ran out of time. Count: replicas that acknowledged.</summary>
    TimedOut,

    /// <summary>A slow replica was passed by asking another.</summary>
    SpeculativeRead,

    /// <summary>A peer link or greeting was refused; Detail says why.</summary>
    PeerRefused,

    /// <summary>The cluster is formed; Detail names the cluster.</summary>
    Formed,

    /// <summary>A newer map is durable here and in use; Detail names its epoch.</summary>
    MapAdvanced,

    /// <summary>On an operator's word this node goes on without the majority of the voters; Detail names them.</summary>
    VotersRecovered,

    /// <summary>This node's log ends before what it told a peer in an earlier run; Detail says where.</summary>
    LogWentBack,

    /// <summary>This node was removed from its cluster; Detail says by which map.</summary>
    Removed,

    PeerUp,
    PeerDown,

    /// <summary>This node's disk is slow beside those of others, which take what they can do instead. Count: milliseconds of a sync.</summary>
    DiskSlow,

    /// <summary>This node's disk is as fast as others' again. Count: milliseconds of a sync.</summary>
    DiskFast,

    /// <summary>An expired row was turned into a delete.</summary>
    Expired,

    /// <summary>Comparing with a peer found rows that this copy lacked. Count: rows fetched. Node: the peer.</summary>
    Repaired,

    /// <summary>Every partition of a shard was compared with its other replicas. Count: pairs that could not be.</summary>
    RepairRoundEnded,

    /// <summary>This node keeps a write for Node, a replica that is down.</summary>
    HintStored,

    /// <summary>This node refused to keep a write for Node: over budget, too late, or no space.</summary>
    HintRefused,

    /// <summary>A hint reached its owner durably and was forgotten. Node: whom it was kept for.</summary>
    HintDelivered,

    /// <summary>A shard has no more hints for Node.</summary>
    HintsDelivered,

    /// <summary>A shard's budget of hints for Node is spent; told once until they are delivered. Detail says how much waits.</summary>
    HintBudgetSpent,

    /// <summary>A peer's request for a partition was not acted on: it comes from before the partition's last change, or cannot wait for a newer map. Node: the peer.</summary>
    StaleRefused,

    /// <summary>Below Version nothing of Partition that this copy does not hold was ever kept: tombstones of that age are collected from now on.</summary>
    FloorRaised,

    /// <summary>Tombstones of Partition were forgotten. Count: how many.</summary>
    TombstonesCollected,

    /// <summary>A copy that did not count held rows that the others had deleted and forgotten; they are gone. Count: rows. Node: the peer that told.</summary>
    Pruned,

    /// <summary>This node is no replica of the partition any more and has dropped its rows.</summary>
    PartitionDropped,

    /// <summary>What the first map of a cluster cannot give of what was asked for, or why there is none, in Detail.</summary>
    PlacementWarning,
}

/// <summary>One event; unused fields are zero. A value, so that recording one allocates nothing but list space.</summary>
public readonly record struct NodeEvent(
    NodeEventKind Kind, ushort Partition = 0, Version Version = default, ulong Replicas = 0, int Count = 0,
    ConsistencyLevel Level = default, ushort Node = 0, string? Detail = null, ulong Hinted = 0, ulong Epoch = 0);
