using Torc.Core.Placement;

namespace Torc.Node.Shards;

/// <summary>
/// Compares each partition with each of its other replicas, over and over, one pair at a time: what no write, read or restart
/// has brought together is found here. It only pulls; the other side does the same, so both end up equal.
/// </summary>
/// <remarks>
/// Below client work: a pair is begun in a tick, at most one in <see cref="NodeOptions.RepairIntervalMs"/>, and only by comparing trees, which for equal copies is two
/// small messages. A round that an operator asked for does not wait between pairs, and lists rows where there is no tree.
/// </remarks>
internal sealed class AntiEntropy(Shard shard, CatchUp catchUp)
{
    private RepairRequest? _request;
    private int _partition, _replica, _underWay;
    private bool _isRoundOpen;
    private long _nextMicros;

    public RepairProgress Progress { get; } = new(shard.PartitionsOfCluster);

    private PairTally Tally => _request is null ? Progress.Round : Progress.RequestedRound;

    public void Run()
    {
        if (_request is null && Progress.Requested is { } request)
        {
            // The round under way may have passed what is asked for: begin a new one when its exchanges have ended.
            if (_underWay > 0)
                return;
            _isRoundOpen = false;
            _request = request;
        }
        if (_request is null && (!shard.Trees.IsOn || shard.Now.MonotonicMicros < _nextMicros))
            return;
        if (!_isRoundOpen)
            BeginRound();
        int underWayMax = _request is null ? 1 : shard.Options.ExchangesMax;
        PairOutcome last = PairOutcome.Passed;
        while (last != PairOutcome.Waits && _underWay < underWayMax && _partition < shard.View.Map!.PartitionCount)
            last = NextPair();
        if (_underWay == 0 && _partition >= shard.View.Map!.PartitionCount)
            EndRound();
    }

    /// <summary>An exchange that was begun here ended.</summary>
    public void OnExchanged(bool wasCompared)
    {
        _underWay--;
        Tally.Ended(wasCompared);
    }

    private void BeginRound()
    {
        _isRoundOpen = true;
        _partition = _replica = 0;
        long pairs = 0;
        ClusterMap map = shard.View.Map!;
        for (int partition = 0; partition < map.PartitionCount; partition++)
            pairs += IsOfRound(partition) ? map.ReplicasOf(partition).Length - 1 : 0;
        Tally.Begin(pairs);
    }

    private void EndRound()
    {
        _isRoundOpen = false;
        _nextMicros = shard.Now.MonotonicMicros + shard.Options.RepairIntervalMs * Instant.MicrosPerMs;
        if (_request is null)
            Progress.RoundEnded();
        if (Tally.Skipped == 0 || _request is not null)
            shard.Emit(new NodeEvent(NodeEventKind.RepairRoundEnded, Count: (int)Tally.Skipped));
        if (_request is null)
            return;
        _request = null;
        Progress.RequestEnded();
    }

    private bool IsOfRound(int partition) => shard.Owns(partition) && (_request?.Includes(partition) ?? true);

    private PairOutcome NextPair()
    {
        var partition = (ushort)_partition;
        ReadOnlySpan<ushort> replicas = shard.View.Map!.ReplicasOf(partition);
        if (!IsOfRound(partition) || _replica >= replicas.Length)
        {
            _partition++;
            _replica = 0;
            return PairOutcome.Passed;
        }
        ushort peer = replicas[_replica];
        if (peer == shard.View.Self)
        {
            _replica++;
            return PairOutcome.Passed;
        }
        // Another exchange of the partition is under way: this pair has its turn after it.
        if (catchUp.IsUnderWay(partition))
            return PairOutcome.Waits;
        bool canCompare = shard.View.IsUp(peer) && shard.IsComplete(partition) && (_request is not null || shard.Trees.IsReady(partition));
        if (!canCompare)
        {
            _replica++;
            Tally.Ended(wasCompared: false);
            return PairOutcome.Passed;
        }
        // It may end at once, and counts as under way until then.
        _underWay++;
        if (!catchUp.TryCompare(partition, peer, onlyTrees: _request is null))
        {
            _underWay--;
            return PairOutcome.Waits;
        }
        _replica++;
        _nextMicros = shard.Now.MonotonicMicros + shard.Options.RepairIntervalMs * Instant.MicrosPerMs;
        return PairOutcome.Begun;
    }

    private enum PairOutcome
    {
        /// <summary>Nothing to compare: on to the next.</summary>
        Passed,
        Begun,

        /// <summary>Not now: the same again in a later tick.</summary>
        Waits,
    }
}
