namespace Torc.Core.Replication;

public enum WriteDecision
{
    Waiting,

    /// <summary>Enough complete replicas hold the write and none says that it was outranked.</summary>
    Acknowledged,

    /// <summary>A replica already held something above the write: stamp above <see cref="QuorumWrite.Winner"/> and send again.</summary>
    Superseded,

    /// <summary>So many replicas failed or are incomplete that the rest cannot reach the required number: TIMEOUT.</summary>
    CannotReach,
}

/// <summary>
/// Counts the acknowledgements of one write. The coordinator's own replica is acknowledged like any other, when its
/// record is appended. A decision once taken stays; later answers only raise the counts, so a late acknowledgement
/// can neither undo nor repeat a reply.
/// </summary>
/// <remarks>
/// Incomplete replicas store the write but do not count: one of them may have lost what a quorum must remember.
/// Superseded is decided at the first such answer, because waiting for more could only find a higher winner, and
/// the next attempt finds that too. Hints count only when the caller says so with <see cref="AwaitHint"/>.
/// </remarks>
public sealed class QuorumWrite
{
    private QuorumRule _rule;
    private ReplicaSet _all, _answered, _counted, _failed, _hintsAwaited;

    public WriteDecision Decision { get; private set; }

    /// <summary>Greatest version that any answer reported.</summary>
    public Version Winner { get; private set; }

    /// <summary>Complete replicas that hold the write, or for which a fallback holds it: the number for the text of a TIMEOUT.</summary>
    public int Acknowledged => _counted.Or(Hinted).Count;

    public int Required => _rule.Required;

    /// <summary>Replicas that hold the write, complete or not.</summary>
    public ReplicaSet Stored { get; private set; }

    /// <summary>Complete replicas that hold the write.</summary>
    public ReplicaSet Counted => _counted;

    /// <summary>Replicas that count because a fallback keeps the write for them, beyond those that hold it themselves.</summary>
    public ReplicaSet Hinted { get; private set; }

    /// <summary>Replicas that neither answered nor failed.</summary>
    public ReplicaSet Outstanding => _all.Except(_answered).Except(_failed);

    /// <param name="replicas">Length of the preference list.</param>
    /// <param name="rule">What has to hold the write.</param>
    public void Begin(int replicas, in QuorumRule rule)
    {
        Check.That(replicas is > 0 and <= ReplicaSet.ReplicasMax);
        _rule = rule;
        _all = ReplicaSet.FirstOf(replicas);
        _answered = _counted = _failed = _hintsAwaited = Stored = Hinted = ReplicaSet.Empty;
        Winner = Version.None;
        Decision = WriteDecision.Waiting;
    }

    /// <summary>A replica has the write durably. The first answer of a replica counts, also after <see cref="Fail"/>.</summary>
    /// <param name="replica">Index in the preference list.</param>
    /// <param name="reflected">The merged row shows the write; false: something above it was there.</param>
    /// <param name="winner">Greatest version of the merged row.</param>
    /// <param name="complete">The replica's partition is complete.</param>
    public void Acknowledge(int replica, bool reflected, Version winner, bool complete)
    {
        if (!_all.Contains(replica) || _answered.Contains(replica))
            return;
        _answered = _answered.With(replica);
        Winner = Version.Max(Winner, winner);
        if (reflected)
        {
            Stored = Stored.With(replica);
            if (complete)
                _counted = _counted.With(replica);
        }
        else if (Decision == WriteDecision.Waiting)
        {
            Decision = WriteDecision.Superseded;
        }
        Decide();
    }

    /// <summary>A fallback was asked to keep the write for a replica, and its hint counts. Call it before <see cref="Fail"/> of the replica.</summary>
    public void AwaitHint(int replica)
    {
        if (_all.Contains(replica))
            _hintsAwaited = _hintsAwaited.With(replica);
    }

    /// <summary>A fallback keeps the write durably for a replica, which counts once, whoever answers for it.</summary>
    /// <param name="replica">For which.</param>
    /// <param name="reflected">False: the fallback keeps something above it for the same replica.</param>
    /// <param name="winner">Greatest version that the fallback keeps of the key.</param>
    public void AcknowledgeHint(int replica, bool reflected, Version winner)
    {
        if (!_hintsAwaited.Contains(replica))
            return;
        _hintsAwaited = _hintsAwaited.Without(replica);
        Winner = Version.Max(Winner, winner);
        if (reflected)
            Hinted = Hinted.With(replica);
        else if (Decision == WriteDecision.Waiting)
            Decision = WriteDecision.Superseded;
        Decide();
    }

    /// <summary>The fallback that was asked for a replica refused or went down.</summary>
    public void FailHint(int replica)
    {
        _hintsAwaited = _hintsAwaited.Without(replica);
        Decide();
    }

    /// <summary>No answer is to be expected: the link is down, the replica refused, or its disk is full.</summary>
    public void Fail(int replica)
    {
        if (!_all.Contains(replica) || _answered.Contains(replica))
            return;
        _failed = _failed.With(replica);
        Decide();
    }

    private void Decide()
    {
        if (Decision != WriteDecision.Waiting)
            return;
        if (_rule.IsMetBy(_counted.Or(Hinted)))
            Decision = WriteDecision.Acknowledged;
        else if (!_rule.IsMetBy(_counted.Or(Hinted).Or(Outstanding).Or(_hintsAwaited)))
            Decision = WriteDecision.CannotReach;
    }
}
