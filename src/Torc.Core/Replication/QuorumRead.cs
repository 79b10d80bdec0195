namespace Torc.Core.Replication;

public enum ReadDecision
{
    /// <summary>Not enough complete replicas have answered.</summary>
    Waiting,

    /// <summary>The answers agree: reply with the row of <see cref="QuorumRead.DataReplica"/>.</summary>
    Agreed,

    /// <summary>Ask the replicas of <see cref="QuorumRead.TakeDataNeeded"/> for their rows.</summary>
    FetchData,

    /// <summary>Every differing row is here: merge all that arrived, then call <see cref="QuorumRead.Merged"/>.</summary>
    Merge,

    /// <summary>Send the merged row to the replicas of <see cref="QuorumRead.TakeRepairsNeeded"/> and wait.</summary>
    Repair,

    /// <summary>Enough complete replicas hold the merged row: reply with it.</summary>
    Repaired,

    /// <summary>The rest cannot reach the required number: TIMEOUT.</summary>
    CannotReach,
}

/// <summary>
/// One read: collects digests, finds out whose data is needed, and holds the reply back until enough complete
/// replicas hold what the reply shows, so that quorum reads never go backwards.
/// <code>
///  Waiting ──(required complete answers)──► Agreed
///     └──► FetchData ──► Merge ──Merged()──► Repair ──► Repaired          any but the ends ──► CannotReach
/// </code>
/// </summary>
/// <remarks>
/// Incomplete replicas are not counted, because their misses mean "unknown"; what they do hold is merged. A read that
/// requires one replica takes the first complete answer as it is: it promises nothing about the others and never
/// repairs. Answers that come while data is fetched do not widen the question, they only step in for replicas that
/// fail. End decisions stay; everything late or twice is ignored.
/// </remarks>
public sealed class QuorumRead
{
    private readonly ulong[] _digests = new ulong[ReplicaSet.ReplicasMax];
    private QuorumRule _rule;
    private int _local;
    private ulong _mergedDigest;
    private ReplicaSet _all, _answered, _late, _complete, _withData, _failed, _asked, _holdsMerged, _repairsSent;

    public ReadDecision Decision { get; private set; }

    /// <summary>After <see cref="ReadDecision.Agreed"/>: whose row to use; the local one when it agrees.</summary>
    public int DataReplica { get; private set; }

    /// <summary>Greatest version that any answer reported, absent rows aside.</summary>
    public Version MaxVersion { get; private set; }

    public int Required => _rule.Required;

    /// <summary>Complete replicas that answered, or, once rows were merged, that hold the merged row: for the text of a TIMEOUT.</summary>
    public int Answered => IsMerged ? _holdsMerged.And(_complete).Count : _answered.Or(_late).And(_complete).Count;

    private bool IsMerged => Decision is ReadDecision.Repair or ReadDecision.Repaired || _holdsMerged.Count > 0;

    private bool IsEnded => Decision is ReadDecision.Agreed or ReadDecision.Repaired or ReadDecision.CannotReach;

    /// <param name="replicas">Length of the preference list.</param>
    /// <param name="rule">Which complete replicas have to answer. Answers of others are not to be asked for.</param>
    /// <param name="localIndex">The coordinator's own index, preferred for data; -1 when it is not a replica.</param>
    public void Begin(int replicas, in QuorumRule rule, int localIndex = -1)
    {
        Check.That(replicas is > 0 and <= ReplicaSet.ReplicasMax && localIndex < replicas);
        _rule = rule;
        _local = localIndex;
        _all = ReplicaSet.FirstOf(replicas);
        _answered = _late = _complete = _withData = _failed = _asked = _holdsMerged = _repairsSent = ReplicaSet.Empty;
        _mergedDigest = 0;
        MaxVersion = Version.None;
        DataReplica = -1;
        Decision = ReadDecision.Waiting;
    }

    /// <summary>
    /// A replica's answer; again, with data, when it was asked for data. True: the answer was taken, and the caller
    /// keeps the row that came with it for the merge or the reply; false: late or twice, to be dropped.
    /// </summary>
    /// <param name="replica">Index in the preference list.</param>
    /// <param name="digest">The row's digest, 0 when absent.</param>
    /// <param name="max">The row's greatest version.</param>
    /// <param name="complete">The replica's partition is complete.</param>
    /// <param name="hasData">The row itself came with the answer.</param>
    public bool Answer(int replica, ulong digest, Version max, bool complete, bool hasData)
    {
        if (IsEnded || !_all.Contains(replica) || _late.Contains(replica))
            return false;
        bool isKnown = _answered.Contains(replica);
        if (isKnown && (!hasData || _withData.Contains(replica) || Decision != ReadDecision.FetchData))
            return false;
        _failed = _failed.Without(replica);
        _digests[replica] = digest;
        _complete = complete ? _complete.With(replica) : _complete.Without(replica);
        if (hasData)
            _withData = _withData.With(replica);
        MaxVersion = Version.Max(MaxVersion, max);
        if (isKnown || Decision == ReadDecision.Waiting)
            _answered = _answered.With(replica);
        else
            _late = _late.With(replica);
        Decide();
        return true;
    }

