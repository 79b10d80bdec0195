using Torc.Core.Placement;
using Torc.Core.Repair;
using Torc.Node.Peers;

namespace Torc.Node.Shards;

/// <summary>
/// This node's part in raising garbage floors, whoever attempts it: closes a partition, pulls from every other replica and says when that is done, takes the floor into force, by word
/// of the one who attempted it or by meeting it at a peer.
/// </summary>
internal sealed class FloorKeeping(Shard shard)
{
    /// <summary>By partition: what was closed last in this run, and the end of the log then. Tombstones behind it are newer to this copy than the agreement.</summary>
    private readonly Dictionary<ushort, (ulong Stamp, long Offset)> _closed = [];
    private readonly SortedDictionary<ushort, Hold> _holds = [];

    /// <summary>By partition that this node is no replica of: what it was asked to close last, and the operation before that.</summary>
    private readonly Dictionary<ushort, (ulong Stamp, ulong LastOperation)> _asked = [];
    private readonly List<KeyValuePair<ushort, Hold>> _walk = [];

    /// <summary>Whether this node's copies can take part: comparing them takes a log.</summary>
    public bool TakesPart { get; set; }

    public void OnMessage(ushort from, in FloorMessage message, ushort partition)
    {
        shard.Tombstones.Attempts.OnAsked(partition);
        FloorAnswer answer = Answer(message.Step, partition, message.Stamp);
        shard.Outbox.Observe(shard.Garbage.EndOffset);
        new FloorReply(message.Operation, message.Step, answer).Write(shard.Outbox.Gated(from), partition);
    }

    /// <summary>The epoch at which the partition last changed is the asker's. An answer of done is in the log; it may be told when the log is durable that far.</summary>
    public FloorAnswer Answer(FloorStep step, ushort partition, ulong stamp)
    {
        ClusterMap map = shard.View.Map!;
        bool isReplica = map.IsReplica(partition, shard.View.Self);
        bool isAsReplica = !isReplica || (TakesPart && shard.IsComplete(partition));
        // By a map of an older level this node would compare copies without their floors.
        if (map.Level < ClusterLevel.GarbageFloors || map.IsPending(partition) || !isAsReplica)
            return FloorAnswer.Refused;
        return step switch
        {
            FloorStep.Close => Close(partition, stamp, isReplica),
            _ when !isReplica => FloorAnswer.Refused,
            FloorStep.Hold => HoldUp(partition, stamp),
            _ => Raise(partition, stamp),
        };
    }

    /// <summary>The stamp that the partition's copy is to hold everything below of, 0: none. An exchange that begins now counts towards it.</summary>
    public ulong HoldingOf(ushort partition) => _holds.TryGetValue(partition, out Hold? hold) ? hold.Stamp : 0;

    /// <summary>Everything that a complete peer held when <paramref name="holding"/> was being held is here.</summary>
    public void OnPulled(ushort partition, ushort peer, ulong holding)
    {
        if (_holds.TryGetValue(partition, out Hold? hold) && hold.Stamp == holding)
            hold.Pulled.Add(peer);
    }

    /// <summary>An exchange met a complete peer whose floor is in force.</summary>
    public void OnPeerFloor(ushort partition, ulong floor)
    {
        CopyFloor own = shard.Garbage.Of(partition);
        if (floor <= own.Floor || !shard.IsComplete(partition) || !shard.Owns(partition))
            return;
        if (own.MayRaise(floor))
            TakeIntoForce(partition, floor);
        else
            // Others agreed on it without this copy: it may hold rows that they have deleted and forgotten. Completing it drops them.
            shard.SetComplete(partition, false);
    }

    /// <summary>Called when a map changed the partition's sets, or the copy here counts no longer.</summary>
    public void Abandon(ushort partition)
    {
        _holds.Remove(partition);
        _closed.Remove(partition);
    }

    /// <summary>Called each tick: pulls what is to be held.</summary>
    public void Run(CatchUp catchUp)
    {
        _walk.Clear();
        _walk.AddRange(_holds);
        foreach ((ushort partition, Hold hold) in _walk)
        {
            if (hold.IsHeld || catchUp.IsUnderWay(partition))
                continue;
            foreach (ushort peer in shard.View.Map!.ReplicasOf(partition))
            {
                if (peer != shard.View.Self && !hold.Pulled.Contains(peer) && shard.View.IsUp(peer) && shard.Trees.IsReady(partition)
                    && catchUp.TryHold(partition, peer))
                    break;
            }
        }
    }

