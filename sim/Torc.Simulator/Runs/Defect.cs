namespace Torc.Simulator.Runs;

/// <summary>Deliberate defects of the world around the node, to show that the checkers catch what such a bug would do.</summary>
public enum Defect
{
    None,

    /// <summary>Replies leave before the log is durable.</summary>
    ReplyBeforeSync,

    /// <summary>Disks acknowledge syncs and do nothing.</summary>
    LyingDisk,

    /// <summary>A wiped node keeps its birth, so that it takes its empty copies for complete.</summary>
    WipeUnnoticed,
}
