// How nodes know which of them live, and hear of a new cluster map, when each talks to a few others only.
//
// Every node has a heartbeat counter that it raises once a round. In a round it sends what it knows of all counters to a few random
// nodes that are up, sometimes to one that is down (else two halves of a healed cluster would never meet) and to a first node;
// each answers with what it knows better. So a counter reaches all of n nodes in about log n rounds, and a counter that stands still is a
// silence, judged like any other (PhiAccrual). News are what rose lately: counters of the dead are not repeated.
// The scheme is that of van Renesse, Minsky and Hayden (1998) with the push and pull of Demers et al. (1987); the probes are those of
// SWIM (Das, Gupta, Motivala 2002).
//
// Opinions are never sent: a node that hears nothing of a peer asks it, and then lets others ask it, before it takes it to be
// down, and what it hears from others are signs of life only. Nothing is ever removed by a silence; a map decides who is a member.
//
// A counter starts at the wall clock's seconds, so that a restarted node's is above that of its last run; a node that hears a greater
// counter of its own (its clock went back) goes above it. Nothing but opinions hangs on that.

using Torc.Core.Placement;

namespace Torc.Core.Membership;

public sealed class Gossip
{
    private const int MapsKept = 4;

    /// <summary>The nodes of lowest id are where a part of the cluster that was cut off looks for the rest.</summary>
    private const int SeedsMax = 3;

    /// <summary>New incarnations in one message, about: when a whole cluster starts all are new. A node's own rounds always carry its own.</summary>
    private const int IncarnationsTold = 32;

    private readonly ushort _self;
    private readonly ulong _incarnation;
    private readonly PeerHealthTunables _tunables;
    private readonly SeededRandom _random;
    private readonly double _deviations;
    private readonly double _deviationMsMin;
    private readonly long _silenceMicrosMin; // no peer is too silent before
    private readonly List<ClusterMap> _maps = [];
    private readonly List<GossipPeer> _peers = [];
    private readonly List<ushort> _chosen = [];
    private GossipPeer?[] _byId = [];
    private ulong _counter;
    private long _nextRoundMicros;
    private uint _lastSequence;
    private long _newestIncarnationMicros = long.MinValue / 2;
    private int _wholeMaps;
    private int _answers;

    /// <param name="self">This node's id.</param>
    /// <param name="incarnation">New at every start.</param>
    /// <param name="tunables">Intervals and limits.</param>
    /// <param name="random">Whom to talk to.</param>
    public Gossip(ushort self, ulong incarnation, PeerHealthTunables tunables, SeededRandom random)
    {
        _self = self;
        _incarnation = incarnation;
        _tunables = tunables;
        _random = random;
        _deviations = PhiAccrual.DeviationsOf(tunables.PhiMax);
        int steadyMs = tunables.DownAfterMs - tunables.ProbeTimeoutMs - tunables.GossipIntervalMs;
        _deviationMsMin = Math.Max(steadyMs, tunables.GossipIntervalMs / 4) / _deviations;
        _silenceMicrosMin = (long)(_deviations * _deviationMsMin) * Instant.MicrosPerMs;
    }

    /// <summary>The newest map that is durable here; null while there is none, and nothing is sent then.</summary>
    public ClusterMap? Map => _maps.Count == 0 ? null : _maps[^1];

    /// <summary>This node's counter: it rises by one a round.</summary>
    public ulong Counter => _counter;

    /// <summary>Begins to use a map, which the host made durable. Who is not in it is forgotten.</summary>
    public void UseMap(ClusterMap map, Instant now)
    {
        if (_counter == 0)
            _counter = (ulong)Math.Max(1, now.WallMs / 1_000);
        if (_maps.Count == MapsKept)
            _maps.RemoveAt(0);
        _maps.Add(map);
        GossipPeer?[] before = _byId;
        _byId = new GossipPeer?[map.Nodes.Max(static node => node.Id) + 1];
        _peers.Clear();
        foreach (NodeInfo node in map.Nodes)
        {
            if (node.Id == _self)
                continue;
            GossipPeer peer = (node.Id < before.Length ? before[node.Id] : null) ?? new GossipPeer(node.Id, _tunables.IntervalsMax);
            _byId[node.Id] = peer;
            _peers.Add(peer);
        }
    }

    public PeerOpinion OpinionOf(ushort node) => node == _self ? PeerOpinion.Up : Find(node)?.Opinion ?? PeerOpinion.Unknown;

