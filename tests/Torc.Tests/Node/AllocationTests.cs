using System.Buffers;
using System.Runtime.InteropServices;
using Torc.Base;
using Torc.Core.Membership;
using Torc.Core.Placement;
using Torc.Core.Replication;
using Torc.Node;
using Torc.Node.Commands;
using Torc.Node.Control;
using Torc.Node.Peers;
using Torc.Node.Sessions;
using Torc.Protocols.Resp;
using Torc.Storage;

namespace Torc.Tests.Node;

/// <summary>In steady state a GET and a SET allocate nothing below Server, alone and at quorum of three nodes.</summary>
public class AllocationTests
{
    private const int Rounds = 10_000;
    private const int KeysPerBatch = 4;

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void Ten_thousand_sets_and_gets_allocate_nothing(int nodes)
    {
        var cluster = new SteadyCluster(nodes);
        byte[] sets = Batch(static key => ["SET", $"key:{key}", "a value of some length"]);
        byte[] gets = Batch(static key => ["GET", $"key:{key}"]);
        Repeat(cluster, sets);
        Repeat(cluster, gets);
        cluster.Run(gets).ShouldBe(KeysPerBatch * "$22\r\na value of some length\r\n".Length);

        Allocations.Least(() => Repeat(cluster, sets)).ShouldBe(0, "bytes for SETs");
        Allocations.Least(() => Repeat(cluster, gets)).ShouldBe(0, "bytes for GETs");
    }

    /// <summary>At quorum of six replicas in two data centres, one of which is sent each write once and passes it on.</summary>
    [Fact]
    public void Nor_do_sets_that_are_relayed()
    {
        var cluster = new SteadyCluster(6, dataCentres: 2);
        byte[] sets = Batch(static key => ["SET", $"key:{key}", "a value of some length"]);
        Repeat(cluster, sets);
        Allocations.Least(() => Repeat(cluster, sets)).ShouldBe(0, "bytes for SETs");
    }

    private static void Repeat(SteadyCluster cluster, byte[] pipeline)
    {
        for (int round = 0; round < Rounds; round++)
            cluster.Run(pipeline);
    }

    private static byte[] Batch(Func<int, string[]> command)
    {
        using var bytes = new ByteWriter();
        for (int key = 0; key < KeysPerBatch; key++)
            bytes.Command(command(key));
        return bytes.Written.ToArray();
    }

    /// <summary>Nodes with one shard each and a client on node 0; frames are handed over in place, and nothing is allocated for it.</summary>
    private sealed class SteadyCluster
    {
        private readonly SteadyNode[] _nodes;

        public SteadyCluster(int nodes, int dataCentres = 1)
        {
            List<string> addresses = [.. Enumerable.Range(0, nodes).Select(static i => $"n:{7001 + i}")];
            var settings = new FormationSettings(
                addresses, 8, Math.Min(nodes, 3 * dataCentres),
                [.. Enumerable.Range(0, KeyspaceSettings.UserKeyspacesMax).Select(static id => new KeyspaceSettings((byte)id, ConsistencyLevel.Quorum, ConsistencyLevel.Quorum))]);
            CommandTable commands = TorcNode.MakeCommandTable();
            _nodes = [.. Enumerable.Range(0, nodes).Select(i => new SteadyNode(i, addresses[i], dataCentres == 1 ? "" : $"dc{i % dataCentres}", settings, commands))];
            foreach (SteadyNode node in _nodes)
                node.Control(control => control.Start(Now, node.Outbox));
            foreach (SteadyNode node in _nodes)
            {
                for (ushort other = 0; other < nodes; other++)
                {
                    if (other != node.Index)
                        node.Control(control => control.OnLinkUp(other, Now, node.Outbox));
                }
            }
            for (int tick = 0; tick < 200; tick++)
            {
                Now = new Instant(Now.MonotonicMicros + 20_000, Now.WallMs + 20);
                foreach (SteadyNode node in _nodes)
                    node.Tick(Now);
                Carry();
            }
            foreach (SteadyNode node in _nodes)
                node.Node.View.IsFormed.ShouldBeTrue();
        }

        private Instant Now { get; set; } = new(1_000_000, 1_800_000_000_000);

        /// <summary>Runs a pipeline on node 0 to its end; how many bytes were answered.</summary>
        public int Run(byte[] pipeline)
        {
            SteadyNode first = _nodes[0];
            var input = new ReadOnlySequence<byte>(pipeline);
            first.Session.Receive(ref input, Now);
            first.Requests.Clear();
            first.Session.TakeDispatched(0, first.Requests);
            first.Begin(Now);
            foreach (Request request in first.Requests)
                first.Node.Shards[0].Execute(request);
            first.End(Now);
            Carry();
            int answered = first.Session.Output.Length;
            first.Session.Output.Clear();
            return answered;
        }

