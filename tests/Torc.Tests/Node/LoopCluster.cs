using System.Buffers;
using System.Text;
using Torc.Base;
using Torc.Core.Membership;
using Torc.Core.Placement;
using Torc.Core.Replication;
using Torc.Node;
using Torc.Node.Commands;
using Torc.Node.Control;
using Torc.Node.Peers;
using Torc.Node.Sessions;
using Torc.Node.Shards;
using Torc.Protocols.Resp;
using Torc.Storage;
using Torc.Storage.Disk;

namespace Torc.Tests.Node;

/// <summary>
/// Nodes in one thread whose frames are carried by hand: a frame waits in its link until <see cref="Run"/> carries it, and a link that
/// is <see cref="Cut"/> keeps its frames. Storage is in memory; the wall clock is a number.
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
    public LoopCluster(
        int nodes, int partitions = 8, int shards = 2, CommandTable? commands = null, INodeSurroundings? surroundings = null, int dataCentres = 1,
        bool sloppy = true, NodeOptions? options = null, byte levelMax = ClusterLevel.Newest)
    {
        LevelMax = levelMax;
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
    /// <summary>Bytes of frames that nodes sent to nodes of other data centres.</summary>
    public long BytesAcross { get; private set; }

    public long WallMs { get; set; } = 1_800_000_000_000;

    public Instant Now => new(_micros, WallMs);

    public List<NodeEvent> Events { get; } = [];

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
        bool moved = true;
        for (int rounds = 0; moved; rounds++)
        {
            rounds.ShouldBeLessThan(100_000, "frames without end");
            moved = false;
            foreach (((int from, int to), Queue<byte[]> link) in _links.ToArray())
            {
                if (_cut.Contains((from, to)) || !link.TryDequeue(out byte[]? frames))
                    continue;
                moved = true;
                _nodes[to].Receive(NumberOf(to, from), frames);
            }
        }
    }

    /// <summary>Time passes in ticks; frames are carried after each.</summary>
    public void Elapse(int milliseconds)
    {
        for (int elapsed = 0; elapsed < milliseconds; elapsed += 20)
        {
            _micros += 20_000;
            WallMs += 20;
            foreach (LoopNode node in _nodes)
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

/// <summary>One node of a <see cref="LoopCluster"/> with one client connection.</summary>
internal sealed class LoopNode
{
    private readonly LoopCluster _cluster;
    private readonly Outbox _outbox = new();
    private readonly List<Request> _requests = [];
    private ClusterView _view;
    private Session _session;
    private ReadOnlySequence<byte> _input = ReadOnlySequence<byte>.Empty;

    public LoopNode(LoopCluster cluster, int index, ulong birth, ClusterMap? map, int? joinsWith = null)
    {
        _cluster = cluster;
        Index = index;
        var info = new NodeInfo(joinsWith is not null ? NodeInfo.NoId : (ushort)index, cluster.AddressOf(index), "127.0.0.1", 6379 + index, 8379 + index, cluster.DataCentres == 1 ? "" : $"dc{index % cluster.DataCentres}", "", 1, birth);
        var identity = new NodeIdentity(info, birth << 16 | 1, map, cluster.ShardCount);
        Node = new TorcNode(identity, joinsWith is { } partitions ? cluster.SettingsOfJoiner(partitions) : cluster.Settings, cluster.Options, RespLimits.Default, cluster.Surroundings, cluster.Commands);
        for (int shard = 0; shard < cluster.ShardCount; shard++)
        {
            var options = new StorageOptions { SegmentBytes = 1 << 20, Mode = StorageMode.Memory, ShardIndex = shard };
            ShardStore.Open(NoDisk.Instance, options, cluster.Now, out ShardStore? store, out RecoveryReport report).ShouldBe(OpenOutcome.Opened);
            Node.OpenShard(shard, store!, report, NoDisk.Instance, options);
        }
        _view = Node.View;
        _session = Node.OpenSession(1, "127.0.0.1:1", "127.0.0.1:2");
        ControlTurn((control, outbox) => control.Start(cluster.Now, outbox));
        OnView(force: true);
    }

    public int Index { get; }

    public TorcNode Node { get; }

    /// <summary>Sends a command and gives what came back at once; "" while it waits.</summary>
    public string Send(params string[] command)
    {
        using var bytes = new ByteWriter();
        bytes.Command(command);
        Receive(bytes.Written);
        return TakeOutput();
    }

    /// <summary>Sends commands, each as words, in one pipeline, and carries frames until nothing moves.</summary>
    public string CallTogether(params string[] commands)
    {
        using var bytes = new ByteWriter();
        foreach (string command in commands)
            bytes.Command(command.Split(' '));
        Receive(bytes.Written);
        _cluster.Run();
        return TakeOutput();
    }

    /// <summary>Bytes from the client. What the session does not take now waits, as it would in the socket.</summary>
    public void Receive(ReadOnlySpan<byte> bytes)
    {
        byte[] waiting = [.. _input.ToArray(), .. bytes];
        _input = new ReadOnlySequence<byte>(waiting);
        Dispatch();
    }

    /// <summary>The client is gone: its session ends, and late replies for it are dropped. Another connects.</summary>
    public void Reconnect()
    {
        _session.Dispose();
        _session = Node.OpenSession(_session.Id + 1, "127.0.0.1:1", "127.0.0.1:2");
        _input = ReadOnlySequence<byte>.Empty;
    }

    /// <summary>How often other nodes asked this one for a row or its digest.</summary>
    public int TimesAsked { get; private set; }

    /// <summary>Sends a command and carries frames until it is answered.</summary>
    public string Call(params string[] command)
    {
        string reply = Send(command);
        if (reply.Length > 0)
            return reply;
        _cluster.Run();
        return TakeOutput();
    }

    /// <summary>As <see cref="Call"/>, and gives the node time to pass a replica that does not answer.</summary>
    public string CallPatiently(params string[] command)
    {
        string reply = Call(command);
        if (reply.Length > 0)
            return reply;
        _cluster.Elapse(300);
        return TakeOutput();
    }

    /// <summary>Sends a command and gives the bytes of its reply, carrying frames until it is there.</summary>
    public byte[] CallForBytes(params byte[][] command)
    {
        using var bytes = new ByteWriter();
        bytes.ArrayHeader(command.Length);
        foreach (byte[] argument in command)
            bytes.Bulk(argument);
        Receive(bytes.Written);
        _cluster.Run();
        return TakeOutputBytes();
    }

    /// <summary>Commands that the session took.</summary>
    public long CommandsReceived => _session.CommandsReceived;

    /// <summary>The connection was told to close after its last reply.</summary>
    public bool IsClosing => _session.CloseAfterOutput;

    /// <summary>The log offset that the newest reply to this node's client had to wait for; 0 when for nothing.</summary>
    public long LastReplyBarrier { get; private set; }

    public int ShardOf(string key) => Node.ShardOf(PartitionOf(key));

    public ushort[] ReplicasOf(string key) => Node.View.Map!.ReplicasOf(PartitionOf(key)).ToArray();

    /// <summary>Keys that this node's store counts as live.</summary>
    public long LiveRecords()
    {
        long live = 0;
        for (ushort partition = 0; partition < _cluster.Partitions; partition++)
            live += Node.Shards[Node.ShardOf(partition)].Store.Counts(0, partition).Live;
        return live;
    }

    /// <summary>Bytes of hints that this node keeps for another.</summary>
    public long HintBytesFor(int target) => Node.Shards.Sum(shard => shard.HintBytes.GetValueOrDefault((ushort)target));

    public string TakeOutput() =>
        Encoding.Latin1.GetString(TakeOutputBytes()).Replace("\r\n", " ", StringComparison.Ordinal).Trim();

    public byte[] TakeOutputBytes()
    {
        byte[] output = _session.Output.Written.ToArray();
        _session.Output.Clear();
        return output;
    }

    public void ControlTurn(Action<ControlPlane, Outbox> turn)
    {
        turn(Node.Control, _outbox);
        ClusterMap? map = _outbox.MapToPersist;
        Vote? vote = _outbox.VoteToPersist;
        ushort[] ending = [.. _outbox.LinksToEnd];
        Perform();
        Array.ForEach(ending, number => _cluster.EndLink(Index, number));
        if (vote is not null)
            ControlTurn((control, outbox) => control.OnVoteSaved(vote, _cluster.Now, outbox));
        if (map is not null)
            ControlTurn((control, outbox) => control.OnMapPersisted(map, _cluster.Now, outbox));
        OnView(force: false);
    }

    public void ShardTurn(int index, Action<Shard> turn)
    {
        Shard shard = Node.Shards[index];
        shard.BeginTurn(_cluster.Now, _outbox);
        turn(shard);
        shard.EndTurn();
        Perform();
    }

    public void Tick()
    {
        ControlTurn((control, outbox) => control.Tick(_cluster.Now, outbox));
        for (int shard = 0; shard < Node.Shards.Count; shard++)
            ShardTurn(shard, turn => turn.Tick());
    }

    public void Receive(ushort from, byte[] frames)
    {
        ReadOnlySpan<byte> rest = frames;
        while (!rest.IsEmpty)
        {
            PeerFrame.TryReadHeader(rest, out int length, out uint checksum).ShouldBeTrue();
            ReadOnlySpan<byte> messages = rest.Slice(PeerFrame.HeaderBytes, length);
            PeerFrame.Verify(messages, checksum).ShouldBeTrue();
            var reader = new PeerMessageReader(messages);
            while (reader.TryRead(out PeerMessage message))
                Receive(from, message);
            reader.Failed.ShouldBeFalse();
            rest = rest[(PeerFrame.HeaderBytes + length)..];
        }
    }

    private void Receive(ushort from, in PeerMessage message)
    {
        TimesAsked += message.Kind == PeerMessageKind.Read ? 1 : 0;
        if (message.Partition == PeerFrame.ControlPartition)
        {
            Node.Control.OnPeerMessage(from, message, _cluster.Now, _outbox);
            ControlTurn((_, _) => { });
            return;
        }
        Shard shard = Node.Shards[Node.ShardOf(message.Partition)];
        shard.BeginTurn(_cluster.Now, _outbox);
        shard.OnPeerMessage(from, message);
        shard.EndTurn();
        Perform();
    }

    public int PartitionOf(string key) => Node.View.Map!.PartitionOf(Slots.Of(Encoding.UTF8.GetBytes(key)));

    private void OnView(bool force)
    {
        if (!force && ReferenceEquals(_view, Node.View))
            return;
        _view = Node.View;
        for (int shard = 0; shard < Node.Shards.Count; shard++)
            ShardTurn(shard, turn => turn.OnViewChanged(_view));
    }

    private void Dispatch()
    {
        _session.Receive(ref _input, _cluster.Now);
        while (_session.HasDispatched)
        {
            for (int shard = 0; shard < Node.Shards.Count; shard++)
            {
                _requests.Clear();
                _session.TakeDispatched(shard, _requests);
                Request[] batch = [.. _requests];
                if (batch.Length > 0)
                    ShardTurn(shard, turn => Array.ForEach(batch, turn.Execute));
            }
        }
    }

    private void Perform()
    {
        foreach (ushort node in _outbox.ImmediateNodes)
            _cluster.Send(Index, node, _outbox.ImmediateFrames(node));
        foreach (ushort node in _outbox.GatedNodes)
            _cluster.Send(Index, node, _outbox.GatedFrames(node));
        (Request Request, byte[] Reply)[] replies = [.. _outbox.Replies.Concat(_outbox.ReadyReplies).Select(reply => (reply.Request, _outbox.BytesOf(reply).ToArray()))];
        if (replies.Length > 0)
            LastReplyBarrier = _outbox.ReadyReplies.Count > 0 ? 0 : _outbox.Barrier;
        _outbox.ColdReads.ShouldBeEmpty();
        _cluster.Events.AddRange(_outbox.Events);
        _outbox.Clear();
        foreach ((Request request, byte[] reply) in replies)
        {
            if (request.Session == _session)
                _session.Deliver(request, reply, _cluster.Now);
        }
        Dispatch();
    }

    internal sealed class NoDisk : IDisk
    {
        public static readonly NoDisk Instance = new();

        public long FreeBytes => 0;

        public IReadOnlyList<DiskFileInfo> List() => [];

        public IDiskFile Open(string name) => throw new NotSupportedException("memory mode opens no file");

        public DiskOutcome Create(string name, long length, out IDiskFile? file) => throw new NotSupportedException("memory mode makes no file");

        public void Rename(string from, string to) => throw new NotSupportedException("memory mode renames no file");

        public void Delete(string name) => throw new NotSupportedException("memory mode deletes no file");

        public void SyncDirectory()
        {
        }
    }
}
