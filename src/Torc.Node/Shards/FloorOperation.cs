using Torc.Core.Placement;
using Torc.Core.Repair;
using Torc.Node.Peers;

namespace Torc.Node.Shards;

/// <summary>
/// One attempt to raise a partition's garbage floor: <see cref="FloorAgreement"/> decides, this asks. Any change of the map, a node that goes down, or time ends it; what
/// others have promised meanwhile does no harm.
/// </summary>
internal sealed class FloorOperation : Operation
{
    private const int AskAgainMs = 100;

    private readonly FloorAgreement _agreement;
    private readonly ushort _partition;
    private long _askAgainMicros;

    public FloorOperation(Shard shard, ushort partition, ulong stamp, ClusterMap map)
        : base(shard)
    {
        _partition = partition;
        _agreement = new FloorAgreement(stamp, map.Nodes.Select(node => node.Id), map.ReplicasOf(partition));
    }

    public void Begin() => Ask();

    public override void OnFloorReply(ushort from, in FloorReply reply)
    {
        bool hasNext = _agreement.Answered(from, reply.Step, reply.Answer);
        if (_agreement.HasFailed || _agreement.IsFinished)
            End();
        else if (hasNext)
            Ask();
    }

    public override void OnTick()
    {
        if (Shard.Now.MonotonicMicros >= _askAgainMicros)
            Ask();
    }

    public override void OnMapChanged(ClusterMap previous, ClusterMap map) => End();

    public override void OnPeerDown(ushort node) => End();

    public override void OnTimeout() => End();

    /// <summary>Asks all that the step waits for, this node too: with each step it may go on at once.</summary>
    private void Ask()
    {
        _askAgainMicros = Shard.Deadline(AskAgainMs);
        bool hasNext = true;
        while (hasNext)
        {
            hasNext = _agreement.Awaits(Shard.View.Self)
                && _agreement.Answered(Shard.View.Self, _agreement.Step, Shard.Tombstones.Keeping.Answer(_agreement.Step, _partition, _agreement.Stamp));
        }
        if (_agreement.HasFailed || _agreement.IsFinished)
        {
            End();
            return;
        }
        // What this node has said itself is durable before anybody goes on because of it.
        Shard.Outbox.Observe(Shard.Garbage.EndOffset);
        foreach (ushort node in _agreement.Asked)
        {
            if (node != Shard.View.Self && _agreement.Awaits(node))
                new FloorMessage(Id, _agreement.Step, _agreement.Stamp).Write(Shard.Outbox.Gated(node), _partition);
        }
    }

    private void End()
    {
        Leave();
        Shard.Tombstones.Attempts.OnEnded(_partition);
    }
}
