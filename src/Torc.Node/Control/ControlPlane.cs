// The node's part that is not about keys: forming the cluster, who is up, whose copies count, whose clock is right.
//
// Like a shard it is a machine with turns under a lock of its own; it publishes an immutable ClusterView that shards and sessions
// read. Opinions stay local. A map is used and told to others only after the host made it durable.
//
// Two questions about a peer are kept apart. Can it be asked (PeerHealth)? Only over an open link with heartbeats on it: a broken link
// answers at once. Does it live (Gossip)? Others may see it where this node does not: a broken link is a hint to probe it.

using System.Collections.Immutable;
using Torc.Core.Consensus;
using Torc.Core.Membership;
using Torc.Core.Placement;
using Torc.Node.Peers;

namespace Torc.Node.Control;

public sealed class ControlPlane : ChangeDriver.IReports
{
    private readonly TorcNode _node;
    private readonly NodeOptions _options;
    private readonly NodeInfo _self;
    private readonly FormationSettings _settings;
    private readonly Formation _formation;
    private readonly PeerHealth _health;
    private readonly Gossip _gossip;
    private readonly GossipFrames _gossipFrames = new();
    private readonly MapRegister _register;
    private readonly ChangeCoordinator _changes;
    private readonly Dictionary<ushort, NodeInfo> _greeted = [];
    private readonly Dictionary<ushort, ImmutableArray<bool>> _incomplete = [];
    private readonly Dictionary<ushort, ulong> _mapEpochs = [];
    private readonly Dictionary<ushort, ulong> _births = []; // as greeted over the links that are open
    private readonly HashSet<ushort> _linked = [];
    private FormationOutcome _made;
    private ClusterMap? _mapInUse;
    private ClusterMap? _mapUnderWay;
    private ulong _refusedEpoch;
    private long _nextHeartbeatMicros;
    private int _heartbeatTurn;

    internal ControlPlane(TorcNode node, FormationSettings settings, NodeInfo self, ClusterMap? persisted)
    {
        _node = node;
        _options = node.Options;
        _settings = settings;
        _self = self;
        _formation = new Formation(settings, self, persisted);
        var tunables = new PeerHealthTunables
        {
            HeartbeatIntervalMs = _options.HeartbeatIntervalMs,
            DownAfterMs = _options.PeerSilenceMs,
            GossipIntervalMs = _options.GossipIntervalMs,
            ProbeTimeoutMs = _options.ProbeTimeoutMs,
            IndirectProbes = _options.IndirectProbes,
        };
        _health = new PeerHealth(self.Id, tunables);
        _gossip = new Gossip(self.Id, node.Identity.Incarnation, tunables, new SeededRandom(node.Identity.Incarnation).Fork($"gossip of node {self.Id}"));
        _register = new MapRegister(
            new Voter(self.Id, self.Birth), node.Actor, new SeededRandom(node.Identity.Incarnation).Fork($"proposals of node {self.Id}"), node.Identity.Vote);
        _changes = new ChangeCoordinator(self.Id, _register, this, _options.CopiesPerNodeMax);
        _mapInUse = persisted;
        View = MakeView(default);
    }

    /// <summary>The newest snapshot. Replaced by turns of the control plane; read from anywhere.</summary>
    public ClusterView View { get; private set; }

    public NodeInfo Self => _self;

    /// <summary>Equal on all nodes that were told the same first nodes and settings; checked when a link opens.</summary>
    public ulong SettingsDigest => _settings.Digest();

    /// <summary>Addresses of the first nodes by node id, to link to.</summary>
    public IReadOnlyList<string> FirstNodes => _settings.FirstNodes;

    /// <summary>
    /// This run made or joined the first map with the data directory it still has: its copies lack nothing that was acknowledged.
    /// </summary>
    public bool WasBornWithMap => _made is FormationOutcome.Made or FormationOutcome.Adopted;

