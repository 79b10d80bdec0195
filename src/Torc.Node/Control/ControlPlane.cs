// The node's part that is not about keys: forming the cluster, who is up, whose copies count, whose clock is right.
//
// Like a shard it is a machine with turns under a lock of its own; it publishes an immutable ClusterView that shards and sessions
// read. Opinions stay local. A map is used and told to others only after the host made it durable.
//
// Two questions about a peer are kept apart. Can it be asked (PeerHealth)? Only over an open link with heartbeats on it: a broken link
// answers at once. Does it live (Gossip)? Others may see it where this node does not: a broken link is a hint to probe it.

using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using Torc.Core.Consensus;
using Torc.Core.Membership;
using Torc.Core.Placement;
using Torc.Node.Peers;

namespace Torc.Node.Control;

public sealed class ControlPlane
{
    private readonly TorcNode _node;
    private readonly NodeOptions _options;
    private readonly FormationSettings _settings;
    private readonly GossipFrames _gossipFrames = new();
    private readonly LinkTargets _targets;
    private readonly Farewells _farewells = new();
    private NodeInfo _self;
    private Standing _standing;
    private Formation _formation;
    private PeerHealth _health;
    private Gossip _gossip;
    private MapRegister _register;
    private ChangeCoordinator _changes;
    private readonly PeerReports _reports;
    private readonly Heartbeats _heartbeats;
    private readonly Joiner _joiner;
    private readonly HashSet<ushort> _linked = [];
    private FormationOutcome _made;
    private ClusterMap? _mapInUse;
    private ClusterMap? _mapUnderWay;
    private long _nextHeartbeatMicros;
    private int _heartbeatTurn;

    internal ControlPlane(TorcNode node, FormationSettings settings, NodeInfo self, ClusterMap? persisted)
    {
        _node = node;
        _options = node.Options;
        _settings = settings;
        _targets = new LinkTargets(settings);
        _reports = new PeerReports(node, settings.LevelMax, of => _gossip!.IsLive(of));
        _heartbeats = new Heartbeats(node, settings.LevelMax, _reports);
        _joiner = new Joiner(node.PartitionCount);
        bool isRemoved = persisted is not null && persisted.NodeOf(self.Id) is null;
        _standing = isRemoved ? Standing.Removed : persisted is not null ? Standing.Member : self.Id == NodeInfo.NoId ? Standing.Joining : Standing.Forming;
        Assume(self, persisted);
        _mapInUse = isRemoved ? null : persisted;
        Publish(default);
    }

    /// <summary>The newest snapshot. Replaced by turns of the control plane; read from anywhere.</summary>
    public ClusterView View { get; private set; }

    public NodeInfo Self => _self;

    /// <summary>Equal on all nodes that were told the same first nodes and settings; checked when a link opens.</summary>
    public ulong SettingsDigest => _settings.Digest();

    /// <summary>Whom to keep links open to. Replaced, never changed: readable from anywhere.</summary>
    public ImmutableArray<LinkTarget> Targets => _targets.Present;

    /// <summary>Whom to open links with, and how this node greets: for a handshake that begins now. Replaced, never changed.</summary>
    public LinkPolicy Policy { get; private set; }

    /// <summary>Who wants to be let into the cluster, by way of this member.</summary>
    public Admissions Admissions { get; } = new();

    /// <summary>Of a node that joins: the newest map that it was shown, or null.</summary>
    public ClusterMap? SeenMap => _joiner.SeenMap;

    /// <summary>Of a node that joins: why it is not let in, as far as it was told; empty while it only waits.</summary>
    public string JoinProblem => _joiner.Problem;

    /// <summary>Why the first nodes make no cluster although all were heard; empty otherwise.</summary>
    public string FormationProblem => _formation.Problem;

    /// <summary>
    /// This run made or joined the first map with the data directory it still has: its copies lack nothing that was acknowledged.
    /// </summary>
    public bool WasBornWithMap => _made is (FormationOutcome.Made or FormationOutcome.Adopted) && !_heartbeats.Positions.WentBack;

