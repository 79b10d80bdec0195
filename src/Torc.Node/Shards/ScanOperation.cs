// A range of one partition's live keys, joined over a read quorum: what SCAN, KEYS and RANDOMKEY are made of.
//
// The request is `torc.scan <from> <budget> [<kind>]`; the reply an array of the next position ("0": the partition is finished) and the
// keys. Every asked replica lists [from, its end); the answer covers up to the nearest end, and a key is in it when the join of
// what the replicas hold of it is live. So a key that a quorum acknowledged is seen though a replica missed it, and a deleted one is not.

using System.Buffers.Text;
using Torc.Core.Cells;
using Torc.Core.Placement;
using Torc.Core.Repair;
using Torc.Core.Replication;
using Torc.Node.Commands;
using Torc.Node.Peers;
using Torc.Protocols.Resp;
using Torc.Storage;

namespace Torc.Node.Shards;

internal sealed class ScanOperation : Operation, IResumable
{
    private readonly Request _request;
    private readonly RangeScan _scan;
    private readonly ByteWriter _joined = new();
    private readonly ByteWriter _next = new();
    private readonly ulong _from;
    private readonly int _budget;

    /// <summary>Only keys of this kind are answered, when one was asked for.</summary>
    private readonly int? _kind;
    private ulong _end;
    private Version _floor;
    private bool _hasRange;
    private ReplicaSet _asked, _passed, _answered;
    private bool _isEnded;
    private long _askedMicros;

    public ScanOperation(Shard shard, Request request)
        : base(shard)
    {
        _request = request;
        _scan = new RangeScan(shard);
        bool valid = Utf8Parser.TryParse(request.Arguments[1], out _from, out _);
        valid &= Utf8Parser.TryParse(request.Arguments[2], out _budget, out _);
        if (!valid || _budget is < 1 or > ScanMessage.BudgetMax)
            _budget = ScanMessage.BudgetMax;
        if (request.Arguments.Count > 3 && Utf8Parser.TryParse(request.Arguments[3], out int kind, out _))
            _kind = kind;
    }

    private ReadOnlySpan<ushort> Replicas => Shard.View.Map!.MembersOf(_request.Partition);

    private QuorumRule Rule => JointRules.Of(Shard.View.Map!, _request.ReadLevel, _request.Partition, Shard.View.Self);

    public override void OnMapChanged(ClusterMap previous, ClusterMap map)
    {
        if (previous.EpochOf(_request.Partition) == map.EpochOf(_request.Partition))
            return;
        if (!map.IsReplica(_request.Partition, Shard.View.Self) || !Shard.IsComplete(_request.Partition))
        {
            End();
            Shard.Execute(_request);
            return;
        }
        _asked = _passed = _answered = ReplicaSet.Empty;
        _hasRange = false;
        _joined.Clear();
        _floor = Version.None;
        Shard.Operations.Renew(this);
        Begin();
    }

    public void Begin()
    {
        _asked = _asked.With(Replicas.IndexOf(Shard.View.Self));
        while (!Rule.IsMetBy(_asked))
        {
            if (!AskAnother())
            {
                Refuse();
                return;
            }
        }
        Resume(null);
    }

    public void Resume(ColdRead? finished)
    {
        if (_isEnded)
            return;
        ScanOutcome outcome = _scan.Run(_request.Keyspace, _request.Partition, _from, _budget, finished, out ColdRead? cold);
        if (outcome == ScanOutcome.Cold)
        {
            Shard.Park(this, cold);
            return;
        }
        if (_scan.MetDamage && (Replicas.Length == 1 || !Shard.IsComplete(_request.Partition)))
        {
            if (Replicas.Length == 1)
            {
                Shard.ReplyError(_request, Shard.DamagedError, refused: true);
                End();
                return;
            }
            // Peers answer instead of this replica.
            AskInsteadOf(Replicas.IndexOf(Shard.View.Self));
            return;
        }
        RememberObserved();
        Join(_scan.Entries, _scan.End, Shard.Floors.Of(_request.Keyspace, _request.Partition).Version);
        Answered(Replicas.IndexOf(Shard.View.Self));
    }

    public override void OnScanReply(ushort from, in ScanReplyView reply)
    {
        int replica = Replicas.IndexOf(from);
        if (replica < 0 || _answered.Contains(replica))
            return;
        if (reply.Status != ReadStatus.Answered || !Counts(replica, reply.Complete))
        {
            AskInsteadOf(replica);
            return;
        }
        Join(reply.Entries, reply.End, reply.Floor);
        Answered(replica);
    }

    public override void OnPeerDown(ushort node)
    {
        int replica = Replicas.IndexOf(node);
        if (replica < 0 || !_asked.Contains(replica) || _answered.Contains(replica))
            return;
        AskInsteadOf(replica);
    }

    public override void OnTick()
    {
        if (Shard.Now.MonotonicMicros - _askedMicros >= Shard.Options.SpeculativeReadMs * Instant.MicrosPerMs && AskAnother())
            Shard.Emit(new NodeEvent(NodeEventKind.SpeculativeRead, _request.Partition));
    }

