// One copy of a write crosses to each other data centre: it goes to one replica there, the relay, which passes it on to the others, and each answers the
// coordinator itself.
//
// The relay keeps no state and promises nothing: whom it does not reach, or does not know to be up, it leaves out. So the coordinator remembers what it sent until
// every one has answered, also when the operation has ended at a local level, and sends it directly
//   at once        when the relay goes down in its eyes;
//   after a while  when others have not answered: the relay is slow, or does not reach them, or the message was lost with a link. Such a relay rests.
// A replica may get the same delta twice, which does no harm, and answer twice, of which the first counts (QuorumWrite). An answer names the operation, whose id carries
// a generation, so it counts for no other. What a message of an older epoch of the partition asked is refused by the relay as by any replica
// (PlacementGate); the operation begins again by the new map, and what is remembered here of the old one is forgotten.

using Torc.Core.Placement;
using Torc.Core.Replication;
using Torc.Node.Peers;

namespace Torc.Node.Shards;

internal sealed class Relays(Shard shard)
{
    /// <summary>Bytes of writes that are remembered in a shard; beyond it writes go to each replica directly.</summary>
    private const long BytesMax = 16L << 20;

    /// <summary>A relay through which somebody was not reached is not used for this long.</summary>
    private const int RestMs = 5_000;

    private const int FreeMax = 1_024;
    private const int KeptBytesMax = 16 * 1024;

    private readonly Dictionary<ulong, Relayed> _byOperation = [];
    private readonly Queue<Relayed> _inOrder = new();
    private readonly Stack<Relayed> _free = new();
    private readonly Dictionary<ushort, long> _restsUntil = [];
    private readonly ByteWriter _body = new();
    private long _bytes;

    public bool IsEmpty => _inOrder.Count == 0;

    /// <summary>Whether writes are relayed by this map: it has several data centres and all its members know how.</summary>
    public bool IsUsed(ClusterMap map) => map.DataCentreCount > 1 && map.Level >= ClusterLevel.RelayedWrites && shard.Options.RelaysWrites && _bytes < BytesMax;

    /// <summary>Sends a write to replicas in other data centres, all of them up: once to each data centre.</summary>
    /// <param name="operation">That counts the answers.</param>
    /// <param name="remote">By index in the operation's replicas.</param>
    /// <param name="version">Of the delta.</param>
    /// <param name="delta">Is copied.</param>
    public void Send(KeyOperation operation, ReplicaSet remote, Version version, ReadOnlySpan<byte> delta)
    {
        ReadOnlySpan<ushort> replicas = operation.Replicas;
        ushort partition = operation.Request.Partition;
        _body.ClearAndKeep(KeptBytesMax);
        WriteMessage.WriteBody(_body, operation.Id, operation.Request.Keyspace, operation.Request.Key, version, delta);
        Relayed? relayed = null;
        Span<ushort> others = stackalloc ushort[ReplicaSet.ReplicasMax];
        while (!remote.IsEmpty)
        {
            ReplicaSet together = LevelRules.In(operation.Map, replicas, remote, operation.Map.DataCentreOf(replicas[remote.First]));
            remote = remote.Except(together);
            int relay = together.Count == 1 ? -1 : Best(replicas, together);
            if (relay < 0)
            {
                foreach (int replica in together)
                    SendDirectly(replicas[replica], partition, _body.Written);
                continue;
            }
            relayed ??= Remember(operation, replicas[relay]);
            int count = 0;
            foreach (int replica in together.Without(relay))
            {
                relayed.Add(replicas[replica], replicas[relay]);
                others[count++] = replicas[replica];
            }
            RelayMessage.Write(shard.Outbox.Immediate(replicas[relay]), partition, others[..count], _body.Written);
        }
    }

    /// <summary>Whether a write of an operation that was added to the table no later than the one of a number may yet be sent again.</summary>
    public bool HasWriteOf(ulong operationNumber)
    {
        foreach (Relayed relayed in _inOrder)
        {
            if (!relayed.IsDone && relayed.OperationNumber <= operationNumber)
                return true;
        }
        return false;
    }

    /// <summary>A replica has answered: it needs nothing any more.</summary>
    public void Answered(ulong operation, ushort node)
    {
        if (!_byOperation.TryGetValue(operation, out Relayed? relayed))
            return;
        relayed.Remove(node);
        if (!relayed.IsDone)
            return;
        _byOperation.Remove(operation);
        Trim();
    }

    /// <summary>What a relay that is down may not have passed on is sent directly, and nothing is to be sent to it. The view is the new one.</summary>
    public void OnPeerDown(ushort node)
    {
        foreach (Relayed relayed in _inOrder)
        {
            relayed.Remove(node);
            SendDirectly(relayed, via: node);
            Forget(relayed);
        }
        Trim();
    }