    /// <summary>Silence on a link after which its peer counts as down; a living one is never silent for twice as long.</summary>
    public long LinkSilenceMs => (long)_options.PeerSilenceMs * _health.Stretch;

    /// <summary>What became of the last requests to change the cluster that were made on this node.</summary>
    public ImmutableArray<ClusterRequestReport> Requests => _changes.Reports;

    /// <summary>Call once, before anything else.</summary>
    public void Start(Instant now, Outbox outbox)
    {
        if (_mapInUse is { } persisted)
            Use(persisted, now);
        if (_standing == Standing.Removed)
            outbox.Events.Add(new NodeEvent(NodeEventKind.Removed, Node: _self.Id, Detail: Texts.Removed));
        On(_formation.Begin(), outbox);
        Refresh(now, outbox);
    }

    /// <summary>The host made <see cref="Outbox.MapToPersist"/> durable: the cluster is formed for this node, or its map has changed.</summary>
    public void OnMapPersisted(ClusterMap map, Instant now, Outbox outbox)
    {
        _mapUnderWay = null;
        if (_standing == Standing.Removed)
            return;
        if (ListedIn(map) is not { } listed)
        {
            BecomeRemoved(map, outbox);
            Refresh(now, outbox);
            return;
        }
        if (_self.Id != listed.Id)
            TakeId(listed.Id, map, outbox);
        outbox.Events.Add(_mapInUse is null
            ? new NodeEvent(NodeEventKind.Formed, Detail: $"cluster {map.ClusterId:x16} of {map.Nodes.Count} nodes")
            : new NodeEvent(NodeEventKind.MapAdvanced, Detail: $"epoch {map.Epoch}, {map.Nodes.Count} nodes{(map.Level == _mapInUse.Level ? "" : $", level {map.Level}")}"));
        if (map != _formation.Map)
            _formation.Advance(map);
        _standing = Standing.Member;
        Use(map, now);
        // Removed ones and guests too: this is how they hear of it.
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
        if (_changes.Ask(request, _mapInUse, _standing == Standing.Removed ? Texts.Removed : _mapUnderWay is null ? "" : Texts.TakingOver, outbox) is { } recovered)
            Offer(recovered, _self.Id, outbox);
        Refresh(now, outbox);
    }

    /// <summary>
    /// The process is about to end: peers are told, who pass this node over from then on, and it passes over itself. See <see cref="PeersKnowOfStop"/>.
    /// </summary>
    public void BeginStopping(Instant now, Outbox outbox)
    {
        _heartbeats.BeginStopping(now);
        foreach (ushort node in _linked)
            Speak(node, now, outbox);
        Refresh(now, outbox);
    }

    /// <summary>Every member that is up has answered that it knows that this node stops. Readable from anywhere.</summary>
    public bool PeersKnowOfStop { get; private set; }

    /// <summary>A peer knows of more of this node's log than was found at this start: see <see cref="LogPositions"/>.</summary>
    public void OnLogWentBack(string detail, Instant now, Outbox outbox)
    {
        if (_heartbeats.Positions.TryGoBack())
            outbox.Events.Add(new NodeEvent(NodeEventKind.LogWentBack, Node: _self.Id, Detail: detail));
        Refresh(now, outbox);
    }

    /// <summary>A link to a peer is open in both directions.</summary>
    public void OnLinkUp(ushort node, Instant now, Outbox outbox)
    {
        _linked.Add(node);
        if (!GuestLinks.IsGuest(node))
        {
            _health.LinkUp(node, now);
            _gossip.Heard(node, now);
        }
        SendGreeting(node, outbox);
        Speak(node, now, outbox);
        Refresh(now, outbox);
    }

    public void OnLinkDown(ushort node, Instant now, Outbox outbox)
    {
        _linked.Remove(node);
        _farewells.LinkDown(node);
        if (GuestLinks.IsGuest(node))
        {
            Admissions.Gone(node);
            Refresh(now, outbox);
            return;
        }
        _reports.LinkDown(node);
        _health.LinkDown(node);
        _heartbeats.LinkDown(node);
        _gossip.Suspect(node, now, FramesIn(outbox));
        Refresh(now, outbox);
    }