    public override void OnTimeout()
    {
        Shard.ReplyError(_request, $"TIMEOUT scan: {_answered.Count} of {Rule.Required} required replicas answered in time", refused: true);
        End();
    }

    private void Answered(int replica)
    {
        _answered = _answered.With(replica);
        if (!Rule.IsMetBy(_answered))
            return;
        WriteReply();
        End();
    }

    private void AskInsteadOf(int replica)
    {
        _passed = _passed.With(replica);
        if (!AskAnother() && !Rule.IsMetBy(_asked.Except(_passed)))
            Refuse();
    }

    private bool AskAnother()
    {
        QuorumRule rule = Rule;
        ReplicaSet lacking = rule.Lacking(_asked.Except(_passed)).Except(_asked);
        return AskOneOf(lacking) || AskOneOf(rule.Members.Except(_asked).Except(lacking));
    }

    private bool AskOneOf(ReplicaSet candidates)
    {
        foreach (int replica in candidates)
        {
            ushort node = Replicas[replica];
            if (!Shard.View.IsUp(node) || !Counts(replica, Shard.View.IsPeerComplete(node, _request.Partition)))
                continue;
            _asked = _asked.With(replica);
            _askedMicros = Shard.Now.MonotonicMicros;
            new ScanMessage(Id, _request.Keyspace, _from, _budget).Write(Shard.Outbox.Immediate(node), _request.Partition);
            return true;
        }
        return false;
    }

    /// <summary>What a newcomer lists counts for the new set, complete or not; see <see cref="JointRules"/>.</summary>
    private bool Counts(int replica, bool complete) =>
        JointRules.Counts(Shard.View.Map!, _request.Partition, Replicas[replica], complete);

    private void Refuse()
    {
        Shard.ReplyError(
            _request, $"UNAVAILABLE the scan needs {Rule.Required} replicas of every partition and fewer can answer; wait for nodes to come back", refused: true);
        End();
    }

    private void End()
    {
        _isEnded = true;
        Leave();
        _joined.Dispose();
        _next.Dispose();
    }

    /// <summary>Merges one replica's sorted range into the sorted join, up to the nearer end.</summary>
    private void Join(ReadOnlySpan<byte> entries, ulong end, Version floor)
    {
        _floor = Version.Max(_floor, floor);
        _end = _hasRange ? HashRange.NearerEnd(_end, end) : end;
        _next.Clear();
        var left = new ByteReader(_joined.Written);
        var right = new ByteReader(entries);
        bool moreLeft = ScanEntry.TryRead(ref left, out ScanEntry mine);
        bool moreRight = ScanEntry.TryRead(ref right, out ScanEntry theirs);
        while (moreLeft || moreRight)
        {
            int order = !moreLeft ? 1 : !moreRight ? -1 : Compare(mine, theirs);
            ScanEntry first = order <= 0 ? mine : theirs;
            if (_end != 0 && first.Hash >= _end)
                break;
            if (order == 0)
                JoinRows(first, theirs.Row);
            else
                ScanReply.WriteEntry(_next, first.Hash, first.Key, first.Row);
            if (order <= 0)
                moreLeft = ScanEntry.TryRead(ref left, out mine);
            if (order >= 0)
                moreRight = ScanEntry.TryRead(ref right, out theirs);
        }
        _joined.Clear();
        _joined.Write(_next.Written);
        _hasRange = true;
    }

    private void JoinRows(in ScanEntry entry, in RowView other)
    {
        using var merged = new ByteWriter();
        MergeOutcome outcome = RowMerge.Merge(entry.Row, other, merged, out Version max);
        RowView row = outcome == MergeOutcome.KeptLeft ? entry.Row : other;
        if (outcome == MergeOutcome.Combined && !RowView.TryDecode(max, merged.Written, out row))
            throw new InvariantException("a merge of two rows does not decode");
        ScanReply.WriteEntry(_next, entry.Hash, entry.Key, row);
    }

    private static int Compare(in ScanEntry left, in ScanEntry right)
    {
        int order = left.Hash.CompareTo(right.Hash);
        return order != 0 ? order : left.Key.SequenceCompareTo(right.Key);
    }

    private void WriteReply()
    {
        int live = 0;
        var counting = new ByteReader(_joined.Written);
        while (ScanEntry.TryRead(ref counting, out ScanEntry entry))
            live += IsWanted(entry) ? 1 : 0;
        ByteWriter reply = Shard.BeginReply(_request);
        reply.ArrayHeader(live + 1);
        reply.Bulk(_end.ToString(System.Globalization.CultureInfo.InvariantCulture));
        var reader = new ByteReader(_joined.Written);
        while (ScanEntry.TryRead(ref reader, out ScanEntry entry))
        {
            if (IsWanted(entry))
                reply.Bulk(entry.Key);
        }
        Shard.EndReply(_request);
    }

    private bool IsWanted(in ScanEntry entry) =>
        entry.Row.BaseVersion > _floor && entry.Row.IsLive(Shard.Now.WallMs) && (_kind is not { } kind || (int)entry.Row.Kind == kind);
}
