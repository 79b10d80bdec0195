using System.Diagnostics;
using Microsoft.AspNetCore.Connections;
using Torc.Core.Placement;
using Torc.Node;
using Torc.Node.Control;
using Torc.Node.Shards;
using Torc.Server.Data;
using Torc.Server.Hosting.Clients;
using Torc.Server.Hosting.Peers;
using Torc.Server.Hosting.Shards;
using Torc.Server.Logging;
using Torc.Server.Settings;
using Torc.Server.Sockets;
using Torc.Storage;
using Torc.Storage.Disk;

namespace Torc.Server.Hosting;

/// <summary>
/// A node at work: its shards with their threads, its control plane, its peers and its clients. Made in the order
/// <see cref="Recover"/>, <see cref="Start"/>, <see cref="LetGo"/>, <see cref="StopCleanly"/>; a node that was only recovered stops cleanly too.
/// </summary>
internal sealed class NodeHost : IDisposable
{
    /// <summary>A peer is silent for this many times the down limit before its connection is given up.</summary>
    private const int SilenceFactor = 2;

    private readonly SettingValues _settings;
    private readonly NodeHome _home;
    private readonly INodeFate _fate;
    private readonly ILogger _log;
    private readonly CancellationTokenSource _stopping = new();
    private readonly LoopTransport _transport;
    private readonly ColdReaders _coldReaders;
    private readonly HostParts _parts;
    private readonly ControlHost _control;
    private ShardHost[] _shards = [];
    private PeerDoor? _door;
    private PeerDialers? _dialers;
    private HostTimer? _timer;
    private StorageTotals _totals = new() { Shards = [] };
    private long _totalsMicros;
    private long _startedMicros;
    private bool _wasDiskFull;

    internal NodeHost(SettingValues settings, NodeHome home, ClientRegistry clients, LoopTransport transport, INodeFate fate, ILoggerFactory loggers)
    {
        _settings = settings;
        _home = home;
        _fate = fate;
        _log = loggers.CreateLogger<NodeHost>();
        _transport = transport;
        _coldReaders = new ColdReaders(fate);
        Surroundings = new ProcessSurroundings(settings, clients, Totals);
        Identity identity = home.Identity;
        NodeInfo self = NodeConfiguration.Self(settings, home.NodeId, identity.Birth);
        var node = new TorcNode(
            new NodeIdentity(self, identity.Incarnation, home.Map, identity.ShardCount, home.Vote),
            NodeConfiguration.Formation(settings), NodeConfiguration.Options(settings),
            NodeConfiguration.Limits(settings, identity.SegmentBytes), Surroundings, TorcNode.MakeCommandTable());
        Surroundings.Metrics = node.Metrics;
        var links = new PeerLinks(peer => _control!.OnLinkUp(peer), peer => _control!.OnLinkDown(peer));
        _parts = new HostParts(node, clients, links, new EventSink(_log), new OutboxPool(), fate);
        _control = new ControlHost(_parts, map => Save(() => _home.SaveMap(map)), vote => Save(() => _home.SaveVote(vote)));
        Surroundings.Control = _control;
        Surroundings.View = () => View;
    }

    internal HostParts Parts => _parts;

    internal ProcessSurroundings Surroundings { get; }

    internal IReadOnlyList<ShardHost> Shards => _shards;

    internal ColdReaders ColdReaders => _coldReaders;

    internal ClusterView View => _parts.Node.View;

    /// <summary>True between <see cref="Start"/> and <see cref="StopCleanly"/>.</summary>
    internal bool IsServing { get; private set; }

    /// <summary>Since <see cref="Start"/>.</summary>
    internal TimeSpan Serving => TimeSpan.FromMicroseconds(HostClock.MonotonicMicros - _startedMicros);

    /// <summary>The process is about to end.</summary>
    internal bool IsStopping { get; private set; }

