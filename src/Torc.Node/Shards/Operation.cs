using Torc.Core.Placement;
using Torc.Node.Peers;
using Torc.Storage;

namespace Torc.Node.Shards;

/// <summary>Work that met a cold record or a full log, and goes on when that is over.</summary>
internal interface IResumable
{
    /// <param name="finished">The cold read that was waited for; null after a stall.</param>
    void Resume(ColdRead? finished);
}

/// <summary>
/// Something a shard has under way that waits for peers. Its id carries a generation, so that an answer to an operation
/// long gone never counts for the one that took its place.
/// </summary>
/// <remarks>
/// What an operation saw or appended in one turn it tells of in a later one: it keeps the log offset past all of that, and the
/// turn in which it ends waits for the log up to there. So this node's own copy counts, though its acknowledgement took no message.
/// </remarks>
internal abstract class Operation(Shard shard)
{
    /// <summary>Of an operation, what the handling of an answer looks at.</summary>
    public const int ApproachedBytes = 192;

    private long _observed;

    public Shard Shard { get; } = shard;

    public ulong Id { get; set; }

    /// <summary>It is in the table, where answers of peers and time find it. One that ends at once never is.</summary>
    public bool IsRegistered { get; set; }

    /// <summary>Operations that were added to the table later have greater ones.</summary>
    public ulong Number { get; set; }

    public long DeadlineMicros { get; set; }

    /// <summary>Begins to bring what the handling of an answer will look at beside this object towards the processor.</summary>
    public virtual void Approach()
    {
    }

    public virtual void OnWriteReply(ushort from, in WriteReply reply)
    {
    }

    public virtual void OnHintReply(ushort from, in HintReply reply)
    {
    }

    public virtual void OnReadReply(ushort from, in ReadReply reply)
    {
    }

    public virtual void OnScanReply(ushort from, in ScanReplyView reply)
    {
    }

    public virtual void OnListReply(ushort from, in ListReply reply)
    {
    }

    public virtual void OnTreeRootsReply(ushort from, in TreeRootsReply reply)
    {
    }

    public virtual void OnTreeNodesReply(ushort from, in TreeNodesReply reply)
    {
    }

    public virtual void OnFloorReply(ushort from, in FloorReply reply)
    {
    }

    public virtual void OnForwardReply(ushort from, in ForwardReply reply)
    {
    }

    /// <summary>The shard acts by another map now. What counts answers of replicas begins again when its partition has changed.</summary>
    public virtual void OnMapChanged(ClusterMap previous, ClusterMap map)
    {
    }

    /// <summary>A peer went down: no answer of it is to be expected.</summary>
    public abstract void OnPeerDown(ushort node);

    public abstract void OnTimeout();

    public virtual void OnTick()
    {
    }

    /// <summary>Call after reading or changing the local copy when the answer may come in a later turn.</summary>
    internal void RememberObserved() => _observed = Math.Max(_observed, Shard.Outbox.Barrier);

    /// <summary>Ends the operation; the turn's replies wait for what it saw in earlier turns too.</summary>
    protected void Leave()
    {
        Shard.Outbox.Observe(_observed);
        _observed = 0;
        if (IsRegistered)
            Shard.Operations.Remove(this);
    }
}
