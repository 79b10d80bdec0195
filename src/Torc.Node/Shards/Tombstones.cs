namespace Torc.Node.Shards;

/// <summary>A shard's part in collecting tombstones: attempts to raise floors, takes part in those of others, and forgets what a floor has made needless.</summary>
public sealed class Tombstones
{
    private readonly Shard _shard;

    internal Tombstones(Shard shard)
    {
        _shard = shard;
        Keeping = new FloorKeeping(shard);
        Attempts = new FloorAttempts(shard);
        Sweep = new GarbageSweep(shard);
    }

    /// <summary>Since the start.</summary>
    public long Collected => Sweep.Collected;

    /// <summary>The wall clock's time below which those of a partition are collected; 0: no floor is known. Look at it under the shard's lock.</summary>
    public long FloorMs(int partition) => (long)(_shard.Garbage.InForce(partition) >> Version.CounterBits);

    internal FloorKeeping Keeping { get; }

    internal FloorAttempts Attempts { get; }

    internal GarbageSweep Sweep { get; }

    /// <summary>Called each tick.</summary>
    internal void Run()
    {
        Attempts.Run();
        Sweep.Run();
    }

    /// <summary>The copy counts no longer.</summary>
    internal void OnIncomplete(ushort partition)
    {
        _shard.Garbage.OnIncomplete(partition);
        Abandon(partition);
    }

    /// <summary>What was being agreed of a partition's floor means nothing any more; what is in force stays.</summary>
    internal void Abandon(ushort partition)
    {
        Keeping.Abandon(partition);
        Sweep.Abandon(partition);
    }
}
