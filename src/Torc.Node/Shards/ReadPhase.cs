using Torc.Core.Cells;
using Torc.Core.Replication;
using Torc.Node.Peers;

namespace Torc.Node.Shards;

/// <summary>What a <see cref="ReadPhase"/> tells its operation.</summary>
internal interface IReadPhaseOwner
{
    /// <summary>The level is met with this row. The view is valid during the call.</summary>
    void OnRow(in RowView row);

    /// <summary>The level cannot be met.</summary>
    void OnReadFailed(int required);

    /// <summary>There is a value, and none of the copies that can be asked has it.</summary>
    void OnValueOutOfReach();
}

/// <summary>
/// The quorum read of an operation: <see cref="QuorumRead"/> decides, this asks replicas, keeps rows and sends repairs.
/// The local row is copied when the read starts: a newer local row that nobody else has yet must not slip into the answer.
/// </summary>
/// <remarks>
/// A change of a string's expiry may be where the string is not yet (<see cref="RowView.LacksValue"/>). When all that the level asks for say so, every other copy that
/// can be asked is, in other data centres too: "not found" would be wrong, since the change was acknowledged for a key that is there.
/// </remarks>
internal sealed class ReadPhase(KeyOperation operation, IReadPhaseOwner owner)
{
    private readonly QuorumRead _quorum = new();
    private readonly ByteWriter _local = new();
    private readonly ByteWriter _merged = new();
    private readonly ByteWriter _scratch = new();
    private Version _localVersion, _mergedVersion;
    private bool _hasMerged;
    private bool _isActive;
    private bool _asksAll;
    private QuorumRule _rule;
    private ReplicaSet _asked, _passed;
    private long _startedMicros;

    /// <summary>Forgets the read before; replies to it no longer find the operation.</summary>
    public void Reset(int keptBytesMax)
    {
        _local.ClearAndKeep(keptBytesMax);
        _merged.ClearAndKeep(keptBytesMax);
        _scratch.ClearAndKeep(keptBytesMax);
        _hasMerged = _isActive = false;
    }

    private Shard Shard => operation.Shard;

    /// <summary>Replicas have been asked and the level is not met.</summary>
    public bool IsActive => _isActive && !operation.IsEnded;

    /// <summary>Starts with the local row as the first answer. Only for more than one required replica.</summary>
    public void Begin(in RowView local, in QuorumRule rule)
    {
        _local.Clear();
        _localVersion = RowWriter.Copy(_local, local);
        _asksAll = false;
        Begin(rule);
    }

    /// <summary>Starts with a row that lacks its value: all that can be asked are.</summary>
    public void BeginForValue(in RowView row)
    {
        Shard.Operations.Renew(operation); // what is still on its way belongs to what was asked before
        _scratch.Clear();
        _localVersion = RowWriter.Copy(_scratch, row);
        _local.Clear();
        _local.Write(_scratch.Written);
        _asksAll = true;
        ReplicaSet whole = operation.WholeReplicas.With(operation.LocalIndex);
        Begin(QuorumRule.Of(whole, whole.Count));
    }

    private void Begin(in QuorumRule rule)
    {
        ReadOnlySpan<ushort> replicas = operation.Replicas;
        int localIndex = operation.LocalIndex;
        _startedMicros = Shard.Now.MonotonicMicros;
        _isActive = true;
        operation.Register();
        operation.RememberObserved();
        RowView local = View(_localVersion, _local);
        _hasMerged = false;
        _rule = rule;
        _asked = ReplicaSet.Single(localIndex);
        _passed = ReplicaSet.Empty;
        _quorum.Begin(replicas.Length, rule, localIndex);
        for (int i = 0; i < replicas.Length; i++)
        {
            // An answer of a copy that does not count could only be waited for in vain.
            if (i != localIndex && !operation.CanAsk(i))
                _quorum.Fail(i);
        }
        _quorum.Answer(localIndex, local.Digest, local.MaxVersion, complete: true, hasData: true);
        while (!rule.IsMetBy(_asked) && AskAnother())
        {
        }
        Decide();
    }

    public void OnReply(ushort from, in ReadReply reply)
    {
        int replica = operation.Replicas.IndexOf(from);
        if (!_isActive || replica < 0)
            return;
        if (reply.Status != ReadStatus.Answered)
        {
            Fail(replica);
            return;
        }
        if (reply.HasData && _quorum.Decision == ReadDecision.FetchData)
            Join(reply.Row);
        bool counts = operation.Counts(replica, reply.Complete);
        _quorum.Answer(replica, reply.Digest, reply.MaxVersion, counts, reply.HasData);
        if (!counts)
        {
            _passed = _passed.With(replica);
            AskAnother();
        }
        Decide();
    }

    /// <summary>A repair's acknowledgement: whether it was outranked or not, the replica now holds what the reply shows.</summary>
    public void OnRepairReply(ushort from, in WriteReply reply)
    {
        int replica = operation.Replicas.IndexOf(from);
        if (!_isActive || replica < 0)
            return;
        if (reply.Status == WriteStatus.Refused)
            _quorum.Fail(replica);
        else
            _quorum.RepairAcknowledged(replica, operation.Counts(replica, reply.Complete));
        Decide();
    }

    public void OnPeerDown(ushort node)
    {
        int replica = operation.Replicas.IndexOf(node);
        if (_isActive && replica >= 0)
            Fail(replica);
    }

