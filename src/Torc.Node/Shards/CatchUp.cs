using Torc.Core.Placement;

namespace Torc.Node.Shards;

/// <summary>
/// Starts exchanges, a bounded number at a time. First for incomplete partitions, which count again when the completion rule is
/// met, and for whole ones that stay in a set which shrinks (<see cref="StayerRule"/>). Then for whole ones that may have missed writes that others acknowledged: this node was away, or a peer was unreachable. Those
/// count all along, since a quorum holds what they miss; pulling it gives every key its replicas back, and DBSIZE its right number.
/// Both wait until this copy's Merkle trees are built, which takes no messages, so that only what differs is listed and moved.
/// </summary>
/// <remarks>
/// A partition that is moving here is held before it is owned: it begins incomplete and pulls from a read quorum of the present set, then from the
/// others that are up. Whoever moves partitions has only to wait for <see cref="Shard.IsComplete"/>.
/// </remarks>
internal sealed class CatchUp(Shard shard)
{
    /// <summary>Whole partitions that are refreshed at once; client work comes first.</summary>
    private const int RefreshesMax = 1;

    private readonly Dictionary<ushort, ExchangeOperation> _underWay = [];
    private readonly HashSet<ushort> _damagedMeanwhile = [];
    private readonly SortedDictionary<ushort, SortedSet<ushort>> _toRefresh = [];
    private readonly SortedDictionary<ushort, (long Offset, ExchangeOperation Exchange)> _awaitingLog = [];
    private readonly List<ushort> _inLog = [];
    private int _refreshes;

    private ClusterMap Map => shard.View.Map!;

    /// <summary>The map came into use. A partition without other replicas, or one born with the map, has nothing to catch up with.</summary>
    public void OnFormed(bool wasBornWithMap)
    {
        for (ushort partition = 0; partition < Map.PartitionCount; partition++)
        {
            if (!shard.Holds(partition))
                continue;
            // Who joins a cluster that holds data is born with none of its maps.
            bool isNew = wasBornWithMap && Map.Epoch == Planner.FirstEpoch;
            if (isNew || Map.MembersOf(partition).Length == 1)
                shard.SetComplete(partition, true);
            else
                Refresh(partition, SourcesOf(partition));
        }
    }

    /// <summary>The map was replaced: who pulls from a former set begins anew. <see cref="MapChange"/> has judged which copies are complete.</summary>
    public void OnMapChanged(ClusterMap before)
    {
        for (ushort partition = 0; partition < Map.PartitionCount; partition++)
        {
            if (Map.EpochOf(partition) == before.EpochOf(partition))
                continue;
            if (_underWay.TryGetValue(partition, out ExchangeOperation? exchange))
                exchange.Abandon();
            _awaitingLog.Remove(partition);
            if (_toRefresh.Remove(partition) && shard.Holds(partition))
                Refresh(partition, SourcesOf(partition));
        }
    }

    /// <summary>A peer can be reached again: it may hold writes that did not get here meanwhile.</summary>
    public void OnPeerUp(ushort node)
    {
        for (ushort partition = 0; partition < Map.PartitionCount; partition++)
        {
            if (Map.IsReplica(partition, node) && shard.Holds(partition))
                Refresh(partition, [node]);
        }
    }

    /// <summary>An exchange with one replica that AntiEntropy asks for; false: not now.</summary>
    public bool TryCompare(ushort partition, ushort peer, bool onlyTrees)
    {
        if (_underWay.ContainsKey(partition) || _underWay.Count >= shard.Options.ExchangesMax)
            return false;
        Start(partition, [peer], onlyTrees ? ExchangePurpose.CompareTrees : ExchangePurpose.Compare);
        return true;
    }

    /// <summary>An exchange with one replica on behalf of a garbage floor; false: not now.</summary>
    public bool TryHold(ushort partition, ushort peer)
    {
        if (_underWay.ContainsKey(partition) || _underWay.Count >= shard.Options.ExchangesMax)
            return false;
        Start(partition, [peer], ExchangePurpose.Hold);
        return true;
    }

    public bool IsUnderWay(ushort partition) => _underWay.ContainsKey(partition);

    /// <summary>A partition that waits for its trees, or null.</summary>
    public ushort? AwaitsTrees { get; private set; }

