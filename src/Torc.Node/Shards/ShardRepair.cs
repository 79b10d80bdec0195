namespace Torc.Node.Shards;

/// <summary>What brings a shard's copies back together: catching up, comparing continuously, and the trees that both need.</summary>
internal sealed class ShardRepair
{
    private readonly Shard _shard;
    private readonly AntiEntropy _antiEntropy;
    private readonly TreeBuilder _builder;
    private readonly bool _keepsTrees;

    public ShardRepair(Shard shard, bool keepsTrees)
    {
        _shard = shard;
        _keepsTrees = keepsTrees;
        CatchUp = new CatchUp(shard);
        _antiEntropy = new AntiEntropy(shard, CatchUp);
        _builder = new TreeBuilder(shard);
    }

    public CatchUp CatchUp { get; }

    public RepairProgress Progress => _antiEntropy.Progress;

    /// <summary>Called in each tick of a formed cluster.</summary>
    public void Run()
    {
        _shard.Trees.Switch(_keepsTrees && _shard.View.Map!.ReplicasPerPartition > 1);
        CatchUp.Run();
        _antiEntropy.Run();
        _builder.Awaited = CatchUp.AwaitsTrees;
        _builder.Run();
    }

    public void OnExchanged(ExchangeOperation exchange)
    {
        CatchUp.OnExchanged(exchange);
        if (exchange.Purpose is ExchangePurpose.Compare or ExchangePurpose.CompareTrees)
            _antiEntropy.OnExchanged(exchange.WasWhole);
    }
}