    /// <summary>Asks one more replica when the asked ones are slow.</summary>
    public void OnTick()
    {
        long waited = Shard.Now.MonotonicMicros - _startedMicros;
        if (!_isActive || _quorum.Decision != ReadDecision.Waiting || waited < Shard.Options.SpeculativeReadMs * Instant.MicrosPerMs)
            return;
        _startedMicros = Shard.Now.MonotonicMicros;
        if (AskAnother())
            Shard.Emit(new NodeEvent(NodeEventKind.SpeculativeRead, operation.Request.Partition));
    }

    public int Answered => _isActive ? _quorum.Answered : 0;

    public int Required => _quorum.Required;

    private void Fail(int replica)
    {
        _quorum.Fail(replica);
        _passed = _passed.With(replica);
        if (_quorum.Decision == ReadDecision.Waiting)
            AskAnother();
        Decide();
    }

    /// <summary>
    /// Asks the nearest replica, among those the first in preference order, that is up, whole and not yet asked: one of a set of which those asked, and not passed over,
    /// are too few; when there are enough of all, any whose answer can count.
    /// </summary>
    private bool AskAnother()
    {
        ReplicaSet lacking = _rule.Lacking(_asked.Except(_passed)).Except(_asked);
        return AskOneOf(lacking) || AskOneOf(_rule.Members.Except(_asked).Except(lacking));
    }

    private bool AskOneOf(ReplicaSet candidates)
    {
        int best = -1, bestDistance = 0;
        foreach (int replica in candidates)
        {
            if (!operation.CanAsk(replica))
                continue;
            int distance = Shard.View.PeerOf(operation.Replicas[replica])!.Distance;
            if (best >= 0 && distance >= bestDistance)
                continue;
            best = replica;
            bestDistance = distance;
        }
        if (best < 0)
            return false;
        _asked = _asked.With(best);
        Ask(operation.Replicas[best], wantsData: false);
        return true;
    }

    private void Ask(ushort node, bool wantsData) => ReadMessage.Write(
        Shard.Outbox.Immediate(node), operation.Request.Partition, operation.Id, operation.Request.Keyspace, wantsData, operation.Request.Key);

    private void Decide()
    {
        while (!operation.IsEnded)
        {
            switch (_quorum.Decision)
            {
                case ReadDecision.Waiting:
                    return;
                case ReadDecision.Agreed:
                    End(View(_localVersion, _local));
                    return;
                case ReadDecision.FetchData:
                    foreach (int replica in _quorum.TakeDataNeeded())
                        Ask(operation.Replicas[replica], wantsData: true);
                    return;
                case ReadDecision.Merge:
                    Join(View(_localVersion, _local));
                    _quorum.Merged(View(_mergedVersion, _merged).Digest);
                    break;
                case ReadDecision.Repair:
                    if (!SendRepairs())
                        return;
                    break;
                case ReadDecision.Repaired:
                    SendRepairs();
                    End(View(_mergedVersion, _merged));
                    return;
                default:
                    if (_asksAll)
                        owner.OnValueOutOfReach();
                    else
                        owner.OnReadFailed(_quorum.Required);
                    return;
            }
        }
    }

    private void End(in RowView row)
    {
        if (!row.LacksValue)
            owner.OnRow(row);
        else if (!_asksAll)
            BeginForValue(row);
        else if (_rule.Members.Count == operation.Replicas.Length)
            owner.OnRow(row); // no copy has it: it was lost
        else
            owner.OnValueOutOfReach();
    }

    /// <summary>Sends the merged row to those behind; true when the local one took it at once, so that the decision may have changed.</summary>
    private bool SendRepairs()
    {
        RowView merged = View(_mergedVersion, _merged);
        bool localChanged = false;
        int sent = 0;
        foreach (int replica in _quorum.TakeRepairsNeeded())
        {
            ushort node = operation.Replicas[replica];
            sent++;
            if (node != Shard.View.Self)
            {
                WriteMessage.Write(
                    Shard.Outbox.Immediate(node), operation.Request.Partition, operation.Id, operation.Request.Keyspace,
                    operation.Request.Key, _mergedVersion, _merged.Written);
                continue;
            }
            localChanged = true;
            Shard.Clock.Observe(_mergedVersion);
            ApplyResult applied = Shard.Apply(operation.RecordKey, merged, operation.Finished);
            operation.RememberObserved();
            if (applied.Outcome == ApplyOutcome.Applied)
                _quorum.RepairAcknowledged(replica, Shard.IsComplete(operation.Request.Partition));
            else
                _quorum.Fail(replica);
        }
        if (sent > 0)
            Shard.Emit(new NodeEvent(NodeEventKind.ReadRepaired, operation.Request.Partition, Count: sent));
        return localChanged;
    }

    private void Join(in RowView row)
    {
        if (!_hasMerged)
        {
            _merged.Clear();
            _mergedVersion = RowWriter.Copy(_merged, row);
            _hasMerged = true;
            return;
        }
        _scratch.Clear();
        MergeOutcome outcome = RowMerge.Merge(View(_mergedVersion, _merged), row, _scratch, out Version max);
        if (outcome == MergeOutcome.KeptLeft)
            return;
        _merged.Clear();
        if (outcome == MergeOutcome.TookRight)
            RowWriter.Copy(_merged, row);
        else
            _merged.Write(_scratch.Written);
        _mergedVersion = max;
    }

    private static RowView View(Version version, ByteWriter bytes)
    {
        if (version.IsNone)
            return RowView.Absent;
        if (!RowView.TryDecode(version, bytes.Written, out RowView row))
            throw new InvariantException("a row kept by a read does not decode");
        return row;
    }
}