    /// <summary>Silence on a link after which its peer counts as down; a living one is never silent for twice as long.</summary>
    public long LinkSilenceMs => (long)_options.PeerSilenceMs * _health.Stretch;

    /// <summary>What became of the last requests to change the cluster that were made on this node.</summary>
    public ImmutableArray<ClusterRequestReport> Requests => _changes.Reports;

    /// <summary>Call once, before anything else.</summary>
    public void Start(Instant now, Outbox outbox)
    {
        if (_mapInUse is { } persisted)
            Use(persisted, now);
        On(_formation.Begin(), outbox);
        Refresh(now, outbox);
    }

    /// <summary>The host made <see cref="Outbox.MapToPersist"/> durable: the cluster is formed for this node, or its map has changed.</summary>
    public void OnMapPersisted(ClusterMap map, Instant now, Outbox outbox)
    {
        _mapUnderWay = null;
        outbox.Events.Add(_mapInUse is null
            ? new NodeEvent(NodeEventKind.Formed, Detail: $"cluster {map.ClusterId:x16} of {map.Nodes.Count} nodes")
            : new NodeEvent(NodeEventKind.MapAdvanced, Detail: $"epoch {map.Epoch}, {map.Nodes.Count} nodes"));
        if (map != _formation.Map)
            _formation.Advance(map);
        Use(map, now);
        foreach (ushort node in _linked)
            SendGreeting(node, outbox);
        Refresh(now, outbox);
    }

    /// <summary>The host made <see cref="Outbox.VoteToPersist"/> durable, and all votes before it.</summary>
    public void OnVoteSaved(Vote vote, Instant now, Outbox outbox)
    {
        _register.OnVoteSaved(vote.Number);
        Refresh(now, outbox);
    }

    /// <summary>An operator asks for a change of the cluster; <see cref="Requests"/> tells what became of it.</summary>
    public void Ask(ClusterRequest request, Instant now, Outbox outbox)
    {
        if (request.Wish is ClusterWish.RecoverVoters recovery && _mapInUse is { } map && _mapUnderWay is null)
        {
            if (_changes.RecoverVoters(request, map, recovery.Lost) is { } recovered)
            {
                outbox.Events.Add(new NodeEvent(NodeEventKind.VotersRecovered, Detail: $"epoch {recovered.Epoch}: without nodes {string.Join(", ", recovery.Lost)}"));
                Offer(recovered, _self.Id, outbox);
            }
        }
        else
        {
            _changes.Ask(request, isFormed: _mapInUse is not null);
        }
        Refresh(now, outbox);
    }

    /// <summary>A link to a peer is open in both directions.</summary>
    public void OnLinkUp(ushort node, Instant now, Outbox outbox)
    {
        _linked.Add(node);
        _health.LinkUp(node, now);
        _gossip.Heard(node, now);
        SendGreeting(node, outbox);
        SendHeartbeat(node, now, outbox);
        Refresh(now, outbox);
    }

    public void OnLinkDown(ushort node, Instant now, Outbox outbox)
    {
        _linked.Remove(node);
        _mapEpochs.Remove(node);
        _births.Remove(node);
        _health.LinkDown(node);
        _gossip.Suspect(node, now, FramesIn(outbox));
        Refresh(now, outbox);
    }

    /// <summary>Called by the host every <see cref="NodeOptions.TickIntervalMs"/>.</summary>
    public void Tick(Instant now, Outbox outbox)
    {
        if (now.MonotonicMicros >= _nextHeartbeatMicros)
        {
            _nextHeartbeatMicros = now.MonotonicMicros + _options.HeartbeatIntervalMs * Instant.MicrosPerMs;
            _heartbeatTurn++;
            foreach (ushort node in _linked)
            {
                if ((node + _heartbeatTurn) % _health.Stretch == 0)
                    SendHeartbeat(node, now, outbox);
                if (_mapInUse is null)
                    SendGreeting(node, outbox);
            }
        }
        _gossip.Tick(now, FramesIn(outbox));
        _register.Tick(now);
        if (_register.VoterBehind is >= 0 and int behind && _linked.Contains((ushort)behind))
            SendGreeting((ushort)behind, outbox);
        if (_mapInUse is { } map && _mapUnderWay is null)
            _changes.Step(map, now);
        Refresh(now, outbox);
    }