    private FloorAnswer Close(ushort partition, ulong stamp, bool isReplica)
    {
        // A stamp of the future comes from a clock that is wrong; following it would make this one wrong too.
        if ((long)(stamp >> Version.CounterBits) > shard.Now.WallMs)
            return FloorAnswer.Refused;
        if (shard.Store.Counts(KeyspaceSettings.HintsId, partition).Records > 0 || (!isReplica && MayStillSend(partition, stamp)))
            return FloorAnswer.NotYet;
        shard.Clock.Observe(GarbageFloors.VersionOf(stamp));
        if (!shard.Garbage.TrySave(shard, partition, shard.Garbage.Of(partition).Close(stamp)))
            return FloorAnswer.NotYet;
        if (isReplica && (!_closed.TryGetValue(partition, out (ulong Stamp, long Offset) closed) || closed.Stamp < stamp))
            _closed[partition] = (stamp, shard.Store.AppendedOffset);
        return FloorAnswer.Done;
    }

    private FloorAnswer HoldUp(ushort partition, ulong stamp)
    {
        _holds.TryGetValue(partition, out Hold? hold);
        if (hold?.Stamp != stamp)
        {
            if (hold?.Stamp > stamp || !_closed.TryGetValue(partition, out (ulong Stamp, long Offset) closed) || closed.Stamp != stamp)
                return FloorAnswer.Refused;
            _holds[partition] = hold = new Hold(stamp, closed.Offset, shard.Operations.LastNumber);
        }
        if (!hold.IsHeld && !TryHold(partition, hold))
            return FloorAnswer.NotYet;
        // Others forget on this word: it outlives a power loss, as long as the durability does not leave that to the operating system.
        return shard.IsOnDisk(hold.SavedOffset) ? FloorAnswer.Done : FloorAnswer.NotYet;
    }

    private bool TryHold(ushort partition, Hold hold)
    {
        foreach (ushort peer in shard.View.Map!.ReplicasOf(partition))
        {
            if (peer != shard.View.Self && !hold.Pulled.Contains(peer))
                return false;
        }
        // What was stamped before it was closed, and what was read before all was held, is sent no more after this.
        if (HasUnderWay(hold.LastOperation) || !shard.Garbage.TrySave(shard, partition, shard.Garbage.Of(partition).Hold(hold.Stamp)))
            return false;
        hold.IsHeld = true;
        hold.SavedOffset = shard.Garbage.EndOffset;
        return true;
    }

    /// <summary>A node that was a replica may still coordinate what it stamped then: once it is acknowledged, it has to be among what the replicas hold.</summary>
    private bool MayStillSend(ushort partition, ulong stamp)
    {
        if (!_asked.TryGetValue(partition, out (ulong Stamp, ulong LastOperation) asked) || asked.Stamp != stamp)
            _asked[partition] = asked = (stamp, shard.Operations.LastNumber);
        return HasUnderWay(asked.LastOperation);
    }

    private bool HasUnderWay(ulong lastOperation) => shard.Operations.HasKeyOperation(lastOperation) || shard.Relays.HasWriteOf(lastOperation);

    private FloorAnswer Raise(ushort partition, ulong stamp)
    {
        CopyFloor own = shard.Garbage.Of(partition);
        if (own.Floor >= stamp)
            return FloorAnswer.Done;
        if (!own.MayRaise(stamp))
            return FloorAnswer.Refused;
        return TakeIntoForce(partition, stamp) ? FloorAnswer.Done : FloorAnswer.NotYet;
    }

    private bool TakeIntoForce(ushort partition, ulong stamp)
    {
        if (!shard.Garbage.TrySave(shard, partition, shard.Garbage.Of(partition).Raise(stamp)))
            return false;
        shard.Emit(new NodeEvent(NodeEventKind.FloorRaised, partition, GarbageFloors.VersionOf(stamp)));
        // Only what was here when this copy closed the stamp is held by all others for certain.
        if (_holds.TryGetValue(partition, out Hold? hold) && hold.Stamp == stamp)
            shard.Tombstones.Sweep.Begin(partition, stamp, hold.ClosedOffset);
        return true;
    }

    private sealed class Hold(ulong stamp, long closedOffset, ulong lastOperation)
    {
        public ulong Stamp => stamp;

        public long ClosedOffset => closedOffset;

        /// <summary>Operations up to it began before.</summary>
        public ulong LastOperation => lastOperation;

        public HashSet<ushort> Pulled { get; } = [];

        public bool IsHeld { get; set; }

        /// <summary>The end of the log when it was said there that everything is held.</summary>
        public long SavedOffset { get; set; }
    }
}