    /// <summary>Operations whose partition changed begin again by the new map.</summary>
    public void OnMapChanged(ClusterMap previous, ClusterMap map)
    {
        _restsUntil.Clear();
        foreach (Relayed relayed in _inOrder)
        {
            if (previous.EpochOf(relayed.Partition) != map.EpochOf(relayed.Partition))
                relayed.Clear();
            Forget(relayed);
        }
        Trim();
    }

    /// <summary>Called each tick: who has not answered for too long is sent the write directly.</summary>
    public void Run()
    {
        while (_inOrder.TryPeek(out Relayed? oldest) && oldest.DueMicros <= shard.Now.MonotonicMicros)
        {
            LetRest(oldest);
            SendDirectly(oldest, via: null);
            Forget(oldest);
            Trim();
        }
    }

    /// <summary>The first in preference order that is neither slow, nor stopping, nor at rest, or -1: the order spreads the work, and all coordinators send a key the same way.</summary>
    private int Best(ReadOnlySpan<ushort> replicas, ReplicaSet together)
    {
        foreach (int replica in together)
        {
            if (shard.View.ReluctanceOf(replicas[replica]) == 0 && !Rests(replicas[replica]))
                return replica;
        }
        return -1;
    }

    private bool Rests(ushort node) => _restsUntil.Count > 0 && _restsUntil.TryGetValue(node, out long until) && shard.Now.MonotonicMicros < until;

    /// <summary>Who has a slow disk answers late whoever passed it on.</summary>
    private void LetRest(Relayed late)
    {
        for (int index = 0; index < late.Count; index++)
        {
            if (shard.View.IsUp(late[index].Node) && !shard.View.HasSlowDisk(late[index].Node))
                _restsUntil[late[index].Relay] = shard.Deadline(RestMs);
        }
    }

    private Relayed Remember(KeyOperation operation, ushort relay)
    {
        if (!_free.TryPop(out Relayed? relayed))
            relayed = new Relayed();
        long roundTrip = shard.View.PeerOf(relay)?.LatencyMicros ?? 0;
        relayed.Begin(operation, _body.Written, shard.Deadline(shard.Options.RelayTimeoutMs) + 2 * roundTrip);
        _byOperation.Add(operation.Id, relayed);
        _inOrder.Enqueue(relayed);
        _bytes += relayed.Body.Length;
        return relayed;
    }

    private void SendDirectly(Relayed relayed, ushort? via)
    {
        for (int index = relayed.Count - 1; index >= 0; index--)
        {
            (ushort node, ushort relay) = relayed[index];
            if (via is not null && relay != via)
                continue;
            relayed.Remove(node);
            if (shard.View.IsUp(node))
                SendDirectly(node, relayed.Partition, relayed.Body);
        }
    }

    private void SendDirectly(ushort node, ushort partition, ReadOnlySpan<byte> body)
    {
        shard.Outbox.Immediate(node).Begin(PeerMessageKind.Write, partition).Write(body);
        shard.Outbox.Immediate(node).End();
    }

    private void Forget(Relayed relayed)
    {
        if (relayed.IsDone)
            _byOperation.Remove(relayed.Operation);
    }

    private void Trim()
    {
        while (_inOrder.TryPeek(out Relayed? oldest) && oldest.IsDone)
        {
            _inOrder.Dequeue();
            _bytes -= oldest.Body.Length;
            oldest.End(KeptBytesMax);
            if (_free.Count < FreeMax)
                _free.Push(oldest);
        }
    }

    /// <summary>One write, and who was to get it through others and has not answered.</summary>
    private sealed class Relayed
    {
        private readonly (ushort Node, ushort Relay)[] _waiting = new (ushort, ushort)[ReplicaSet.ReplicasMax];
        private readonly ByteWriter _body = new();

        public ulong Operation { get; private set; }

        public ulong OperationNumber { get; private set; }

        public ushort Partition { get; private set; }

        public long DueMicros { get; private set; }

        public int Count { get; private set; }

        public bool IsDone => Count == 0;

        public ReadOnlySpan<byte> Body => _body.Written;

        public (ushort Node, ushort Relay) this[int index] => _waiting[index];

        public void Begin(KeyOperation operation, ReadOnlySpan<byte> body, long dueMicros)
        {
            (Operation, OperationNumber, Partition, DueMicros, Count) = (operation.Id, operation.Number, operation.Request.Partition, dueMicros, 0);
            _body.Write(body);
        }

        public void End(int keptBytesMax) => _body.ClearAndKeep(keptBytesMax);

        public void Add(ushort node, ushort relay) => _waiting[Count++] = (node, relay);

        public void Remove(ushort node)
        {
            for (int index = 0; index < Count; index++)
            {
                if (_waiting[index].Node == node)
                    _waiting[index--] = _waiting[--Count];
            }
        }

        public void Clear() => Count = 0;
    }
}
