// Catching up: a copy of a partition pulls what its peers hold, peer after peer; an incomplete one until the completion rule says
// that no acknowledged write can be missing. Core's PartitionExchange decides; this sends, reads and applies. Writes go on meanwhile.

using Torc.Core.Placement;
using Torc.Core.Repair;
using Torc.Core.Replication;
using Torc.Node.Peers;
using Torc.Storage;

namespace Torc.Node.Shards;

internal enum ExchangePurpose
{
    /// <summary>Until the completion rule is met, waiting for peers that are down.</summary>
    Complete,

    /// <summary>The same for a whole copy that stays in a set which shrinks: until nothing that was acknowledged can be missing here.</summary>
    CatchUp,

    /// <summary>From those that are up, once.</summary>
    Refresh,

    /// <summary>The same, and no second attempt when something fails: there is another round.</summary>
    Compare,

    /// <summary>The same; what cannot be compared by tree is left out.</summary>
    CompareTrees,

    /// <summary>The same, on behalf of a garbage floor that is to rise.</summary>
    Hold,
}

/// <param name="shard">The shard of the partition.</param>
/// <param name="partition">Held by this node, or moving to it.</param>
/// <param name="sources">Nodes to pull from, in this order.</param>
/// <param name="replicas">Length of the partition's set: a copy is complete after exchanges with a quorum of it.</param>
/// <param name="purpose">When to end.</param>
internal sealed class ExchangeOperation(Shard shard, ushort partition, ushort[] sources, int replicas, ExchangePurpose purpose)
    : Operation(shard), IResumable, IOwnTrees
{
    /// <summary>Rows of one range that are asked for at once.</summary>
    private const int FetchesOutstandingMax = 32;

    /// <summary>Exchanges that a newcomer whose copy is complete may begin in vain with the rest of the present set.</summary>
    private const int RestFailuresMax = 3;

    private static readonly byte[] KeyspaceOrder =
        [KeyspaceSettings.SystemId, .. Enumerable.Range(0, KeyspaceSettings.UserKeyspacesMax).Select(id => (byte)id)];

    private readonly RangeScan _scan = new(shard);
    private readonly RangeListing _local = new();
    private PartitionExchange? _exchange;
    private ReplicaSet _finished, _completeAtStart;
    private int _nextFetch, _merged, _fetchedInTick, _restFailures;
    private ulong _holding, _peerFloor, _peerProven;
    private bool _wantsFloors, _asksAgain;
    private bool _isEnded;

    public ushort Partition => partition;

    public ExchangePurpose Purpose => purpose;

    /// <summary>Everything that was to be compared was.</summary>
    public bool WasWhole { get; private set; } = true;

    /// <summary>The map changed who is to be asked: this came to nothing.</summary>
    public bool WasAbandoned { get; private set; }

    /// <summary>The greatest garbage floor of the complete peers that were pulled from, and the greatest stamp below which one of them holds nothing that is deleted.</summary>
    public ulong FloorMet { get; private set; }

    public ulong ProvenMet { get; private set; }

    /// <summary>It ends when a rule is met, and waits for peers until then.</summary>
    private bool EndsByRule => purpose is ExchangePurpose.Complete or ExchangePurpose.CatchUp;

    /// <summary>The copy does not count yet: it goes by the floors of those that do.</summary>
    private bool Completes => purpose == ExchangePurpose.Complete;

    public bool TryGetTree(byte keyspace, out MerkleTree? tree) => Shard.Trees.TryGetTree(keyspace, partition, out tree);

    /// <summary>Those that it ended without having pulled from.</summary>
    public IEnumerable<ushort> Unasked => sources.Where((_, index) => !_finished.Contains(index));

    /// <summary>Ends when the rule is met; else starts over with the next peer that is up, or waits until one is.</summary>
    public void Begin()
    {
        Forget();
        bool isComplete = EndsByRule && IsComplete();
        if (isComplete && !PullsFromRest)
        {
            End();
            return;
        }
        Shard.Operations.Renew(this);
        if (Completes)
            Shard.Garbage.Meet(partition, FloorMet);
        for (int i = 0; i < sources.Length; i++)
        {
            if (_finished.Contains(i) || !Shard.View.IsUp(sources[i]))
                continue;
            _exchange = new PartitionExchange(
                partition, sources[i], KeyspaceOrder, this, onlyTrees: purpose is ExchangePurpose.CompareTrees or ExchangePurpose.Hold);
            _holding = Shard.Tombstones.Keeping.HoldingOf(partition);
            break;
        }
        if (_exchange is not null)
            Advance();
        else if (EndsByRule && !isComplete)
            Wait();
        else
            End();
    }

    /// <summary>
    /// A replica that the move takes the partition from drops its copy afterwards, and may be the only one with a write that was acknowledged at ONE before
    /// the move began: a newcomer pulls from all of the present set that is up, as long as that works.
    /// </summary>
    private bool PullsFromRest => _restFailures < RestFailuresMax && Shard.View.Map!.IsNewcomer(partition, Shard.View.Self);

    private bool IsComplete()
    {
        if (_finished.Count == sources.Length)
            return true;
        int complete = _finished.And(_completeAtStart).Count;
        return purpose == ExchangePurpose.CatchUp
            ? CompletionRule.HasCaughtUp(replicas, complete) && IsMetNearby(CompletionRule.HasCaughtUp)
            : CompletionRule.IsComplete(replicas, sources.Length, _finished, _completeAtStart) && IsMetNearby(CompletionRule.MeetsLocalQuorums);
    }

    /// <summary>A rule for the part of the set that is in this data centre, or everyone there was pulled from.</summary>
    private bool IsMetNearby(Func<int, int, bool> rule)
    {
        ClusterMap map = Shard.View.Map!;
        int own = map.DataCentreOf(Shard.View.Self), near = 0, complete = 0;
        bool areAllFinished = true;
        foreach (ushort node in map.ReplicasOf(partition))
            near += map.DataCentreOf(node) == own ? 1 : 0;
        for (int source = 0; source < sources.Length; source++)
        {
            if (map.DataCentreOf(sources[source]) != own)
                continue;
            areAllFinished &= _finished.Contains(source);
            complete += _finished.And(_completeAtStart).Contains(source) ? 1 : 0;
        }
        return areAllFinished || rule(near, complete);
    }

    public void Abandon()
    {
        WasAbandoned = true;
        WasWhole = false;
        End();
    }

    public void Resume(ColdRead? finished)
    {
        if (!_isEnded && _exchange is { Step: ExchangeStep.ScanLocal } && ScanLocal(finished))
            Advance();
    }

    public override void OnListReply(ushort from, in ListReply reply)
    {
        if (_exchange is not { Step: ExchangeStep.AskPeer } exchange || exchange.Peer != from)
            return;
        if (reply.Status == ReadStatus.Answered && exchange.PeerListed(reply.End, reply.Complete, reply.Listing))
            Advance();
        else
            StartOver();
    }

    public override void OnTreeRootsReply(ushort from, in TreeRootsReply reply)
    {
        if (_exchange is { } asked && _asksAgain && asked.Peer == from)
        {
            OnFloorAgain(asked, reply);
            return;
        }
        if (_exchange is not { Step: ExchangeStep.AskRoots } exchange || exchange.Peer != from)
            return;
        if (!reply.TryReadRest(_wantsFloors, out _peerFloor, out _peerProven, out ReadOnlySpan<byte> roots))
        {
            StartOver();
            return;
        }
        if (!reply.Complete)
            _peerFloor = _peerProven = 0;
        Shard.Tombstones.Keeping.OnPeerFloor(partition, _peerFloor);
        if (Completes)
            Shard.Garbage.Meet(partition, Math.Max(FloorMet, _peerFloor));
        ulong own = Math.Max(Shard.Garbage.InForce(partition), FloorMet);
        if (exchange.PeerRoots(reply.Complete, roots, new ExchangeFloors(own, _peerProven, Completes ? _peerFloor : 0)))
            Advance();
        else
            StartOver();
    }

    public override void OnTreeNodesReply(ushort from, in TreeNodesReply reply)
    {
        if (_exchange is not { Step: ExchangeStep.AskNodes } exchange || exchange.Peer != from)
            return;
        exchange.PeerNodes(reply.Answered, reply.Hashes);
        Advance();
    }

    public override void OnPeerDown(ushort node)
    {
        if (_exchange?.Peer == node)
            StartOver();
    }

    public override void OnTimeout() => StartOver();

    /// <summary>A new tick has room for more rows.</summary>
    public override void OnTick()
    {
        _fetchedInTick = 0;
        if (_exchange is not { Step: ExchangeStep.FetchRows })
            return;
        // Nothing was asked for because the budget is used up: that is no silence of the peer.
        if (_nextFetch == _merged)
            Wait();
        FetchMore();
    }

    /// <summary>A fetched row is merged; <paramref name="exchange"/> says for which exchange it was asked.</summary>
    public void OnRowMerged(PartitionExchange exchange, int rowBytes)
    {
        Shard.RepairBudget.Take(rowBytes);
        if (exchange != _exchange)
            return;
        if (++_merged < exchange.ToFetch)
        {
            FetchMore();
            return;
        }
        exchange.RowsMerged();
        Advance();
    }

    /// <summary>A row could not be had: the peer is asked again from the beginning, or another one.</summary>
    public void OnRowFailed(PartitionExchange exchange)
    {
        if (exchange == _exchange)
            StartOver();
    }

    private void Advance()
    {
        bool more = true;
        while (more)
        {
            Wait();
            PartitionExchange exchange = _exchange!;
            more = false;
            switch (exchange.Step)
            {
                case ExchangeStep.AskRoots:
                    _wantsFloors = Shard.View.Map!.Level >= ClusterLevel.GarbageFloors;
                    new TreeRootsMessage(Id, _wantsFloors).Write(Shard.Outbox.Immediate(exchange.Peer), partition);
                    break;
                case ExchangeStep.AskNodes:
                    TreeNodesMessage.Write(
                        Shard.Outbox.Immediate(exchange.Peer), partition, Id, exchange.Keyspace, exchange.Level, exchange.Question);
                    break;
                case ExchangeStep.AskPeer:
                    new ListMessage(Id, exchange.Keyspace, exchange.From, exchange.To, Shard.Options.ExchangeRowsPerRange)
                        .Write(Shard.Outbox.Immediate(exchange.Peer), partition);
                    break;
                case ExchangeStep.ScanLocal:
                    more = ScanLocal(null);
                    break;
                case ExchangeStep.FetchRows:
                    _nextFetch = 0;
                    _merged = 0;
                    FetchMore();
                    break;
                default:
                    Finish(exchange);
                    break;
            }
        }
    }

    /// <summary>
    /// Rows were listed after the peer told its floor. Had it risen meanwhile, tombstones could have been collected there that were not listed any more, and what they
    /// covered would still be here, without a floor to drop it by. So who relies on the exchange asks for the floor again.
    /// </summary>
    private void Finish(PartitionExchange exchange)
    {
        if (_wantsFloors && exchange.PeerWasComplete && purpose is (ExchangePurpose.Complete or ExchangePurpose.Hold))
        {
            _asksAgain = true;
            new TreeRootsMessage(Id, _wantsFloors).Write(Shard.Outbox.Immediate(exchange.Peer), partition);
            return;
        }
        OnPeerFinished(exchange);
    }

    private void OnFloorAgain(PartitionExchange exchange, in TreeRootsReply reply)
    {
        bool isSame = reply.TryReadRest(_wantsFloors, out ulong floor, out _, out _) && reply.Complete && floor == _peerFloor;
        if (isSame)
            OnPeerFinished(exchange);
        else
            StartOver();
    }

    private void OnPeerFinished(PartitionExchange exchange)
    {
        int peer = Array.IndexOf(sources, exchange.Peer);
        _finished = _finished.With(peer);
        if (exchange.PeerWasComplete)
            _completeAtStart = _completeAtStart.With(peer);
        WasWhole &= !exchange.LeftOut;
        OnFloorsMet(exchange);
        Begin();
    }

    private void OnFloorsMet(PartitionExchange exchange)
    {
        if (!exchange.PeerWasComplete || exchange.LeftOut)
            return;
        FloorMet = Math.Max(FloorMet, _peerFloor);
        ProvenMet = Math.Max(ProvenMet, _peerProven);
        Shard.Tombstones.Keeping.OnPulled(partition, exchange.Peer, _holding);
    }

    /// <summary>The exchange with this peer came to nothing.</summary>
    private void StartOver()
    {
        if (EndsByRule || purpose == ExchangePurpose.Refresh)
        {
            _restFailures += EndsByRule && IsComplete() ? 1 : 0;
            Begin();
            return;
        }
        WasWhole = false;
        End();
    }

    private void Forget()
    {
        if (_exchange is not { } exchange)
            return;
        _asksAgain = false;
        Shard.Repairs.ExchangeEnded(exchange);
        if (exchange.RowsFetched > 0)
            Shard.Emit(new NodeEvent(NodeEventKind.Repaired, partition, Count: (int)exchange.RowsFetched, Node: exchange.Peer));
        exchange.Dispose();
        _exchange = null;
    }

    /// <summary>False while it waits for the disk.</summary>
    private bool ScanLocal(ColdRead? finished)
    {
        PartitionExchange exchange = _exchange!;
        ScanOutcome outcome = _scan.Run(
            exchange.Keyspace, partition, exchange.From, exchange.To, Shard.Options.ExchangeRowsPerRange, finished, out ColdRead? cold);
        if (outcome == ScanOutcome.Cold)
        {
            Shard.Park(this, cold);
            return false;
        }
        // A damaged row is missing from the listing, so the peer's is fetched and replaces it.
        _scan.CopyTo(_local);
        byte keyspace = exchange.Keyspace;
        exchange.LocalListed(_scan.End, _local);
        if (TryPrune(exchange, keyspace, finished))
            return true;
        StartOver();
        return false;
    }

    /// <summary>Drops what the others have deleted and forgotten while this copy did not count.</summary>
    private bool TryPrune(PartitionExchange exchange, byte keyspace, ColdRead? finished)
    {
        int pruned = 0;
        bool isDone = true;
        for (int index = 0; index < exchange.ToPrune.Count && isDone; index++)
        {
            int row = exchange.ToPrune[index];
            var key = new RecordKey(keyspace, partition, _local[row].Hash, _local.KeyOf(row));
            isDone = Shard.Rows.TryPrune(key, exchange.Floors.PruneBelow, finished, Shard.Outbox, out bool changed);
            pruned += changed ? 1 : 0;
        }
        if (pruned > 0)
            Shard.Emit(new NodeEvent(NodeEventKind.Pruned, partition, Count: pruned, Node: exchange.Peer));
        return isDone;
    }

    /// <summary>Of the rows of an exchange under way, see <see cref="ExchangeFloors.DoubtedBelow"/>; floors may have risen since it began.</summary>
    public ulong DoubtedBelow(PartitionExchange exchange)
    {
        ulong own = Math.Max(Shard.Garbage.InForce(partition), exchange.Floors.Own);
        return (exchange.Floors with { Own = own }).DoubtedBelow;
    }

    private void FetchMore()
    {
        PartitionExchange exchange = _exchange!;
        while (_nextFetch < exchange.ToFetch && _nextFetch - _merged < FetchesOutstandingMax
            && _fetchedInTick < Shard.Options.ExchangeRowsPerTickMax && Shard.RepairBudget.HasRoom)
        {
            _fetchedInTick++;
            Wait();
            new FetchOperation(this, exchange, exchange.KeyToFetch(_nextFetch++)).Begin();
        }
    }

    private void End()
    {
        Forget();
        _isEnded = true;
        Leave();
        Shard.OnExchanged(this);
    }

    private void Wait() => DeadlineMicros = Shard.Now.MonotonicMicros + Shard.Options.ExchangeTimeoutMs * Instant.MicrosPerMs;
}
