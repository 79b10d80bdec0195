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
/// the next attempt finds that too.
/// </remarks>
public sealed class QuorumWrite
{
    private QuorumRule _rule;
    private ReplicaSet _all, _answered, _counted, _failed;

    public WriteDecision Decision { get; private set; }

    /// <summary>Greatest version that any answer reported.</summary>
    public Version Winner { get; private set; }

    /// <summary>Complete replicas that hold the write: the number for the text of a TIMEOUT.</summary>
    public int Acknowledged => _counted.Count;

    public int Required => _rule.Required;

    /// <summary>Replicas that hold the write, complete or not.</summary>
    public ReplicaSet Stored { get; private set; }

    /// <summary>Complete replicas that hold the write.</summary>
    public ReplicaSet Counted => _counted;

    /// <summary>Replicas that neither answered nor failed.</summary>
    public ReplicaSet Outstanding => _all.Except(_answered).Except(_failed);

    /// <param name="replicas">Length of the preference list.</param>
    /// <param name="rule">What has to hold the write.</param>
    public void Begin(int replicas, in QuorumRule rule)
    {
        Check.That(replicas is > 0 and <= ReplicaSet.ReplicasMax);
        _rule = rule;
        _all = ReplicaSet.FirstOf(replicas);
        _answered = _counted = _failed = Stored = ReplicaSet.Empty;
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
        if (_rule.IsMetBy(_counted))
            Decision = WriteDecision.Acknowledged;
        else if (!_rule.IsMetBy(_counted.Or(Outstanding)))
            Decision = WriteDecision.CannotReach;
    }
}