    /// <summary>Opens every shard's log, all at once; what they appended in doing so is durable when it returns.</summary>
    internal void Recover()
    {
        int count = _home.Identity.ShardCount;
        var disks = new IDisk[count];
        for (int shard = 0; shard < count; shard++)
            disks[shard] = _home.ShardDisk(shard);
        var opened = new (ShardStore Store, RecoveryReport Report)[count];
        Parallel.For(0, count, shard => opened[shard] = OpenStore(shard, disks[shard]));
        var hosts = new ShardHost[count];
        for (int shard = 0; shard < count; shard++)
        {
            Shard machine = _parts.Node.OpenShard(shard, opened[shard].Store, opened[shard].Report, disks[shard], StorageOptions(shard));
            hosts[shard] = new ShardHost(machine, disks[shard], StorageOptions(shard), _parts, _coldReaders, _transport.LoopFor(shard));
        }
        _shards = hosts;
        foreach (ShardHost host in hosts)
            host.FlushOpening();
    }

    /// <summary>Starts threads and peer links; clients may be served from now on.</summary>
    internal void Start()
    {
        foreach (ShardHost shard in _shards)
            shard.Start();
        _control.Start(_shards);
        _door = new PeerDoor(_parts.Node, _parts.Links, _control, _shards, NodeConfiguration.Secret(_settings), _log, _stopping.Token);
        _dialers = new PeerDialers(_transport, _parts.Links, _door.OnDialled, _log, _stopping.Token);
        _control.Dial(_dialers);
        _timer = new HostTimer(_parts.Node.Options.TickIntervalMs, Tick, Housekeep, _fate);
        _startedMicros = HostClock.MonotonicMicros;
        IsServing = true;
        WarnOfMovedPlace();
    }

    /// <summary>Where a member is, is the map's to say; settings say it when it joins. (Its weight too, but that is often changed later.)</summary>
    private void WarnOfMovedPlace()
    {
        NodeInfo set = _parts.Node.Identity.Self;
        if (View.Map?.NodeOf(View.Self) is { } mapped && (mapped.DataCentre, mapped.Rack) != (set.DataCentre, set.Rack))
            _log.PlaceDiffers(mapped.DataCentre, mapped.Rack, set.DataCentre, set.Rack);
    }

    internal ClientConnection OpenClient(ConnectionContext connection, long id, string address, string localAddress) =>
        new(connection, _parts.Node.OpenSession(id, address, localAddress), _shards, _settings.Get(SettingTable.OutputBufferLimit));

    internal Task OnPeerConnected(ConnectionContext connection)
    {
        if (_door is { } door)
            return door.OnAccepted(connection);
        connection.Abort();
        return Task.CompletedTask;
    }

    /// <summary>
    /// Before <see cref="StopCleanly"/>: peers are told to give this node nothing more to coordinate, and what they have given it is answered. A peer that
    /// asked and got no answer could tell its client only that the outcome is not known.
    /// </summary>
    /// <returns>False when it took too long.</returns>
    internal async Task<bool> LetGo(TimeSpan patience)
    {
        const int pollMs = 10;
        const int quietPolls = 3; // what a peer sent before it knew may still come
        IsStopping = true;
        _control.BeginStopping();
        long deadline = HostClock.MonotonicMicros + (long)patience.TotalMicroseconds;
        for (int quiet = 0; quiet < quietPolls; quiet = HasLetGo() ? quiet + 1 : 0)
        {
            if (HostClock.MonotonicMicros >= deadline)
                return false;
            await Task.Delay(pollMs);
        }
        foreach (ShardHost shard in _shards)
            await shard.WhenOpen(pollMs, deadline);
        await Task.Delay(pollMs); // replies that waited for the log are on their way
        return true;
    }

    private bool HasLetGo() => _parts.Node.Control.PeersKnowOfStop && _shards.Sum(static shard => shard.ForwardedUnderWay) == 0;