    /// <summary>Called by the host every <see cref="NodeOptions.TickIntervalMs"/>.</summary>
    public void Tick(Instant now, Outbox outbox)
    {
        if (_standing == Standing.Removed)
        {
            Refresh(now, outbox);
            return;
        }
        if (now.MonotonicMicros >= _nextHeartbeatMicros)
        {
            _nextHeartbeatMicros = now.MonotonicMicros + _options.HeartbeatIntervalMs * Instant.MicrosPerMs;
            _heartbeatTurn++;
            _heartbeats.JudgeDisk(now, outbox);
            foreach (ushort node in _linked)
            {
                if ((node + _heartbeatTurn) % _health.Stretch == 0)
                    Speak(node, now, outbox);
                if (_standing == Standing.Forming || node == _register.VoterBehind)
                    SendGreeting(node, outbox);
            }
        }
        _farewells.Run(now, outbox);
        _gossip.Tick(now, FramesIn(outbox));
        _register.Tick(now);
        if (_mapInUse is { } map && _mapUnderWay is null)
            _changes.Step(map, now);
        Refresh(now, outbox);
    }

    public void OnPeerMessage(ushort from, in PeerMessage message, Instant now, Outbox outbox)
    {
        if (_standing == Standing.Removed || View.IsFenced(from))
            return;
        if (GuestLinks.IsGuest(from) || _standing == Standing.Joining)
        {
            OnGuestMessage(from, message, now, outbox);
            return;
        }
        bool valid = message.Kind switch
        {
            PeerMessageKind.Heartbeat => TryHeartbeat(from, message, now, outbox),
            PeerMessageKind.HeartbeatEcho => TryHeartbeatEcho(from, message, now),
            PeerMessageKind.Greeting => TryGreeting(from, message, outbox),
            PeerMessageKind.Consensus => _register.TryReceive(from, message.Body, now),
            PeerMessageKind.Map or (>= PeerMessageKind.GossipRound and <= PeerMessageKind.NewerMap) => TryGossip(from, message, now, outbox),
            PeerMessageKind.JoinAnswer => true, // to what this node asked before it was a member
            PeerMessageKind.MapQuestion => MapMessages.TryAnswer(message.Body, _mapInUse, from, outbox),
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
        _heartbeats.Take(from, heartbeat);
        _heartbeats.Echo(from, heartbeat, now, outbox);
        return true;
    }

    private bool TryHeartbeatEcho(ushort from, in PeerMessage message, Instant now)
    {
        if (!HeartbeatMessage.TryRead(message.Body, out HeartbeatMessage echo))
            return false;
        _heartbeats.TakeEcho(from, echo);
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
        _reports.Greeted(greeting.Sender);
        On(_formation.Hear(greeting), outbox, from);
        if (greeting.Map is { } map)
            Offer(map, from, outbox);
        return true;
    }

    private bool TryGossip(ushort from, in PeerMessage message, Instant now, Outbox outbox)
    {
        bool valid = message.Kind == PeerMessageKind.Map ? ClusterMap.TryDecode(message.Body, out ClusterMap? newer)
            : _gossip.TryReceive(from, (GossipKind)message.Kind, message.Body, now, FramesIn(outbox), out newer);
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
        if (_standing != Standing.Member || map.PartitionCount != current.PartitionCount)
            return;
        _mapUnderWay = map;
        outbox.MapToPersist = map;
    }

    private void Use(ClusterMap map, Instant now)
    {
        _mapInUse = map;
        _register.Use(map);
        Admissions.Use(map);
        _farewells.Use(map, _linked, now);
        _health.Stretch = Math.Max(1, (map.Nodes.Count - 1 + _options.HeartbeatPeersMax - 1) / _options.HeartbeatPeersMax);
        _gossip.UseMap(map, now);
        foreach (ushort node in _linked)
            _gossip.Heard(node, now);
    }

    /// <summary>The machines that know this node by its id.</summary>
    [MemberNotNull(nameof(_self), nameof(_formation), nameof(_health), nameof(_gossip), nameof(_register), nameof(_changes))]
    private void Assume(NodeInfo self, ClusterMap? map)
    {
        ulong incarnation = _node.Identity.Incarnation;
        _self = self;
        _formation = new Formation(_settings, self, map);
        _health = new PeerHealth(self.Id, _options.Health);
        _gossip = new Gossip(self.Id, incarnation, _options.Health, new SeededRandom(incarnation).Fork($"gossip of node {self.Id}"));
        _register = new MapRegister(
            new Voter(self.Id, self.Birth), _node.Actor, new SeededRandom(incarnation).Fork($"proposals of node {self.Id}"), _node.Identity.Vote);
        _changes = new ChangeCoordinator(self.Id, _register, _reports, _options.CopiesPerNodeMax);
    }

    /// <summary>The id that a map gives this node becomes its own; its links know it by none and are opened anew.</summary>
    private void TakeId(ushort id, ClusterMap map, Outbox outbox)
    {
        _node.Assume(_self with { Id = id });
        Assume(_self with { Id = id }, map);
        outbox.LinksToEnd.AddRange(_linked);
        _made = FormationOutcome.Waiting;
    }

    private NodeInfo? ListedIn(ClusterMap map) => _self.Id != NodeInfo.NoId
        ? map.NodeOf(_self.Id)
        : map.Nodes.FirstOrDefault(node => node.Birth == _self.Birth) ?? map.Nodes.FirstOrDefault(node => node.PeerAddress == _self.PeerAddress);

    private void BecomeRemoved(ClusterMap map, Outbox outbox)
    {
        _standing = Standing.Removed;
        _changes.EndRemoved();
        MapMessages.WriteToMembers(_linked, map, outbox); // this node may be the only one that knows yet
        outbox.LinksToEnd.AddRange(_linked);
        outbox.Events.Add(new NodeEvent(NodeEventKind.Removed, Node: _self.Id, Detail: $"by the map of epoch {map.Epoch}: {Texts.Removed}"));
    }

    /// <summary>What this node says regularly over a link: that it lives, or that it wants to be let in. To guests it says nothing by itself.</summary>
    private void Speak(ushort node, Instant now, Outbox outbox)
    {
        if (_standing == Standing.Joining)
            _joiner.Ask(_self, outbox.Immediate(node));
        else if (!GuestLinks.IsGuest(node))
            _heartbeats.Send(node, now, outbox);
    }

    /// <summary>A guest asks to be let in; or this node is one, and a member answers. All else between them is dropped.</summary>
    private void OnGuestMessage(ushort from, in PeerMessage message, Instant now, Outbox outbox)
    {
        if (_standing == Standing.Joining)
        {
            if (message.Kind == PeerMessageKind.JoinAnswer)
                _joiner.OnAnswer(from, message, outbox);
            else if (message.Kind == PeerMessageKind.Greeting && _mapUnderWay is null && _joiner.OnGreeting(from, message, outbox) is { } greeting)
                On(_formation.Hear(greeting), outbox, from);
        }
        else if (_mapInUse is { } map && message.Kind == PeerMessageKind.JoinRequest && JoinRequest.TryRead(message.Body, out JoinRequest? request))
        {
            Admissions.Hear(from, request, map, now).Write(outbox.Immediate(from));
            if (request.Epoch < map.Epoch)
                SendGreeting(from, outbox);
        }
        Refresh(now, outbox);
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
                foreach (string warning in _formation.Warnings)
                    outbox.Events.Add(new NodeEvent(NodeEventKind.PlacementWarning, Detail: warning));
                break;
            case FormationOutcome.Impossible:
                outbox.Events.Add(new NodeEvent(NodeEventKind.PlacementWarning, Detail: $"no cluster is formed: {_formation.Problem}"));
                break;
            case FormationOutcome.Waiting or FormationOutcome.NotAMember:
                break;
            default:
                outbox.Events.Add(new NodeEvent(NodeEventKind.PeerRefused, Node: from, Detail: _formation.WhyRefused(outcome)));
                break;
        }
    }

