using Torc.Core.Placement;

namespace Torc.Node.Shards;

/// <summary>Starts exchanges for this shard's incomplete partitions, a bounded number at a time, until none is left.</summary>
internal sealed class CatchUp(Shard shard)
{
    private readonly HashSet<ushort> _underWay = [];
    private readonly HashSet<ushort> _damagedMeanwhile = [];
    private readonly HashSet<ushort> _damageCovered = [];

    /// <summary>The map came into use. A partition without other replicas, or one born with the map, has nothing to catch up with.</summary>
    public void OnFormed(bool wasBornWithMap)
    {
        ClusterMap map = shard.View.Map!;
        for (ushort partition = 0; partition < map.PartitionCount; partition++)
        {
            if (shard.Owns(partition) && (wasBornWithMap || map.ReplicasOf(partition).Length == 1))
                shard.SetComplete(partition, true);
        }
    }

    public void Run()
    {
        ClusterMap map = shard.View.Map!;
        for (ushort partition = 0; partition < map.PartitionCount && _underWay.Count < shard.Options.ExchangesMax; partition++)
        {
            if (!shard.Owns(partition) || shard.IsComplete(partition) || !_underWay.Add(partition))
                continue;
            var exchange = new ExchangeOperation(shard, partition);
            shard.Operations.Add(exchange, shard.Deadline(shard.Options.ExchangeTimeoutMs));
            exchange.Begin();
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
        if (_damagedMeanwhile.Remove(exchange.Partition))
            return;
        _damageCovered.Add(exchange.Partition);
        shard.SetComplete(exchange.Partition, true);
    }
}