    /// <summary>Leaves the cluster's links and makes every log durable with the mark of a clean stop.</summary>
    internal async Task StopCleanly()
    {
        IsServing = false;
        await _stopping.CancelAsync();
        _parts.Links.EndAll("this node stops");
        if (_dialers is not null)
            await _dialers.WhenStopped();

        // The last link ends on an event loop, which must not run what follows: it waits for the disk.
        await Task.Yield();
        _timer?.Dispose();
        _timer = null;
        foreach (ShardHost shard in _shards)
            shard.StopCleanly();
    }

    /// <summary>Figures of storage, at most a second old: asking takes each shard's lock.</summary>
    internal StorageTotals Totals()
    {
        const long freshMicros = 1_000_000;
        long now = HostClock.MonotonicMicros;
        if (_shards.Length > 0 && now - Interlocked.Read(ref _totalsMicros) > freshMicros)
        {
            Volatile.Write(ref _totals, StorageTotals.Gather(_shards, _parts.Node.PartitionCount));
            Interlocked.Exchange(ref _totalsMicros, now);
        }
        return Volatile.Read(ref _totals);
    }

    public void Dispose()
    {
        _timer?.Dispose();
        _coldReaders.Dispose();
        foreach (ShardHost shard in _shards)
            shard.Dispose();
        _stopping.Dispose();
    }

    private StorageOptions StorageOptions(int shard) =>
        NodeConfiguration.Storage(_settings, _home.Identity.SegmentBytes, shard, _home.Identity.ShardCount);

    private (ShardStore Store, RecoveryReport Report) OpenStore(int shard, IDisk disk)
    {
        long began = Stopwatch.GetTimestamp();
        OpenOutcome outcome = ShardStore.Open(disk, StorageOptions(shard), HostClock.Now, out ShardStore? store, out RecoveryReport report);
        if (outcome != OpenOutcome.Opened)
            throw new DataDirectoryException($"shard {shard} in {_home.Name}: {report.Refusal} Nothing was changed. {WhatToDo(outcome)}");
        _log.ShardOpened(shard, (long)Stopwatch.GetElapsedTime(began).TotalMilliseconds, report.Records, report.LogBytes, report.Segments);
        foreach (Damage damage in report.Damages)
            _log.Damaged($"shard {shard}, {damage.File}", damage.Offset, damage.What);
        return (store!, report);
    }

    private static string WhatToDo(OpenOutcome outcome) => outcome == OpenOutcome.Unreadable
        ? "Start again; if that does not help, start with an empty --data, on another disk if this one is broken: the other copies fill it."
        : "Start with another --data, or with the torc that made this one.";

    /// <summary>A full disk loses no map and no vote: the node waits for room, and goes on by the map that it has.</summary>
    private void Save(Action save)
    {
        const int pauseMs = 1_000;
        while (true)
        {
            try
            {
                save();
                return;
            }
            catch (DataDirectoryException)
            {
                _log.MapNotSaved();
                if (_stopping.Token.WaitHandle.WaitOne(pauseMs))
                    return;
            }
        }
    }

    private void TakeReserve()
    {
        try
        {
            _home.TakeReserve();
        }
        catch (DiskFailedException error)
        {
            _fate.Fail(error);
        }
    }

    private void Tick()
    {
        foreach (ShardHost shard in _shards)
            shard.Tick();
        _control.Tick();
    }

    private void Housekeep()
    {
        long now = HostClock.MonotonicMicros;
        _parts.Clients.EndOverdue(now, _settings.Get(SettingTable.Timeout), _settings.Get(SettingTable.OutputStallSeconds));
        _parts.Links.EndSilent(now, SilenceFactor * _parts.Node.Control.LinkSilenceMs);
        bool full = Totals().IsDiskFull;
        if (full && !_wasDiskFull)
            _log.DiskFull();
        if (!full && _wasDiskFull)
            _log.DiskRoom();
        _wasDiskFull = full;
        if (!_home.HasReserve)
            ThreadPool.UnsafeQueueUserWorkItem(static host => host.TakeReserve(), this, preferLocal: false);
    }
}
