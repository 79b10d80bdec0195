namespace Torc.Simulator.Runs;

/// <summary>Deliberate defects of the world around the node, to show that the checkers catch what such a bug would do.</summary>
public enum Defect
{
    None,

    /// <summary>Replies leave before the log is durable.</summary>
    ReplyBeforeSync,

    /// <summary>Without syncs, replies leave before the operating system has the log.</summary>
    ReplyBeforeWrite,

    /// <summary>Disks acknowledge syncs and do nothing.</summary>
    LyingDisk,

    /// <summary>A wiped node keeps its birth, so that it takes its empty copies for complete.</summary>
    WipeUnnoticed,

    /// <summary>Every copy claims to count, whatever it lost.</summary>
    IncompleteCounts,

    /// <summary>A replica calls a write applied that something later covers.</summary>
    OutrankedIsApplied,

    /// <summary>The wall clock of every node stands still, so that nothing expires.</summary>
    StoppedWallClock,

    /// <summary>Hints count towards the levels of keyspaces that are meant to be strict.</summary>
    HintCountedInStrict,

    /// <summary>A fallback acknowledges hints and keeps none.</summary>
    HintDroppedBeforeAck,

    /// <summary>Reads that were asked for at a quorum are answered by one replica.</summary>
    WeakReads,

    /// <summary>Acknowledgements to other nodes leave before the log is durable.</summary>
    AckBeforeSync,

    /// <summary>Replies to reads leave before what they observed is durable.</summary>
    ReadBeforeSync,

    /// <summary>A repair gives the row that it brings a new version.</summary>
    RepairRestamps,

    /// <summary>A replica acknowledges repairs and stores nothing.</summary>
    RepairNotStored,

    /// <summary>A replica gives the deadlines that it is sent a new version.</summary>
    ExpiryStampedAfresh,

    /// <summary>An acknowledgement of an operation that is over counts for the one that took its place.</summary>
    LateAckCounts,

    /// <summary>The digests of a read always match.</summary>
    DigestAlwaysMatches,

    /// <summary>The roots of Merkle trees always match.</summary>
    RootsAlwaysMatch,

    /// <summary>A replica stores a row and leaves its Merkle leaf.</summary>
    LeafNotUpdated,

    /// <summary>A replica that cannot read a record says that there is none.</summary>
    UnreadableIsNotFound,

    /// <summary>A request that another node passed on is run twice.</summary>
    ForwardRunTwice,

    /// <summary>A node's actor stays the same over restarts.</summary>
    ActorReused,

    /// <summary>Tombstones are forgotten before every replica has seen them.</summary>
    TombstoneDroppedEarly,

    /// <summary>Replicas act on requests of every epoch.</summary>
    StaleEpochAccepted,

    /// <summary>While a partition moves its present set alone meets levels: newcomers count and store nothing.</summary>
    QuorumInOneSet,

    /// <summary>A voter that restarts has forgotten its vote.</summary>
    VoteForgotten,

    /// <summary>A node that restarts has forgotten up to where its keyspaces were flushed.</summary>
    FloorForgotten,

    /// <summary>A node that learns that it was removed goes on as the member that it was.</summary>
    RemovedNotFenced,
}