    /// <summary>Whether a node is up as far as this one knows; a suspect is until its probes are over.</summary>
    public bool IsLive(ushort node) => node == _self || Find(node) is { IsLive: true };

    /// <summary>The newest run of a node that was heard of; 0 when none was.</summary>
    public ulong IncarnationOf(ushort node) => node == _self ? _incarnation : Find(node)?.Incarnation ?? 0;

    /// <summary>Something arrived from a node itself.</summary>
    public void Heard(ushort node, Instant now)
    {
        if (Find(node) is { } peer)
            SignOfLife(peer, now);
    }

    /// <summary>A hint, such as a link that broke, that a node may be gone: it is probed at once, by others too.</summary>
    public void Suspect(ushort node, Instant now, IGossipOutbox outbox)
    {
        if (Find(node) is not { Opinion: PeerOpinion.Up } peer)
            return;
        BeginProbe(peer, now, outbox);
        ProbeByOthers(peer, outbox);
    }

    /// <summary>Call often: a round when its time has come, and a look at every silence.</summary>
    public void Tick(Instant now, IGossipOutbox outbox)
    {
        if (Map is null)
            return;
        if (now.MonotonicMicros >= _nextRoundMicros)
        {
            _nextRoundMicros = now.MonotonicMicros + _tunables.GossipIntervalMs * Instant.MicrosPerMs;
            _counter++;
            _wholeMaps = 0;
            _answers = 0;
            ChooseTargets();
            HeartbeatDigest news = Digest(now);
            foreach (ushort target in _chosen)
                Send(target, GossipKind.Round, news, outbox);
        }
        foreach (GossipPeer peer in _peers)
        {
            if (peer.Opinion != PeerOpinion.Up || now.MonotonicMicros - peer.HeardMicros >= _silenceMicrosMin)
                Judge(peer, now, outbox);
        }
    }

    /// <summary>A message of a peer. A newer map that came with it is given back: to be made durable, then used.</summary>
    /// <returns>False for a message that is malformed or of another cluster.</returns>
    public bool TryReceive(ushort from, GossipKind kind, ReadOnlySpan<byte> body, Instant now, IGossipOutbox outbox, out ClusterMap? newer)
    {
        newer = null;
        if (Map is null)
            return true;
        Heard(from, now);
        switch (kind)
        {
            case GossipKind.Round or GossipKind.Answer:
                return TryDigest(from, kind, body, now, outbox);
            case GossipKind.Probe:
                return TryProbe(from, body, outbox);
            case GossipKind.ProbeRequest:
                return TryProbeRequest(from, body, outbox);
            case GossipKind.ProbeAnswer:
                return TryProbeAnswer(body, now, outbox);
            case GossipKind.Map:
                newer = MapDelta.Apply(body, Map);
                return true;
            default:
                return false;
        }
    }

    /// <summary>Live nodes at random, a dead one as likely as there are many of them, and a first node likewise.</summary>
    private void ChooseTargets()
    {
        _chosen.Clear();
        int live = _peers.Count(static peer => peer.IsLive), dead = _peers.Count - live;
        for (int i = 0; i < _tunables.GossipTargets && i < live; i++)
            ChooseOne(wantsLive: true, live);
        if (dead > 0 && _random.Unit() < dead / (live + 1.0))
            ChooseOne(wantsLive: false, dead);
        if (_peers.Count > 0 && (live == 0 || _random.Unit() < (double)SeedsMax / _peers.Count))
            Choose(_peers[_random.Below(Math.Min(SeedsMax, _peers.Count))].Node);
    }

    private void ChooseOne(bool wantsLive, int count)
    {
        int skip = _random.Below(count);
        foreach (GossipPeer peer in _peers)
        {
            if (peer.IsLive == wantsLive && skip-- == 0)
            {
                Choose(peer.Node);
                return;
            }
        }
    }

    private void Choose(ushort node)
    {
        if (!_chosen.Contains(node))
            _chosen.Add(node);
    }

