using System.Buffers;
using System.Text;
using Torc.Base;
using Torc.Core.Placement;
using Torc.Node;
using Torc.Node.Commands;
using Torc.Node.Control;
using Torc.Node.Peers;
using Torc.Node.Sessions;
using Torc.Node.Shards;
using Torc.Protocols.Resp;
using Torc.Simulator.Disks;
using Torc.Storage;
using Torc.Storage.Disk;

namespace Torc.Tests.Node;

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
        Disks = [.. Enumerable.Range(0, cluster.ShardCount).Select(static _ => new CrashableDisk())];
        Node = new TorcNode(identity, joinsWith is { } partitions ? cluster.SettingsOfJoiner(partitions) : cluster.Settings, cluster.Options, RespLimits.Default, cluster.Surroundings, cluster.Commands);
        for (int shard = 0; shard < cluster.ShardCount; shard++)
        {
            StorageOptions options = cluster.Storage with { ShardIndex = shard };
            IDisk disk = options.Mode == StorageMode.Memory ? NoDisk.Instance : Disks[shard];
            ShardStore.Open(disk, options, cluster.Now, out ShardStore? store, out RecoveryReport report).ShouldBe(OpenOutcome.Opened);
            Node.OpenShard(shard, store!, report, disk, options);
        }
        _view = Node.View;
        _session = Node.OpenSession(1, "127.0.0.1:1", "127.0.0.1:2");
        ControlTurn((control, outbox) => control.Start(cluster.Now, outbox));
        OnView(force: true);
    }

    public int Index { get; }

    public TorcNode Node { get; }

    /// <summary>Of the shards, when storage is not in memory.</summary>
    public IReadOnlyList<CrashableDisk> Disks { get; }

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
        Perform(shard);
    }

    public void Tick()
    {
        ControlTurn((control, outbox) => control.Tick(_cluster.Now, outbox));
        for (int shard = 0; shard < Node.Shards.Count; shard++)
        {
            ShardTurn(shard, turn => turn.Tick());
            if (_cluster.Storage.Mode == StorageMode.Log)
                WorkOnDisk(Node.Shards[shard].Store, Disks[shard]);
        }
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
        Perform(shard);
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

    private void WorkOnDisk(ShardStore store, CrashableDisk disk)
    {
        if (store.BeginFlush(_cluster.Now) is { } group)
        {
            group.Run(disk);
            store.EndFlush(group);
        }
        if (store.BeginMaintenance(_cluster.Now) is { } task)
        {
            task.Run(disk);
            store.EndMaintenance(task, _cluster.Now);
        }
    }

    /// <summary>Runs the effects of a turn of the control plane, or of a shard, which then gets what it wants to read from its disk.</summary>
    private void Perform(Shard? shard = null)
    {
        ColdRead[] reads = [.. _outbox.ColdReads];
        foreach (ushort node in _outbox.ImmediateNodes)
            _cluster.Send(Index, node, _outbox.ImmediateFrames(node));
        foreach (ushort node in _outbox.GatedNodes)
            _cluster.Send(Index, node, _outbox.GatedFrames(node));
        SessionReply[] replies = [.. _outbox.Replies, .. _outbox.ReadyReplies];
        byte[] bytes = _outbox.ReplyBytes.Written.ToArray();
        if (replies.Length > 0)
            LastReplyBarrier = _outbox.ReadyReplies.Count > 0 ? 0 : _outbox.Barrier;
        _cluster.Events.AddRange(_outbox.Events);
        _outbox.Clear();
        for (ReadOnlySpan<SessionReply> rest = replies; !rest.IsEmpty;)
        {
            int count = SessionReply.OfOneSession(rest);
            if (rest[0].Request.Session == _session)
                count = _session.Deliver(bytes, rest[..count], _cluster.Now);
            rest = rest[count..];
        }
        Dispatch();
        foreach (ColdRead read in reads)
        {
            read.Run(Disks[shard!.Index]);
            ShardTurn(shard.Index, turn => turn.OnColdRead(read));
        }
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
