using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging.Abstractions;
using Torc.Core.Membership;
using Torc.Core.Placement;
using Torc.Core.Replication;
using Torc.Node;
using Torc.Protocols.Resp;
using Torc.Server.Disks;
using Torc.Server.Hosting;
using Torc.Server.Hosting.Clients;
using Torc.Server.Hosting.Peers;
using Torc.Server.Hosting.Shards;
using Torc.Server.Sockets;
using Torc.Storage;
using Torc.Tests.Node;
using Torc.Tests.Server.Hosting.Peers;

namespace Torc.Tests.Server.Hosting;

/// <summary>A node of one shard on real threads and a real disk, with clients that are pipes instead of sockets.</summary>
internal sealed class HostedShard : IDisposable, INodeFate
{
    public const int SegmentBytes = 8 << 20;

    private static readonly TimeSpan FormPatience = TimeSpan.FromSeconds(10);
    private readonly TemporaryDirectory _directory = new();
    private readonly LibcDisk _disk;
    private readonly ColdReaders _coldReaders;
    private readonly TorcNode _node;
    private readonly EventLoop? _loop;
    private readonly TaskCompletionSource<Exception> _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="durability">Of the log.</param>
    /// <param name="starts">Without, it has no threads and serves nobody, and its log may be filled to the last byte.</param>
    /// <param name="onLoop">An event loop runs its turns; otherwise whoever brings work does.</param>
    public HostedShard(Durability durability = Durability.Always, bool starts = true, bool onLoop = false)
    {
        _disk = LibcDisk.OpenDirectory(_directory.Path);
        Disk = new FailingDisk(_disk);
        _coldReaders = new ColdReaders(this);
        var self = new NodeInfo(0, "n:1", "n", 1, 1, "dc", "rack", 1, 5);
        var settings = new FormationSettings(
            ["n:1"], 16, 1, [.. Enumerable.Range(0, 16).Select(static id => new KeyspaceSettings((byte)id, ConsistencyLevel.Quorum, ConsistencyLevel.Quorum))]);
        _node = new TorcNode(new NodeIdentity(self, 1, null, 1), settings, new NodeOptions(), RespLimits.Default, new TestSurroundings(), TorcNode.MakeCommandTable());
        var storage = new StorageOptions { SegmentBytes = SegmentBytes, Durability = durability };
        if (!starts)
            storage = storage with { ReservedSegments = 0 };
        ShardStore.Open(Disk, storage, HostClock.Now, out ShardStore? store, out RecoveryReport report).ShouldBe(OpenOutcome.Opened);
        var parts = new HostParts(_node, Clients, new PeerLinks(static _ => { }, static _ => { }), new EventSink(NullLogger.Instance), new OutboxPool(), this);
        _loop = onLoop ? new EventLoop(0, () => HostClock.Now, Fail) : null;
        _loop?.Start();
        Host = new ShardHost(_node.OpenShard(0, store!, report, Disk, storage), Disk, storage, parts, _coldReaders, _loop);
        Host.FlushOpening();
        if (!starts)
            return;
        Host.Start();
        new ControlHost(parts, static _ => { }, static _ => { }).Start([Host]);
        SpinWait.SpinUntil(() => _node.MapEpochInShards > 0, FormPatience).ShouldBeTrue();
    }

    public FailingDisk Disk { get; }

    public ShardHost Host { get; }

    public ClientRegistry Clients { get; } = new();

    /// <summary>The first fault that the node met.</summary>
    public Task<Exception> Failed => _failed.Task;

    /// <summary>A client: what it holds is its end of the connection.</summary>
    public (IDuplexPipe End, Task Served, ClientConnection Connection) Connect(long outputBytesMax = 1 << 20)
    {
        var pipes = new PipePair();
        var context = new DefaultConnectionContext("test", pipes.Right, pipes.Left);
        var client = new ClientConnection(context, _node.OpenSession(Clients.NextId(), "test", "test"), [Host], outputBytesMax);
        Clients.Add(client);
        return (pipes.Left, Task.Run(client.Run), client);
    }

    public void Fail(Exception error) => _failed.TrySetResult(error);

    public void Dispose()
    {
        Disk.LetWritesGo();
        _loop?.Dispose();
        Host.Dispose();
        _coldReaders.Dispose();
        _disk.Dispose();
        _directory.Dispose();
    }
}