    /// <summary>
    /// What rose here lately; in an answer only what <paramref name="theirs"/> lacks, and the counter of who asked when it was
    /// higher once, so that it goes above that.
    /// </summary>
    private HeartbeatDigest Digest(Instant now, HeartbeatDigest? theirs = null, ushort to = 0)
    {
        var digest = new HeartbeatDigest { ClusterId = Map!.ClusterId, MapEpoch = Map.Epoch, Incarnation = _incarnation, Counter = _counter };
        long freshMicros = _tunables.GossipFreshMs * Instant.MicrosPerMs;
        int next = 0, news = now.MonotonicMicros - _newestIncarnationMicros < freshMicros ? _peers.Count(peer => now.MonotonicMicros - peer.IncarnationMicros < freshMicros) : 0;
        foreach (GossipPeer peer in _peers)
        {
            bool isAsker = theirs is not null && peer.Node == to;
            if (peer.Counter == 0 || (!isAsker && now.MonotonicMicros - peer.RoseMicros > freshMicros))
                continue;
            if (isAsker && theirs!.Counter >= peer.Counter)
                continue;
            while (theirs is not null && next < theirs.Entries.Count && theirs.Entries[next].Node < peer.Node)
                next++;
            if (theirs is not null && next < theirs.Entries.Count && theirs.Entries[next].Node == peer.Node && theirs.Entries[next].Counter >= peer.Counter)
                continue;
            bool tells = news > 0 && now.MonotonicMicros - peer.IncarnationMicros < freshMicros && _random.Below(news) < IncarnationsTold;
            digest.Entries.Add(new HeartbeatDigest.Entry(peer.Node, peer.Counter, tells ? peer.Incarnation : 0));
        }
        return digest;
    }

    private bool TryDigest(ushort from, GossipKind kind, ReadOnlySpan<byte> body, Instant now, IGossipOutbox outbox)
    {
        if (!HeartbeatDigest.TryDecode(body, out HeartbeatDigest? digest) || digest.ClusterId != Map!.ClusterId)
            return false;
        HeartbeatDigest? answer = null;
        if (kind == GossipKind.Round && _answers++ < _tunables.GossipAnswersMax)
            answer = Digest(now, digest, from);
        TakeCounter(from, digest.Counter, digest.Incarnation, now);
        foreach (HeartbeatDigest.Entry entry in digest.Entries)
            TakeCounter(entry.Node, entry.Counter, entry.Incarnation, now);
        if (answer is not null)
            Send(from, GossipKind.Answer, answer, outbox);
        if (digest.MapEpoch < Map.Epoch && Find(from) is { } peer)
            SendMap(peer, digest.MapEpoch, now, outbox);
        return true;
    }

    private void TakeCounter(ushort node, ulong counter, ulong incarnation, Instant now)
    {
        if (node == _self)
        {
            if (counter > _counter)
                _counter = counter + 1;
            return;
        }
        if (Find(node) is not { } peer || counter <= peer.Counter)
            return;
        peer.Counter = counter;
        peer.RoseMicros = now.MonotonicMicros;
        if (incarnation != 0 && incarnation != peer.Incarnation)
        {
            peer.Incarnation = incarnation;
            peer.IncarnationMicros = _newestIncarnationMicros = now.MonotonicMicros;
        }
        SignOfLife(peer, now);
    }

    private void SignOfLife(GossipPeer peer, Instant now)
    {
        if (peer.Opinion is PeerOpinion.Up or PeerOpinion.Suspected && now.MonotonicMicros > peer.HeardMicros)
            peer.Intervals.Add(Math.Min((now.MonotonicMicros - peer.HeardMicros) / Instant.MicrosPerMs, _tunables.DownAfterMs));
        peer.HeardMicros = now.MonotonicMicros;
        peer.Opinion = PeerOpinion.Up;
    }

    private void Judge(GossipPeer peer, Instant now, IGossipOutbox outbox)
    {
        if (peer.Opinion == PeerOpinion.Up && IsTooSilent(peer, now))
            BeginProbe(peer, now, outbox);
        if (peer.Opinion != PeerOpinion.Suspected)
            return;
        long waitedMs = (now.MonotonicMicros - peer.SuspectedMicros) / Instant.MicrosPerMs;
        if (waitedMs >= _tunables.ProbeTimeoutMs / 2 && !peer.IsProbedByOthers)
            ProbeByOthers(peer, outbox);
        if (waitedMs >= _tunables.ProbeTimeoutMs)
            peer.Opinion = PeerOpinion.Down;
    }

    private bool IsTooSilent(GossipPeer peer, Instant now)
    {
        long silenceMs = (now.MonotonicMicros - peer.HeardMicros) / Instant.MicrosPerMs;
        return silenceMs >= Math.Min(
            peer.Intervals.SilenceMsMax(_deviations, _tunables.GossipIntervalMs, _deviationMsMin), (long)_tunables.DownAfterMs * _tunables.SilenceFactorMax);
    }

