using Torc.Base;
using Torc.Core.Membership;
using Torc.Core.Placement;
using Torc.Core.Replication;
using Torc.Node;
using Torc.Node.Commands;
using Torc.Node.Peers;
using Torc.Storage;

namespace Torc.Tests.Node;

/// <summary>
/// Nodes in one thread whose frames are carried by hand: a frame waits in its link until <see cref="Run"/> carries it, and a link that
/// is <see cref="Cut"/> keeps its frames. Storage is in memory unless options for disks are given; the wall clock is a number.
/// </summary>
internal sealed class LoopCluster
{
    private readonly List<LoopNode> _nodes = [];
    private readonly List<string> _addresses;
    private readonly Dictionary<(int From, int To), Queue<byte[]>> _links = [];
    private readonly HashSet<(int From, int To)> _cut = [];
    private readonly HashSet<(int At, int Of)> _guests = [];
    private long _micros = 1_000_000;

    /// <param name="nodes">How many.</param>
    /// <param name="partitions">Of the cluster.</param>
    /// <param name="shards">Of each node.</param>
    /// <param name="commands">The real ones by default.</param>
    /// <param name="surroundings">What <c>INFO</c> and the like see.</param>
    /// <param name="dataCentres">Node i is in data centre i mod this; three replicas in each.</param>
    /// <param name="sloppy">Whether hints count.</param>
    /// <param name="options">The defaults by default.</param>
    /// <param name="levelMax">The cluster's level.</param>
    /// <param name="storage">Of each shard, on a simulated disk of its own; in memory by default.</param>
    public LoopCluster(
        int nodes, int partitions = 8, int shards = 2, CommandTable? commands = null, INodeSurroundings? surroundings = null, int dataCentres = 1,
        bool sloppy = true, NodeOptions? options = null, byte levelMax = ClusterLevel.Newest, StorageOptions? storage = null)
    {
        LevelMax = levelMax;
        Storage = storage ?? new StorageOptions { SegmentBytes = 1 << 20, Mode = StorageMode.Memory };
        Sloppy = sloppy;
        Options = options ?? new NodeOptions();
        DataCentres = dataCentres;
        _addresses = [.. Enumerable.Range(0, nodes).Select(i => $"127.0.0.1:{7001 + i}")];
        Partitions = partitions;
        ShardCount = shards;
        Commands = commands ?? TorcNode.MakeCommandTable();
        Surroundings = surroundings ?? new TestSurroundings();
        for (int i = 0; i < nodes; i++)
            _nodes.Add(new LoopNode(this, i, birth: (ulong)(100 + i), map: null));
        for (int from = 0; from < nodes; from++)
        {
            for (int to = 0; to < nodes; to++)
            {
                if (from != to)
                    LinkUp(from, to);
            }
        }
        Elapse(3_000);
        foreach (LoopNode node in _nodes)
            node.Node.View.IsFormed.ShouldBeTrue();
    }

    public CommandTable Commands { get; }
    public INodeSurroundings Surroundings { get; }
    public int Partitions { get; }
    public int ShardCount { get; }
    public int DataCentres { get; }
    public bool Sloppy { get; }
    public NodeOptions Options { get; }
    public byte LevelMax { get; }
    public StorageOptions Storage { get; }
    /// <summary>Bytes of frames that nodes sent to nodes of other data centres.</summary>
    public long BytesAcross { get; private set; }

    public long WallMs { get; set; } = 1_800_000_000_000;

    public Instant Now => new(_micros, WallMs);

    public List<NodeEvent> Events { get; } = [];

    /// <summary>The process of that node is stopped: it has no ticks, and what is sent to it waits. -1: none is.</summary>
    public int Paused { get; set; } = -1;

    public LoopNode this[int index] => _nodes[index];

    public FormationSettings Settings => new(
        _addresses, Partitions, 3 * DataCentres,
        [.. Enumerable.Range(0, KeyspaceSettings.UserKeyspacesMax).Select(id => new KeyspaceSettings((byte)id, ConsistencyLevel.Quorum, ConsistencyLevel.Quorum, Sloppy))])
    { LevelMax = LevelMax };

    /// <summary>What a node is told that joins the cluster.</summary>
    public FormationSettings SettingsOfJoiner(int partitions) => new([], partitions, 3, []) { Seeds = [_addresses[0]] };

    public string AddressOf(int node) => node < _addresses.Count ? _addresses[node] : $"127.0.0.1:{7001 + node}";

    /// <summary>Starts one more node, without id and map; gives its index.</summary>
    public int AddJoiner(ulong birth, int partitions = 0)
    {
        _nodes.Add(new LoopNode(this, _nodes.Count, birth, map: null, partitions == 0 ? Partitions : partitions));
        return _nodes.Count - 1;
    }

