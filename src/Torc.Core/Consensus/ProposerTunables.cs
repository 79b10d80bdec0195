namespace Torc.Core.Consensus;

/// <summary>When a proposer tries again, and when it gives up.</summary>
public sealed record ProposerTunables
{
    /// <summary>An attempt without a majority's answers by then has failed: a few round trips between data centres, with syncs.</summary>
    public int AttemptTimeoutMs { get; init; } = 1_000;

    /// <summary>The pause after failed attempt n is uniform between 0 and this times 2^n, so that two proposers do not outbid each other for ever.</summary>
    public int BackoffMs { get; init; } = 100;

    /// <summary>No pause is longer.</summary>
    public int BackoffMaxMs { get; init; } = 3_000;

    /// <summary>Then the proposal is given up: its outcome is unknown.</summary>
    public int AttemptsMax { get; init; } = 12;
}