        private void Carry()
        {
            for (bool moved = true; moved;)
            {
                moved = false;
                foreach (SteadyNode from in _nodes)
                {
                    for (int to = 0; to < _nodes.Length; to++)
                    {
                        if (from.Sent[to].Length == 0)
                            continue;
                        moved = true;
                        (from.Sent[to], from.Spare) = (from.Spare, from.Sent[to]);
                        _nodes[to].Receive((ushort)from.Index, from.Spare.Written, Now);
                        from.Spare.Clear();
                    }
                }
            }
        }
    }

    private sealed class SteadyNode
    {
        private ClusterView _view;

        public SteadyNode(int index, string address, string dataCentre, FormationSettings settings, CommandTable commands)
        {
            Index = index;
            Sent = [.. settings.FirstNodes.Select(static _ => new ByteWriter())];
            var self = new NodeInfo((ushort)index, address, "n", 6379, 8379, dataCentre, "", 1, (ulong)(100 + index));
            Node = new TorcNode(new NodeIdentity(self, (ulong)(100 + index) << 16 | 1, null, 1), settings, new NodeOptions(), RespLimits.Default, new TestSurroundings(), commands);
            var options = new StorageOptions { SegmentBytes = 16 << 20, Mode = StorageMode.Memory };
            ShardStore.Open(LoopNode.NoDisk.Instance, options, new Instant(1, 1), out ShardStore? store, out RecoveryReport report).ShouldBe(OpenOutcome.Opened);
            Node.OpenShard(0, store!, report, LoopNode.NoDisk.Instance, options);
            Session = Node.OpenSession(1, "c:1", "n:1");
            _view = Node.View;
        }

        public int Index { get; }

        public TorcNode Node { get; }

        public Session Session { get; }

        public Outbox Outbox { get; } = new();

        public List<Request> Requests { get; } = [];

        public ByteWriter[] Sent { get; }

        public ByteWriter Spare { get; set; } = new();

        public void Control(Action<ControlPlane> turn)
        {
            turn(Node.Control);
            ClusterMap? map = Outbox.MapToPersist;
            Perform(default);
            if (map is not null)
                Control(control => control.OnMapPersisted(map, new Instant(1_000_000, 1_800_000_000_000), Outbox));
        }

        public void Tick(Instant now)
        {
            Control(control => control.Tick(now, Outbox));
            Begin(now);
            Node.Shards[0].OnViewChanged(Node.View);
            Node.Shards[0].Tick();
            End(now);
        }

        public void Begin(Instant now) => Node.Shards[0].BeginTurn(now, Outbox);

        public void End(Instant now)
        {
            Node.Shards[0].EndTurn();
            Perform(now);
        }

        public void Receive(ushort from, ReadOnlySpan<byte> frames, Instant now)
        {
            while (!frames.IsEmpty)
            {
                PeerFrame.TryReadHeader(frames, out int length, out _).ShouldBeTrue();
                var reader = new PeerMessageReader(frames.Slice(PeerFrame.HeaderBytes, length));
                Begin(now);
                while (reader.TryRead(out PeerMessage message))
                {
                    if (message.Partition == PeerFrame.ControlPartition)
                        OnControl(from, message, now);
                    else
                        Node.Shards[0].OnPeerMessage(from, message);
                }
                End(now);
                frames = frames[(PeerFrame.HeaderBytes + length)..];
            }
        }

        private void OnControl(ushort from, in PeerMessage message, Instant now)
        {
            Node.Control.OnPeerMessage(from, message, now, Outbox);
            if (Outbox.MapToPersist is { } map)
            {
                Outbox.MapToPersist = null;
                Node.Control.OnMapPersisted(map, now, Outbox);
            }
        }

        private void Perform(Instant now)
        {
            for (int i = 0; i < Outbox.ImmediateNodes.Count; i++)
                Sent[Outbox.ImmediateNodes[i]].Write(Outbox.ImmediateFrames(Outbox.ImmediateNodes[i]));
            for (int i = 0; i < Outbox.GatedNodes.Count; i++)
                Sent[Outbox.GatedNodes[i]].Write(Outbox.GatedFrames(Outbox.GatedNodes[i]));
            for (ReadOnlySpan<SessionReply> rest = CollectionsMarshal.AsSpan(Outbox.Replies); !rest.IsEmpty;)
                rest = rest[Session.Deliver(Outbox.ReplyBytes.Written, rest, now)..];
            Outbox.Clear();
            if (ReferenceEquals(_view, Node.View))
                return;
            _view = Node.View;
        }
    }
}