    private void BeginProbe(GossipPeer peer, Instant now, IGossipOutbox outbox)
    {
        peer.Opinion = PeerOpinion.Suspected;
        peer.SuspectedMicros = now.MonotonicMicros;
        peer.IsProbedByOthers = false;
        peer.ProbeSequence = ++_lastSequence;
        SendProbe(peer.Node, _self, peer.ProbeSequence, outbox);
    }

    private void ProbeByOthers(GossipPeer suspect, IGossipOutbox outbox)
    {
        suspect.IsProbedByOthers = true;
        _chosen.Clear();
        int others = _peers.Count(peer => peer.Opinion == PeerOpinion.Up && peer != suspect);
        for (int draw = 0; draw < _tunables.IndirectProbes && others > 0; draw++)
        {
            int skip = _random.Below(others);
            foreach (GossipPeer peer in _peers)
            {
                if (peer.Opinion == PeerOpinion.Up && peer != suspect && skip-- == 0)
                    Choose(peer.Node);
            }
        }
        foreach (ushort helper in _chosen)
        {
            ByteWriter body = outbox.Begin(helper, GossipKind.ProbeRequest);
            body.WriteUInt16(suspect.Node);
            body.WriteUInt32(suspect.ProbeSequence);
            outbox.End(helper);
        }
    }

    /// <summary>Probe: origin 2, sequence 4. The origin is who wants to know.</summary>
    private static void SendProbe(ushort to, ushort origin, uint sequence, IGossipOutbox outbox)
    {
        ByteWriter body = outbox.Begin(to, GossipKind.Probe);
        body.WriteUInt16(origin);
        body.WriteUInt32(sequence);
        outbox.End(to);
    }

    /// <summary>Answer to a probe: probed node 2, origin 2, sequence 4.</summary>
    private static void SendProbeAnswer(ushort to, ushort probed, ushort origin, uint sequence, IGossipOutbox outbox)
    {
        ByteWriter body = outbox.Begin(to, GossipKind.ProbeAnswer);
        body.WriteUInt16(probed);
        body.WriteUInt16(origin);
        body.WriteUInt32(sequence);
        outbox.End(to);
    }

    private bool TryProbe(ushort from, ReadOnlySpan<byte> body, IGossipOutbox outbox)
    {
        var reader = new ByteReader(body);
        ushort origin = reader.ReadUInt16();
        uint sequence = reader.ReadUInt32();
        if (reader.Complete)
            SendProbeAnswer(from, _self, origin, sequence, outbox);
        return reader.Complete;
    }

    private bool TryProbeRequest(ushort from, ReadOnlySpan<byte> body, IGossipOutbox outbox)
    {
        var reader = new ByteReader(body);
        ushort suspect = reader.ReadUInt16();
        uint sequence = reader.ReadUInt32();
        if (reader.Complete && Find(suspect) is not null)
            SendProbe(suspect, from, sequence, outbox);
        return reader.Complete;
    }

    private bool TryProbeAnswer(ReadOnlySpan<byte> body, Instant now, IGossipOutbox outbox)
    {
        var reader = new ByteReader(body);
        ushort probed = reader.ReadUInt16(), origin = reader.ReadUInt16();
        uint sequence = reader.ReadUInt32();
        if (!reader.Complete)
            return false;
        if (origin != _self && Find(origin) is not null && Find(probed) is not null)
            SendProbeAnswer(origin, probed, origin, sequence, outbox);
        else if (origin == _self && Find(probed) is { } peer && peer.ProbeSequence == sequence)
            SignOfLife(peer, now);
        return true;
    }

    private void Send(ushort to, GossipKind kind, HeartbeatDigest digest, IGossipOutbox outbox)
    {
        digest.Encode(outbox.Begin(to, kind));
        outbox.End(to);
    }

    private void SendMap(GossipPeer peer, ulong theirEpoch, Instant now, IGossipOutbox outbox)
    {
        ClusterMap? theirs = _maps.Find(map => map.Epoch == theirEpoch);
        if (now.MonotonicMicros - peer.MapSentMicros < _tunables.MapRepeatMs * Instant.MicrosPerMs)
            return;
        if (theirs is null && _wholeMaps++ >= _tunables.WholeMapsPerRoundMax)
            return;
        peer.MapSentMicros = now.MonotonicMicros;
        MapDelta.Encode(theirs, Map!, outbox.Begin(peer.Node, GossipKind.Map));
        outbox.End(peer.Node);
    }

    private GossipPeer? Find(ushort node) => node < _byId.Length ? _byId[node] : null;
}