    public void OnPeerMessage(ushort from, in PeerMessage message, Instant now, Outbox outbox)
    {
        bool valid = message.Kind switch
        {
            PeerMessageKind.Heartbeat => TryHeartbeat(from, message, now, outbox),
            PeerMessageKind.HeartbeatEcho => TryHeartbeatEcho(from, message, now),
            PeerMessageKind.Greeting => TryGreeting(from, message, outbox),
            PeerMessageKind.Consensus => _register.TryReceive(from, message.Body, now),
            >= PeerMessageKind.GossipRound and <= PeerMessageKind.NewerMap => TryGossip(from, message, now, outbox),
            _ => false,
        };
        if (valid)
            _health.Heard(from, now);
        else
            outbox.Events.Add(new NodeEvent(NodeEventKind.PeerRefused, Node: from, Detail: $"malformed control message {(byte)message.Kind}"));
        Refresh(now, outbox);
    }

    private bool TryHeartbeat(ushort from, in PeerMessage message, Instant now, Outbox outbox)
    {
        if (!HeartbeatMessage.TryRead(message.Body, out HeartbeatMessage heartbeat))
            return false;
        _health.HeardHeartbeat(from, now);
        _gossip.Heard(from, now);
        TakeReport(from, heartbeat);
        WriteHeartbeat(from, PeerMessageKind.HeartbeatEcho, heartbeat.SentMicros, now, outbox);
        return true;
    }

    private bool TryHeartbeatEcho(ushort from, in PeerMessage message, Instant now)
    {
        if (!HeartbeatMessage.TryRead(message.Body, out HeartbeatMessage echo))
            return false;
        TakeReport(from, echo);
        long roundTrip = now.MonotonicMicros - echo.SentMicros;
        if (roundTrip < 0)
            return false;
        _health.ObserveLatency(from, roundTrip);
        _health.ObserveClock(from, echo.WallMs, roundTrip, now);
        return true;
    }

    private bool TryGreeting(ushort from, in PeerMessage message, Outbox outbox)
    {
        if (!Greeting.TryDecode(message.Body, out Greeting? greeting) || greeting.Sender.Id != from)
            return false;
        _greeted[from] = greeting.Sender;
        _births[from] = greeting.Sender.Birth;
        On(_formation.Hear(greeting), outbox, from);
        if (greeting.Map is { } map)
            Offer(map, from, outbox);
        return true;
    }

    private bool TryGossip(ushort from, in PeerMessage message, Instant now, Outbox outbox)
    {
        bool valid = _gossip.TryReceive(from, (GossipKind)message.Kind, message.Body, now, FramesIn(outbox), out ClusterMap? newer);
        if (newer is not null)
            Offer(newer, from, outbox);
        return valid;
    }

    /// <summary>
    /// Takes a newer map of this cluster that a peer has, one at a time: a map that comes while another is made durable is offered
    /// again in the next round.
    /// </summary>
    private void Offer(ClusterMap map, ushort from, Outbox outbox)
    {
        if (_mapInUse is not { } current || _mapUnderWay is not null || map.ClusterId != current.ClusterId || map.Epoch <= current.Epoch)
            return;
        if (map.NodeOf(_self.Id) is { } listed && listed.Birth == _self.Birth && map.PartitionCount == current.PartitionCount)
        {
            _mapUnderWay = map;
            outbox.MapToPersist = map;
        }
        else if (map.Epoch > _refusedEpoch)
        {
            _refusedEpoch = map.Epoch;
            outbox.Events.Add(new NodeEvent(NodeEventKind.PeerRefused, Node: from, Detail: $"in its map of epoch {map.Epoch} this node is no member any more"));
        }
    }

