using Torc.Base;
using Torc.Core.Membership;
using Torc.Core.Placement;
using Torc.Core.Replication;

namespace Torc.Tests.Core.Membership;

/// <summary>
/// Gossiping machines in virtual time: a message arrives a random number of steps after it was sent, unless the link is cut or an end
/// is dead. A map is durable, and used, a step after it came. Counts the bytes that each node sends, frames included.
/// </summary>
internal sealed class GossipCluster
{
    private const int FrameBytes = 15;
    private readonly SeededRandom _random;
    private readonly PeerHealthTunables _tunables;
    private readonly Gossip[] _nodes;
    private readonly Outgoing[] _outgoing;
    private readonly int[] _runs;
    private readonly List<Delivery>[] _underWay;
    private readonly List<(int Node, ClusterMap Map)> _persisted = [];
    private readonly HashSet<int> _dead = [];
    private readonly HashSet<(int From, int To)> _cut = [];
    private long _step;

    public GossipCluster(int nodes, ulong seed, PeerHealthTunables? tunables = null, int delayStepsMax = 2, int stepMs = 100)
    {
        StepMs = stepMs;
        _random = new SeededRandom(seed);
        _tunables = tunables ?? new PeerHealthTunables();
        Map = MakeMap(nodes);
        _underWay = [.. Enumerable.Range(0, delayStepsMax + 1).Select(_ => new List<Delivery>())];
        _nodes = new Gossip[nodes];
        _outgoing = new Outgoing[nodes];
        _runs = new int[nodes];
        SentBytes = new long[nodes];
        for (int node = 0; node < nodes; node++)
        {
            _outgoing[node] = new Outgoing(this, node);
            Start(node);
        }
    }

    public int StepMs { get; }

    public ClusterMap Map { get; }

    public long[] SentBytes { get; }

    public Instant Now => new(1_000_000 + _step * StepMs * Instant.MicrosPerMs, 1_790_000_000_000 + _step * StepMs);

    public Gossip this[int node] => _nodes[node];

    public int Messages { get; private set; }

    /// <summary>A new run of a node; its wall clock may be off.</summary>
    public void Start(int node, long clockErrorMs = 0)
    {
        _runs[node]++;
        _dead.Remove(node);
        _nodes[node] = new Gossip((ushort)node, (ulong)(node + 1) << 16 | (uint)_runs[node], _tunables, _random.Fork($"node {node} run {_runs[node]}"));
        _nodes[node].UseMap(Map, Now with { WallMs = Now.WallMs + clockErrorMs });
    }

    public void Kill(int node) => _dead.Add(node);

    public void Cut(int from, int to) => _cut.Add((from, to));

    public void Heal() => _cut.Clear();

    public void Suspect(int by, int node) => _nodes[by].Suspect((ushort)node, Now, _outgoing[by]);

    public void UseMap(int node, ClusterMap map) => _nodes[node].UseMap(map, Now);

    public bool EverybodySees(int node, bool live) =>
        !Enumerable.Range(0, _nodes.Length).Any(other => other != node && !_dead.Contains(other) && _nodes[other].IsLive((ushort)node) != live);

    /// <summary>Opinions of living nodes about living nodes that are wrong now.</summary>
    public int WrongOpinions()
    {
        int wrong = 0;
        for (int by = 0; by < _nodes.Length; by++)
        {
            for (int of = 0; of < _nodes.Length; of++)
                wrong += !_dead.Contains(by) && !_dead.Contains(of) && !_nodes[by].IsLive((ushort)of) ? 1 : 0;
        }
        return wrong;
    }

    /// <summary>Lets time pass until the condition holds; gives the milliseconds that took, or -1.</summary>
    public long Until(Func<bool> condition, int millisecondsMax)
    {
        for (long began = _step; (_step - began) * StepMs < millisecondsMax; Step())
        {
            if (condition())
                return (_step - began) * StepMs;
        }
        return condition() ? millisecondsMax : -1;
    }

    public void Elapse(int milliseconds) => Until(static () => false, milliseconds);

    public static ClusterMap MakeMap(int nodes) => Planner.Create(
        [.. Enumerable.Range(0, nodes).Select(id => new NodeInfo((ushort)id, $"10.0.{id / 256}.{id % 256}:7379", $"10.0.{id / 256}.{id % 256}", 6379, 8379, "dc1", $"rack{id % 20}", 100, StableHash.Hash64([(byte)id, (byte)(id >> 8)])))],
        256, 3, [new KeyspaceSettings(0, ConsistencyLevel.Quorum, ConsistencyLevel.Quorum)], out _);

    /// <summary>The same map in the next epoch, with the replicas of one partition in another order.</summary>
    public static ClusterMap Next(ClusterMap map)
    {
        var draft = ClusterMapDraft.After(map);
        draft.Replicas[7].AsSpan().Reverse();
        draft.PartitionEpochs[7] = draft.Epoch;
        return draft.ToMap();
    }

    private void Step()
    {
        _step++;
        foreach ((int node, ClusterMap map) in _persisted)
            _nodes[node].UseMap(map, Now);
        _persisted.Clear();
        List<Delivery> arriving = _underWay[_step % _underWay.Length];
        foreach (Delivery delivery in arriving)
            Deliver(delivery);
        arriving.Clear();
        for (int node = 0; node < _nodes.Length; node++)
        {
            if (!_dead.Contains(node))
                _nodes[node].Tick(Now, _outgoing[node]);
        }
    }

    private void Deliver(in Delivery delivery)
    {
        if (_dead.Contains(delivery.To) || _cut.Contains((delivery.From, delivery.To)))
            return;
        _nodes[delivery.To].TryReceive((ushort)delivery.From, delivery.Kind, delivery.Body, Now, _outgoing[delivery.To], out ClusterMap? newer).ShouldBeTrue();
        int to = delivery.To;
        if (newer is not null && newer.Epoch > _nodes[to].Map!.Epoch && !_persisted.Any(map => map.Node == to))
            _persisted.Add((to, newer));
    }

    private void Send(int from, int to, GossipKind kind, byte[] body)
    {
        Messages++;
        SentBytes[from] += body.Length + FrameBytes;
        _underWay[(_step + 1 + _random.Below(_underWay.Length - 1)) % _underWay.Length].Add(new Delivery(from, to, kind, body));
    }

    private readonly record struct Delivery(int From, int To, GossipKind Kind, byte[] Body);

    private sealed class Outgoing(GossipCluster cluster, int node) : IGossipOutbox
    {
        private readonly ByteWriter _body = new();
        private GossipKind _kind;

        public ByteWriter Begin(ushort to, GossipKind kind)
        {
            _kind = kind;
            _body.Clear();
            return _body;
        }

        public void End(ushort to) => cluster.Send(node, to, _kind, _body.Written.ToArray());
    }
}