    public void Run()
    {
        AwaitsTrees = null;
        TakeThoseInLog();
        for (ushort partition = 0; partition < Map.PartitionCount && _underWay.Count < shard.Options.ExchangesMax; partition++)
        {
            bool isWanted = shard.Holds(partition) && (!shard.IsComplete(partition) || shard.IsBehind(partition));
            if (isWanted && !_underWay.ContainsKey(partition) && !_awaitingLog.ContainsKey(partition) && IsReady(partition))
                Start(partition, SourcesOf(partition), shard.IsComplete(partition) ? ExchangePurpose.CatchUp : ExchangePurpose.Complete);
        }
        while (_toRefresh.Count > 0 && _refreshes < RefreshesMax && _underWay.Count < shard.Options.ExchangesMax)
        {
            (ushort partition, SortedSet<ushort> peers) = _toRefresh.First();
            if (shard.IsComplete(partition) && !_underWay.ContainsKey(partition) && !IsReady(partition))
                break;
            _toRefresh.Remove(partition);
            // One that completes asks for the others afterwards.
            if (_underWay.ContainsKey(partition) || !shard.IsComplete(partition))
                continue;
            _refreshes++;
            Start(partition, [.. peers], ExchangePurpose.Refresh);
        }
    }

    /// <summary>A damaged record was met: an exchange under way may have compared it before, so another has to follow.</summary>
    public void OnDamaged(ushort partition)
    {
        _awaitingLog.Remove(partition);
        if (_underWay.ContainsKey(partition))
            _damagedMeanwhile.Add(partition);
    }

    public void OnExchanged(ExchangeOperation exchange)
    {
        ushort partition = exchange.Partition;
        _underWay.Remove(partition);
        bool wasDamaged = _damagedMeanwhile.Remove(partition);
        if (exchange.Purpose is not (ExchangePurpose.Complete or ExchangePurpose.CatchUp))
        {
            _refreshes -= exchange.Purpose == ExchangePurpose.Refresh ? 1 : 0;
            return;
        }
        if (exchange.WasAbandoned)
            return;
        shard.Trees.OnCaughtUp(partition);
        if (wasDamaged || (exchange.Purpose == ExchangePurpose.CatchUp && !shard.IsComplete(partition)))
            return;
        _awaitingLog[partition] = (shard.Store.AppendedOffset, exchange);
        TakeThoseInLog();
    }

    /// <summary>A copy counts from when nothing of what it pulled can be lost again: others rely on that, and may drop theirs.</summary>
    private void TakeThoseInLog()
    {
        if (_awaitingLog.Count == 0)
            return;
        _inLog.Clear();
        foreach ((ushort partition, (long offset, _)) in _awaitingLog)
        {
            if (shard.IsLogSafe(offset))
                _inLog.Add(partition);
        }
        foreach (ushort partition in _inLog)
        {
            ExchangeOperation exchange = _awaitingLog[partition].Exchange;
            // Its floor first: a copy counts only with what the others go by.
            if (exchange.Purpose == ExchangePurpose.Complete && !shard.Garbage.TryComplete(shard, partition, exchange.FloorMet, exchange.ProvenMet))
                continue;
            _awaitingLog.Remove(partition);
            if (exchange.Purpose == ExchangePurpose.Complete)
            {
                shard.Rows.OnComplete(partition);
                shard.SetComplete(partition, true);
            }
            else if (!shard.IsComplete(partition))
            {
                // It met a floor since that it knows nothing of: being completed comes first.
                continue;
            }
            shard.SetBehind(partition, false);
            Refresh(partition, exchange.Unasked);
        }
    }

    private bool IsReady(ushort partition)
    {
        bool isReady = shard.Trees.IsReady(partition);
        if (!isReady)
            AwaitsTrees ??= partition;
        return isReady;
    }

    /// <summary>The replicas of the present set that are not this node, and are not gone for ever.</summary>
    private ushort[] SourcesOf(ushort partition)
    {
        var sources = new List<ushort>();
        foreach (ushort node in Map.ReplicasOf(partition))
        {
            if (node != shard.View.Self && Map.NodeOf(node)!.State != NodeState.Gone)
                sources.Add(node);
        }
        return [.. sources];
    }

    private void Refresh(ushort partition, IEnumerable<ushort> peers)
    {
        if (!_toRefresh.TryGetValue(partition, out SortedSet<ushort>? known))
            _toRefresh.Add(partition, known = []);
        known.UnionWith(peers);
    }

    private void Start(ushort partition, ushort[] sources, ExchangePurpose purpose)
    {
        var exchange = new ExchangeOperation(shard, partition, sources, Map.ReplicasOf(partition).Length, purpose);
        _underWay.Add(partition, exchange);
        shard.Operations.Add(exchange, shard.Deadline(shard.Options.ExchangeTimeoutMs));
        exchange.Begin();
    }
}
