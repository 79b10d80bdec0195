using Torc.Core.Placement;
using Torc.Core.Replication;

namespace Torc.Node.Shards;

/// <summary>
/// Starts exchanges, a bounded number at a time. First for incomplete partitions, which count again when the completion rule is
/// met. Then for whole ones that may have missed writes that others acknowledged: this node was away, or a peer was unreachable. Those
/// count all along, since a quorum holds what they miss; pulling it gives every key its replicas back, and DBSIZE its right number.
/// Both wait until this copy's Merkle trees are built, which takes no messages, so that only what differs is listed and moved.
/// </summary>
internal sealed class CatchUp(Shard shard)
{
    /// <summary>Whole partitions that are refreshed at once; client work comes first.</summary>
    private const int RefreshesMax = 1;

    private readonly HashSet<ushort> _underWay = [];
    private readonly HashSet<ushort> _damagedMeanwhile = [];
    private readonly HashSet<ushort> _damageCovered = [];
    private readonly SortedDictionary<ushort, ReplicaSet> _toRefresh = [];
    private int _refreshes;

    private ClusterMap Map => shard.View.Map!;

    /// <summary>The map came into use. A partition without other replicas, or one born with the map, has nothing to catch up with.</summary>
    public void OnFormed(bool wasBornWithMap)
    {
        for (ushort partition = 0; partition < Map.PartitionCount; partition++)
        {
            if (!shard.Owns(partition))
                continue;
            if (wasBornWithMap || Map.ReplicasOf(partition).Length == 1)
                shard.SetComplete(partition, true);
            else
                Refresh(partition, ReplicaSet.FirstOf(Map.ReplicasOf(partition).Length));
        }
    }

    /// <summary>A newer map came into use: what was to be pulled from the replicas of a partition that changed is told by their places no more.</summary>
    public void OnMapChanged(ClusterMap previous)
    {
        for (ushort partition = 0; partition < Map.PartitionCount; partition++)
        {
            if (Map.EpochOf(partition) == previous.EpochOf(partition) || !_toRefresh.Remove(partition) || !shard.Owns(partition))
                continue;
            Refresh(partition, ReplicaSet.FirstOf(Map.ReplicasOf(partition).Length));
        }
    }

    /// <summary>A peer can be reached again: it may hold writes that did not get here meanwhile.</summary>
    public void OnPeerUp(ushort node)
    {
        for (ushort partition = 0; partition < Map.PartitionCount; partition++)
        {
            int replica = Map.ReplicasOf(partition).IndexOf(node);
            if (replica >= 0 && shard.Owns(partition))
                Refresh(partition, ReplicaSet.Single(replica));
        }
    }

    /// <summary>An exchange with one replica that AntiEntropy asks for; false: not now.</summary>
    public bool TryCompare(ushort partition, int replica, bool onlyTrees)
    {
        if (_underWay.Contains(partition) || _underWay.Count >= shard.Options.ExchangesMax)
            return false;
        Start(partition, ReplicaSet.Single(replica), onlyTrees ? ExchangePurpose.CompareTrees : ExchangePurpose.Compare);
        return true;
    }

    public bool IsUnderWay(ushort partition) => _underWay.Contains(partition);

    /// <summary>A partition that waits for its trees, or null.</summary>
    public ushort? AwaitsTrees { get; private set; }

    public void Run()
    {
        AwaitsTrees = null;
        for (ushort partition = 0; partition < Map.PartitionCount && _underWay.Count < shard.Options.ExchangesMax; partition++)
        {
            if (shard.Owns(partition) && !shard.IsComplete(partition) && !_underWay.Contains(partition) && IsReady(partition))
                Start(partition, ReplicaSet.FirstOf(Map.ReplicasOf(partition).Length), ExchangePurpose.Complete);
        }
        while (_toRefresh.Count > 0 && _refreshes < RefreshesMax && _underWay.Count < shard.Options.ExchangesMax)
        {
            (ushort partition, ReplicaSet peers) = _toRefresh.First();
            if (shard.IsComplete(partition) && !_underWay.Contains(partition) && !IsReady(partition))
                break;
            _toRefresh.Remove(partition);
            // One under way pulls from all peers that are up anyway.
            if (_underWay.Contains(partition) || !shard.IsComplete(partition))
                continue;
            _refreshes++;
            Start(partition, peers, ExchangePurpose.Refresh);
        }
    }

    /// <summary>A damaged record was met: an exchange under way may have compared it before, so another has to follow.</summary>
    public void OnDamaged(ushort partition)
    {
        _damageCovered.Remove(partition);
        if (_underWay.Contains(partition))
            _damagedMeanwhile.Add(partition);
    }

    /// <summary>An exchange has replaced every damaged row that a peer holds: what a scan still cannot read here is nobody's.</summary>
    public bool IsDamageCovered(ushort partition) => _damageCovered.Contains(partition);

    public void OnExchanged(ExchangeOperation exchange)
    {
        _underWay.Remove(exchange.Partition);
        bool wasDamaged = _damagedMeanwhile.Remove(exchange.Partition);
        if (exchange.Purpose != ExchangePurpose.Complete)
        {
            _refreshes -= exchange.Purpose == ExchangePurpose.Refresh ? 1 : 0;
            return;
        }
        shard.Trees.OnCaughtUp(exchange.Partition);
        if (wasDamaged || !exchange.IsOfPresentMap)
            return;
        _damageCovered.Add(exchange.Partition);
        shard.SetComplete(exchange.Partition, true);
    }

    private bool IsReady(ushort partition)
    {
        bool isReady = shard.Trees.IsReady(partition);
        if (!isReady)
            AwaitsTrees ??= partition;
        return isReady;
    }

    private void Refresh(ushort partition, ReplicaSet peers) =>
        _toRefresh[partition] = _toRefresh.GetValueOrDefault(partition).Or(peers);

    private void Start(ushort partition, ReplicaSet peers, ExchangePurpose purpose)
    {
        _underWay.Add(partition);
        var exchange = new ExchangeOperation(shard, partition, peers, purpose);
        shard.Operations.Add(exchange, shard.Deadline(shard.Options.ExchangeTimeoutMs));
        exchange.Begin();
    }
}