    /// <summary>A node that a member takes for none, or for one that was removed, links with it.</summary>
    public void LinkGuest(int guest, int member)
    {
        _guests.Add((member, guest));
        LinkUp(guest, member);
        LinkUp(member, guest);
    }

    /// <summary>A node ended one of its links.</summary>
    public void EndLink(int at, ushort number)
    {
        int other = IndexAt(at, number);
        if (!_links.Remove((at, other)))
            return;
        _links.Remove((other, at));
        ushort back = NumberOf(other, at);
        _nodes[at].ControlTurn((control, outbox) => control.OnLinkDown(number, Now, outbox));
        _nodes[other].ControlTurn((control, outbox) => control.OnLinkDown(back, Now, outbox));
        _guests.Remove((at, other));
        _guests.Remove((other, at));
    }

    public bool AreLinked(int from, int to) => _links.ContainsKey((from, to));

    private ushort NumberOf(int at, int of) => _guests.Contains((at, of)) ? (ushort)(GuestLinks.First + of) : (ushort)of;

    private static int IndexOf(ushort number) => GuestLinks.IsGuest(number) ? number - GuestLinks.First : number;

    private static int IndexAt(int at, ushort number) => at == IndexOf(number) ? -1 : IndexOf(number);

    /// <summary>Frames from one node to another stay in the link until <see cref="Heal"/>.</summary>
    public void Cut(int from, int to) => _cut.Add((from, to));

    /// <summary>What is on a link is lost.</summary>
    public void Lose(int from, int to) => _links[(from, to)].Clear();

    public void Heal(int from, int to) => _cut.Remove((from, to));

    /// <summary>A node vanishes: its links break and what is on them is lost.</summary>
    public void Kill(int node)
    {
        foreach (LoopNode other in _nodes)
        {
            if (other.Index == node)
                continue;
            _links.Remove((node, other.Index));
            _links.Remove((other.Index, node));
            other.ControlTurn((control, outbox) => control.OnLinkDown((ushort)node, Now, outbox));
            _nodes[node].ControlTurn((control, outbox) => control.OnLinkDown((ushort)other.Index, Now, outbox));
        }
    }

    /// <summary>The links of a killed node come back; it kept its memory.</summary>
    public void RestartLinks(int node)
    {
        for (int other = 0; other < _nodes.Count; other++)
        {
            if (other == node)
                continue;
            LinkUp(node, other);
            LinkUp(other, node);
        }
    }

    /// <summary>A node starts over with an empty store; with its old birth when only its log was lost, with another when all was.</summary>
    public void RestartEmpty(int node, bool wiped)
    {
        ClusterMap? map = wiped ? null : _nodes[node].Node.View.Map;
        _nodes[node] = new LoopNode(this, node, birth: wiped ? 999UL : (ulong)(100 + node), map);
        RestartLinks(node);
    }

    public void Send(int from, ushort to, ReadOnlySpan<byte> frames)
    {
        BytesAcross += from % DataCentres != IndexOf(to) % DataCentres ? frames.Length : 0;
        if (_links.TryGetValue((from, IndexOf(to)), out Queue<byte[]>? link))
            link.Enqueue(frames.ToArray());
    }

    /// <summary>Carries frames until nothing moves any more.</summary>
    public void Run()
    {
        for (int rounds = 0; RunOnce(); rounds++)
            rounds.ShouldBeLessThan(100_000, "frames without end");
    }

    /// <summary>Carries the first frame of each link; false when there is none.</summary>
    public bool RunOnce()
    {
        bool moved = false;
        foreach (((int from, int to), Queue<byte[]> link) in _links.ToArray())
        {
            if (to == Paused || _cut.Contains((from, to)) || !link.TryDequeue(out byte[]? frames))
                continue;
            moved = true;
            _nodes[to].Receive(NumberOf(to, from), frames);
        }
        return moved;
    }

    /// <summary>Time passes in ticks; frames are carried after each.</summary>
    public void Elapse(int milliseconds)
    {
        for (int elapsed = 0; elapsed < milliseconds; elapsed += 20)
        {
            _micros += 20_000;
            WallMs += 20;
            foreach (LoopNode node in _nodes.Where(node => node.Index != Paused))
                node.Tick();
            Run();
        }
    }

    /// <summary>One direction of a link comes back after <see cref="Kill"/>; none to itself.</summary>
    public void Link(int from, int to)
    {
        if (from != to)
            LinkUp(from, to);
    }

    private void LinkUp(int from, int to)
    {
        _links[(from, to)] = new Queue<byte[]>();
        ushort number = NumberOf(from, to);
        _nodes[from].ControlTurn((control, outbox) => control.OnLinkUp(number, Now, outbox));
    }
}
