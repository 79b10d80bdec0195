using Torc.Core.Repair;

namespace Torc.Node.Shards;

/// <summary>What brings a shard's copies back together: catching up, comparing continuously, and the trees that both need.</summary>
internal sealed class ShardRepair
{
    /// <summary>Partitions whose roots are published in one tick.</summary>
    private const int RootsPerTick = 8;

    private readonly Shard _shard;
    private readonly AntiEntropy _antiEntropy;
    private readonly TreeBuilder _builder;
    private readonly bool _keepsTrees;
    private int _nextRoot;

    public ShardRepair(Shard shard, bool keepsTrees)
    {
        _shard = shard;
        _keepsTrees = keepsTrees;
        CatchUp = new CatchUp(shard);
        _antiEntropy = new AntiEntropy(shard, CatchUp);
        _builder = new TreeBuilder(shard);
        shard.Tombstones.Keeping.TakesPart = keepsTrees;
    }

    public CatchUp CatchUp { get; }

    public RepairProgress Progress => _antiEntropy.Progress;

    /// <summary>Called in each tick of a formed cluster.</summary>
    public void Run()
    {
        _shard.Trees.Switch(_keepsTrees && _shard.View.Map!.ReplicasPerPartition > 1);
        CatchUp.Run();
        _shard.Tombstones.Keeping.Run(CatchUp);
        _antiEntropy.Run();
        _builder.Awaited = CatchUp.AwaitsTrees;
        _builder.Run();
        _shard.Store.MaySalvage = _shard.Store.HasDamage && IsHeldByOthers();
        for (int count = 0; count < RootsPerTick; count++)
        {
            _nextRoot = (_nextRoot + 1) % _shard.PartitionsOfCluster;
            Publish((ushort)_nextRoot);
        }
    }

    public void OnExchanged(ExchangeOperation exchange)
    {
        CatchUp.OnExchanged(exchange);
        if (exchange.Purpose is ExchangePurpose.Compare or ExchangePurpose.CompareTrees)
            _antiEntropy.OnExchanged(exchange.WasWhole);
    }

    /// <summary>Every copy here was compared with others since damage was met here.</summary>
    private bool IsHeldByOthers()
    {
        for (ushort partition = 0; partition < _shard.PartitionsOfCluster; partition++)
        {
            if (_shard.Holds(partition) && (!_shard.IsComplete(partition) || _shard.View.Map!.MembersOf(partition).Length == 1))
                return false;
        }
        return true;
    }

    private void Publish(ushort partition)
    {
        bool hasRoot = _shard.Trees.IsOn && _shard.Owns(partition);
        ulong combined = 0;
        for (int index = 0; hasRoot && index < RowTrees.Keyspaces; index++)
        {
            byte keyspace = RowTrees.KeyspaceAt(index);
            hasRoot = _shard.Trees.TryGetTree(keyspace, partition, out MerkleTree? tree);
            if (tree is { Root: not 0 })
                combined ^= StableHash.Combine(keyspace, tree.Root);
        }
        Progress.Publish(partition, hasRoot, combined);
    }
}