    /// <summary>No (further) answer is to be expected from a replica: its link is down, it refused, or it cannot read.</summary>
    public void Fail(int replica)
    {
        if (IsEnded || !_all.Contains(replica))
            return;
        _failed = _failed.With(replica);
        if (Decision is ReadDecision.FetchData && !_withData.Contains(replica))
        {
            _answered = _answered.Without(replica);
            _late = _late.Without(replica);
        }
        Decide();
    }

    /// <summary>The replicas to ask for their rows now; each is given once.</summary>
    public ReplicaSet TakeDataNeeded()
    {
        if (Decision != ReadDecision.FetchData)
            return ReplicaSet.Empty;
        ReplicaSet needed = DataNeeded().Except(_asked);
        _asked = _asked.Or(needed);
        return needed;
    }

    /// <summary>The caller has merged every row that arrived; the merged row's digest says who is behind.</summary>
    public void Merged(ulong digest)
    {
        Check.That(Decision == ReadDecision.Merge);
        _mergedDigest = digest;
        Decision = ReadDecision.Repair;
        Decide();
    }

    /// <summary>The replicas to send the merged row to, complete or not; each is given once, also after <see cref="ReadDecision.Repaired"/>.</summary>
    public ReplicaSet TakeRepairsNeeded()
    {
        if (Decision is not (ReadDecision.Repair or ReadDecision.Repaired))
            return ReplicaSet.Empty;
        ReplicaSet needed = _answered.Or(_late).Except(_holdsMerged).Except(_repairsSent).Except(_failed);
        _repairsSent = _repairsSent.Or(needed);
        return needed;
    }

    /// <summary>A replica has the merged row durably.</summary>
    public void RepairAcknowledged(int replica, bool complete)
    {
        if (Decision != ReadDecision.Repair || !_repairsSent.Contains(replica))
            return;
        _complete = complete ? _complete.With(replica) : _complete.Without(replica);
        _holdsMerged = _holdsMerged.With(replica);
        Decide();
    }

    private void Decide()
    {
        if (Decision == ReadDecision.Repair)
            DecideRepair();
        else if (!IsEnded && Decision != ReadDecision.Merge)
            DecideAnswers();
    }

    private void DecideAnswers()
    {
        if (!_rule.IsMetBy(_answered.And(_complete)))
        {
            _answered = _answered.Or(_late);
            _late = ReplicaSet.Empty;
        }
        if (!_rule.IsMetBy(_answered.And(_complete)))
        {
            ReplicaSet reachable = _all.Except(_failed).Except(_answered.Except(_complete)).Or(_answered.And(_complete));
            Decision = _rule.IsMetBy(reachable) ? ReadDecision.Waiting : ReadDecision.CannotReach;
            return;
        }
        ReplicaSet relevant = Relevant();
        if (!DataNeeded().IsEmpty)
        {
            Decision = ReadDecision.FetchData;
            return;
        }
        bool differ = false;
        foreach (int replica in relevant)
            differ |= _digests[replica] != _digests[relevant.First];
        Decision = differ ? ReadDecision.Merge : ReadDecision.Agreed;
        if (!differ)
            DataReplica = Preferred(_digests[relevant.First] == 0 ? relevant : relevant.And(_withData));
    }

    private void DecideRepair()
    {
        foreach (int replica in _answered.Or(_late))
        {
            if (_digests[replica] == _mergedDigest)
                _holdsMerged = _holdsMerged.With(replica);
        }
        ReplicaSet holds = _holdsMerged.And(_complete);
        ReplicaSet hopeless = _failed.Or(_answered.Or(_late).Except(_complete));
        if (_rule.IsMetBy(holds))
            Decision = ReadDecision.Repaired;
        else if (!_rule.IsMetBy(_all.Except(hopeless).Or(holds)))
            Decision = ReadDecision.CannotReach;
    }

    /// <summary>
    /// The answers that decide: with one required the one preferred complete answer; else all but the misses of
    /// incomplete replicas, which say nothing.
    /// </summary>
    private ReplicaSet Relevant()
    {
        if (_rule.Required == 1)
        {
            ReplicaSet counted = _answered.And(_complete);
            ReplicaSet ready = counted.And(_withData);
            return ReplicaSet.Single(Preferred(ready.IsEmpty ? counted : ready));
        }
        ReplicaSet relevant = _answered;
        foreach (int replica in _answered.Except(_complete))
        {
            if (_digests[replica] == 0)
                relevant = relevant.Without(replica);
        }
        return relevant;
    }

    /// <summary>One replica for every digest whose row is not here yet. Absent rows (digest 0) need no data.</summary>
    private ReplicaSet DataNeeded()
    {
        ReplicaSet relevant = Relevant(), needed = ReplicaSet.Empty, seen = ReplicaSet.Empty;
        foreach (int replica in relevant)
        {
            if (seen.Contains(replica) || _digests[replica] == 0)
                continue;
            ReplicaSet same = ReplicaSet.Empty;
            foreach (int other in relevant)
            {
                if (_digests[other] == _digests[replica])
                    same = same.With(other);
            }
            seen = seen.Or(same);
            if (same.And(_withData).IsEmpty)
                needed = needed.With(Preferred(same.And(_asked).IsEmpty ? same : same.And(_asked)));
        }
        return needed;
    }

    private int Preferred(ReplicaSet replicas) => replicas.Contains(_local) ? _local : replicas.First;
}