    private void Use(ClusterMap map, Instant now)
    {
        _mapInUse = map;
        _register.Use(map);
        _health.Stretch = Math.Max(1, (map.Nodes.Count - 1 + _options.HeartbeatPeersMax - 1) / _options.HeartbeatPeersMax);
        _gossip.UseMap(map, now);
        foreach (ushort node in _linked)
            _gossip.Heard(node, now);
    }

    private GossipFrames FramesIn(Outbox outbox)
    {
        _gossipFrames.Outbox = outbox;
        return _gossipFrames;
    }

    private void On(FormationOutcome outcome, Outbox outbox, ushort from = 0)
    {
        switch (outcome)
        {
            case FormationOutcome.Made or FormationOutcome.Adopted or FormationOutcome.AdoptedAfterWipe:
                _made = outcome;
                _mapUnderWay = _formation.Map;
                outbox.MapToPersist = _formation.Map;
                break;
            case FormationOutcome.SettingsDiffer:
                outbox.Events.Add(new NodeEvent(NodeEventKind.PeerRefused, Node: from, Detail: "it was started with other first nodes, partitions or replication factor"));
                break;
            case FormationOutcome.ForeignCluster:
                outbox.Events.Add(new NodeEvent(NodeEventKind.PeerRefused, Node: from, Detail: "it belongs to another cluster"));
                break;
            case FormationOutcome.UnknownNode:
                outbox.Events.Add(new NodeEvent(NodeEventKind.PeerRefused, Node: from, Detail: "its id or address is not among the first nodes"));
                break;
        }
    }

    private void SendGreeting(ushort node, Outbox outbox)
    {
        // A map that is not durable here yet must not be told: this node could forget that it was a member.
        if (_formation.Map is not null && _mapInUse is null)
            return;
        ByteWriter body = outbox.Immediate(node).Begin(PeerMessageKind.Greeting, PeerFrame.ControlPartition);
        _formation.Greet().Encode(body);
        outbox.Immediate(node).End();
    }

    private void SendHeartbeat(ushort node, Instant now, Outbox outbox) =>
        WriteHeartbeat(node, PeerMessageKind.Heartbeat, now.MonotonicMicros, now, outbox);

    private void WriteHeartbeat(ushort to, PeerMessageKind kind, long sentMicros, Instant now, Outbox outbox)
    {
        // The epoch is read before the flags: flags may be of a later map than is told, never of an earlier one.
        ulong epoch = _node.MapEpochInShards;
        HeartbeatMessage.Write(outbox.Immediate(to), kind, sentMicros, now.WallMs, epoch, IncompleteBits());
    }

    /// <summary>One bit per partition up to the last that is incomplete: nothing mostly, and never more than 2 KiB.</summary>
    private ReadOnlySpan<byte> IncompleteBits()
    {
        int partitions = _node.PartitionCount, used = 0;
        var bits = new byte[(partitions + 7) / 8];
        for (int partition = 0; partition < partitions; partition++)
        {
            if (_node.IsCompleteHere(partition))
                continue;
            bits[partition / 8] |= (byte)(1 << partition % 8);
            used = partition / 8 + 1;
        }
        return bits.AsSpan(0, used);
    }

    private void TakeReport(ushort from, in HeartbeatMessage heartbeat)
    {
        ReadOnlySpan<byte> bits = heartbeat.IncompleteBits;
        _mapEpochs[from] = heartbeat.MapEpoch;
        ImmutableArray<bool> known = _incomplete.GetValueOrDefault(from);
        var flags = new bool[Math.Min(bits.Length * 8, _node.PartitionCount)];
        bool changed = known.IsDefault || known.Length != flags.Length;
        for (int partition = 0; partition < flags.Length; partition++)
        {
            flags[partition] = (bits[partition / 8] & 1 << partition % 8) != 0;
            changed |= !changed && known[partition] != flags[partition];
        }
        if (changed)
            _incomplete[from] = [.. flags];
    }

