// Catching up: a copy of a partition pulls what its peers hold, peer after peer; an incomplete one until the completion rule says
// that no acknowledged write can be missing. Core's PartitionExchange decides; this sends, reads and applies. Writes go on meanwhile.

using Torc.Core.Placement;
using Torc.Core.Repair;
using Torc.Core.Replication;
using Torc.Node.Peers;
using Torc.Storage;

namespace Torc.Node.Shards;

/// <param name="peers">Whom to pull from, by preference index.</param>
/// <param name="completes">True: until the completion rule is met, waiting for peers that are down. False: from those that are up, once.</param>
internal sealed class ExchangeOperation(Shard shard, ushort partition, ReplicaSet peers, bool completes) : Operation(shard), IResumable
{
    /// <summary>Rows of one range that are asked for at once.</summary>
    private const int FetchesOutstandingMax = 32;

    private static readonly byte[] KeyspaceOrder =
        [KeyspaceSettings.SystemId, .. Enumerable.Range(0, KeyspaceSettings.UserKeyspacesMax).Select(id => (byte)id)];

    private readonly RangeScan _scan = new(shard);
    private readonly RangeListing _local = new();
    private PartitionExchange? _exchange;
    private ReplicaSet _finished, _completeAtStart;
    private int _nextFetch, _merged;
    private bool _isEnded;

    public ushort Partition => partition;

    public bool Completes => completes;

    private ReadOnlySpan<ushort> Replicas => Shard.View.Map!.ReplicasOf(partition);

    /// <summary>Ends when the rule is met; else starts over with the next peer that is up, or waits until one is.</summary>
    public void Begin()
    {
        _exchange?.Dispose();
        _exchange = null;
        if (completes && CompletionRule.IsComplete(Replicas.Length, _finished, _completeAtStart))
        {
            End();
            return;
        }
        Shard.Operations.Renew(this);
        for (int i = 0; i < Replicas.Length; i++)
        {
            ushort node = Replicas[i];
            if (node == Shard.View.Self || !peers.Contains(i) || _finished.Contains(i) || !Shard.View.IsUp(node))
                continue;
            _exchange = new PartitionExchange(partition, node, KeyspaceOrder);
            break;
        }
        if (_exchange is not null)
            Advance();
        else if (completes)
            Wait();
        else
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
            Begin();
    }

    public override void OnPeerDown(ushort node)
    {
        if (_exchange?.Peer == node)
            Begin();
    }

    public override void OnTimeout() => Begin();

    /// <summary>A fetched row is merged; <paramref name="exchange"/> says for which exchange it was asked.</summary>
    public void OnRowMerged(PartitionExchange exchange)
    {
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
            Begin();
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
                case ExchangeStep.AskPeer:
                    new ListMessage(Id, exchange.Keyspace, exchange.From, Shard.Options.ExchangeRowsPerRange)
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
                    OnPeerFinished(exchange);
                    break;
            }
        }
    }

    private void OnPeerFinished(PartitionExchange exchange)
    {
        int peer = Replicas.IndexOf(exchange.Peer);
        _finished = _finished.With(peer);
        if (exchange.PeerWasComplete)
            _completeAtStart = _completeAtStart.With(peer);
        Begin();
    }

    /// <summary>False while it waits for the disk.</summary>
    private bool ScanLocal(ColdRead? finished)
    {
        PartitionExchange exchange = _exchange!;
        ScanOutcome outcome = _scan.Run(
            exchange.Keyspace, partition, exchange.From, Shard.Options.ExchangeRowsPerRange, finished, out ColdRead? cold);
        if (outcome == ScanOutcome.Cold)
        {
            Shard.Park(this, cold);
            return false;
        }
        // A damaged row is missing from the listing, so the peer's is fetched and replaces it.
        _scan.CopyTo(_local);
        exchange.LocalListed(_scan.End, _local);
        return true;
    }

    private void FetchMore()
    {
        PartitionExchange exchange = _exchange!;
        while (_nextFetch < exchange.ToFetch && _nextFetch - _merged < FetchesOutstandingMax)
        {
            Wait();
            new FetchOperation(this, exchange, exchange.KeyToFetch(_nextFetch++)).Begin();
        }
    }

    private void End()
    {
        _isEnded = true;
        Leave();
        Shard.OnExchanged(this);
    }

    private void Wait() => DeadlineMicros = Shard.Now.MonotonicMicros + Shard.Options.ExchangeTimeoutMs * Instant.MicrosPerMs;
}
