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
}