    private void SendGreeting(ushort node, Outbox outbox)
    {
        // A map that is not durable here yet must not be told: this node could forget that it was a member.
        if (_standing == Standing.Joining || (_formation.Map is not null && _mapInUse is null))
            return;
        ByteWriter body = outbox.Immediate(node).Begin(PeerMessageKind.Greeting, PeerFrame.ControlPartition);
        _formation.Greet().Encode(body);
        outbox.Immediate(node).End();
    }

    /// <summary>Says what the register has to say, and publishes a new view when anything that decisions hang on has changed.</summary>
    private void Refresh(Instant now, Outbox outbox)
    {
        _register.Flush(now, outbox);
        if (_register.TakeDecided() is { } decided)
            Offer(decided, _self.Id, outbox);
        PeersKnowOfStop = _heartbeats.StopsItself && AllKnowOfStop(now);
        Publish(now, outbox);
    }

    /// <summary>Who does not answer is not waited for, and who is no member coordinates nothing.</summary>
    private bool AllKnowOfStop(Instant now) => _standing != Standing.Member
        || _linked.All(peer => GuestLinks.IsGuest(peer) || !_health.IsUp(peer, now) || _heartbeats.KnowsOfStop(peer));

    [MemberNotNull(nameof(View), nameof(Policy))]
    private void Publish(Instant now, Outbox? outbox = null)
    {
        _targets.Update(_standing, _self, _mapInUse, _linked, now);
        if (Policy is null || Policy.Self != _self || Policy.Standing != _standing || Policy.Map != _mapInUse || Policy.Logs != _heartbeats.Positions.Told)
            Policy = new LinkPolicy(_self, _standing, _mapInUse, _settings.FirstNodes.Count) { LevelMax = _settings.LevelMax, Logs = _heartbeats.Positions.Told };
        ClusterView next = MakeView(now);
        if (View is not null && View.IsSameForDecisions(next))
            return;
        foreach (PeerState peer in next.Peers)
        {
            bool was = View?.IsUp(peer.Node.Id) ?? false;
            if (was != peer.IsUp && peer.Node.Id != _self.Id)
                outbox?.Events.Add(new NodeEvent(was ? NodeEventKind.PeerDown : NodeEventKind.PeerUp, Node: peer.Node.Id, Detail: peer.Node.PeerAddress));
        }
        View = next;
    }