    ulong IPlacementReports.MapEpochOf(ushort node) => node == _self.Id ? _node.MapEpochInShards : _mapEpochs.GetValueOrDefault(node);

    bool IPlacementReports.IsComplete(ushort node, int partition)
    {
        if (node == _self.Id)
            return _node.IsCompleteHere(partition);
        ImmutableArray<bool> incomplete = _incomplete.GetValueOrDefault(node);
        return incomplete.IsDefault || partition >= incomplete.Length || !incomplete[partition];
    }

    bool ChangeDriver.IReports.IsAlive(ushort node) => node == _self.Id || _gossip.IsLive(node);

    ulong ChangeDriver.IReports.BirthOf(ushort node)
    {
        if (node == _self.Id)
            return _self.Birth;
        return _births.TryGetValue(node, out ulong birth) ? birth : _mapInUse!.NodeOf(node)!.Birth;
    }

    /// <summary>Says what the register has to say, and publishes a new view when anything that decisions hang on has changed.</summary>
    private void Refresh(Instant now, Outbox outbox)
    {
        _register.Flush(now, outbox);
        if (_register.TakeDecided() is { } decided)
            Offer(decided, _self.Id, outbox);
        ClusterView next = MakeView(now);
        if (SameForDecisions(View, next))
            return;
        foreach (PeerState peer in next.Peers)
        {
            bool was = View.IsUp(peer.Node.Id);
            if (was != peer.IsUp && peer.Node.Id != _self.Id)
                outbox.Events.Add(new NodeEvent(was ? NodeEventKind.PeerDown : NodeEventKind.PeerUp, Node: peer.Node.Id, Detail: peer.Node.PeerAddress));
        }
        View = next;
    }

    private ClusterView MakeView(Instant now)
    {
        if (_mapInUse is not { } map)
            return new ClusterView(_self.Id, null, [], clockIsTrusted: true);
        var peers = ImmutableArray.CreateBuilder<PeerState>(map.Nodes.Count);
        foreach (NodeInfo listed in map.Nodes)
        {
            NodeInfo info = listed.Id == _self.Id ? _self : _greeted.GetValueOrDefault(listed.Id, listed);
            ImmutableArray<bool> incomplete = _incomplete.GetValueOrDefault(listed.Id);
            peers.Add(new PeerState(
                info, _health.IsUp(listed.Id, now), incomplete.IsDefault ? [] : incomplete,
                _health.LatencyMicros(listed.Id), _health.ClockOffsetMs(listed.Id))
            {
                IsAlive = _gossip.IsLive(listed.Id),
                MapEpoch = listed.Id == _self.Id ? map.Epoch : _mapEpochs.GetValueOrDefault(listed.Id),
            });
        }
        return new ClusterView(_self.Id, map, peers.DrainToImmutable(), _health.ClockIsTrusted(_options.ClockSkewMsMax, now));
    }

    private static bool SameForDecisions(ClusterView left, ClusterView right)
    {
        if (left.Map != right.Map || left.ClockIsTrusted != right.ClockIsTrusted || left.Peers.Length != right.Peers.Length)
            return false;
        for (int i = 0; i < left.Peers.Length; i++)
        {
            PeerState a = left.Peers[i], b = right.Peers[i];
            if (a.IsUp != b.IsUp || a.IsAlive != b.IsAlive || a.Node != b.Node || a.MapEpoch != b.MapEpoch || a.Incomplete != b.Incomplete || a.ClockOffsetMs != b.ClockOffsetMs || IsOtherLatency(a, b))
                return false;
        }
        return true;
    }

    /// <summary>Latencies only choose among replicas, so that small changes do not make a new view.</summary>
    private static bool IsOtherLatency(PeerState a, PeerState b) =>
        Math.Abs(a.LatencyMicros - b.LatencyMicros) > Math.Max(200, a.LatencyMicros / 2);
}