    private ClusterView MakeView(Instant now)
    {
        if (_mapInUse is not { } map)
            return new ClusterView(_self.Id, null, [], clockIsTrusted: true, _standing) { LogWentBack = _heartbeats.Positions.WentBack };
        var peers = ImmutableArray.CreateBuilder<PeerState>(map.Nodes.Count);
        foreach (NodeInfo listed in map.Nodes)
        {
            peers.Add(new PeerState(
                _reports.Newest(listed), _health.IsUp(listed.Id, now), _reports.IncompleteOf(listed.Id),
                _health.LatencyMicros(listed.Id), _health.ClockOffsetMs(listed.Id))
            {
                IsAlive = _gossip.IsLive(listed.Id),
                KeepsHints = _reports.KeepsHints(listed.Id),
                HasSlowDisk = _heartbeats.HasSlowDisk(listed.Id),
                IsStopping = _heartbeats.IsStopping(listed.Id),
                MapEpoch = listed.Id == _self.Id ? map.Epoch : _reports.ToldMapEpochOf(listed.Id),
            });
        }
        return new ClusterView(_self.Id, map, peers.DrainToImmutable(), _health.ClockIsTrusted(_options.ClockSkewMsMax, now), _standing)
        {
            Candidates = Admissions.Nodes,
            LogWentBack = _heartbeats.Positions.WentBack,
        };
    }
}
