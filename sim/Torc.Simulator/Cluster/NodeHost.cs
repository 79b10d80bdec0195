using System.Runtime.InteropServices;
using Torc.Base;
using Torc.Core.Membership;
using Torc.Core.Placement;
using Torc.Node;
using Torc.Node.Control;
using Torc.Node.Peers;
using Torc.Simulator.Defects;
using Torc.Simulator.Disks;
using Torc.Simulator.Network;
using Torc.Simulator.Runs;
using Torc.Storage;
using Torc.Storage.Disk;

namespace Torc.Simulator.Cluster;

/// <summary>
/// One run of one node's process: drives the shipped <see cref="TorcNode"/> as Server does, in virtual time. Everything scheduled
/// here dies with the process, and waits while the machine is paused.
/// </summary>
internal sealed class NodeHost
{
    private const long LetGoMicrosMax = 2_000_000;
    private const long LookMicros = 10_000;
    private const int QuietLooks = 3;
    private readonly SimulatedMachine _machine;
    private readonly ClusterContext _context;
    private readonly Stack<Outbox> _freeOutboxes = new();
    private ulong _lastVote;
    private readonly List<ShardHost> _shards = [];
    private readonly PeerLinks _links;
    private readonly ClientDoor _door;
    private readonly FrameTampering? _tampering;
    private readonly EarlyCollection? _collection;
    private bool _isServing;
    private bool _isStopping;

    private NodeHost(SimulatedMachine machine, ClusterContext context, NodeIdentity identity, FormationSettings formation)
    {
        _machine = machine;
        _context = context;
        Random = machine.Random;
        Node = new TorcNode(identity, formation with { LevelMax = machine.LevelMax }, context.Settings.Node, Protocols.Resp.RespLimits.Default, context.Surroundings, context.Commands);
        _links = new PeerLinks(this);
        _door = new ClientDoor(this);
        _tampering = FrameTampering.For(context.Defect, this);
        _collection = context.Defect == Defect.TombstoneDroppedEarly ? new EarlyCollection(this) : null;
    }

    public TorcNode Node { get; }

    public int Id => _machine.Id;

    /// <summary>By a member of a cluster whose members never change every greeting is to be taken.</summary>
    public bool MayRefuse => _context.Settings.Changes.IsAny || Node.View.Standing != Standing.Member
        || (Node.View.Map is { } map && (map.Removed.Count > 0 || map.Nodes.Count != _context.Formation.FirstNodes.Count));

    public SeededRandom Random { get; }

    public SimulatedNetwork Network => _context.Network;

    public IReadOnlyList<ShardHost> Shards => _shards;

    public bool IsRunning { get; private set; } = true;

    public ulong SettingsDigest => Node.Control.SettingsDigest;

    public Instant Now => _context.Defect == Defect.StoppedWallClock
        ? _machine.Clock.Now with { WallMs = ClusterContext.EpochWallMs }
        : _machine.Clock.Now;

    /// <summary>Opens the stores and starts; null when a disk failed under it, or a store would not open.</summary>
    public static NodeHost? TryStart(SimulatedMachine machine, ClusterContext context, NodeIdentity identity, FormationSettings formation)
    {
        var host = new NodeHost(machine, context, identity, formation);
        for (int index = 0; index < identity.ShardCount; index++)
        {
            if (!host.TryOpenShard(index, machine.Disks[index]))
            {
                host.Stop();
                return null;
            }
        }
        return host;
    }

    /// <summary>Begins to serve: links, clients, ticks.</summary>
    public void Serve()
    {
        ControlTurn((control, outbox) => control.Start(Now, outbox));
        foreach (ShardHost shard in _shards)
            shard.Turn(target => target.OnViewChanged(Node.View));
        Network.Listen(PeerAddress(Id), _links.Accept);
        Network.Listen(ClientAddress(Id), _door.Accept);
        _isServing = true;
        _links.Follow(Node.Control.Targets);
        After(Random.Between(0, TickMicros), Tick);
    }

    /// <summary>Lets go of what it coordinates for others, as Server does, then closes its logs; nothing when it is about to already.</summary>
    /// <param name="ended">Called when all logs are closed, or a disk has failed; not when the process was killed before.</param>
    public void BeginStopping(Action ended)
    {
        if (_isStopping)
            return;
        _isStopping = true;
        ControlTurn((control, outbox) => control.BeginStopping(Now, outbox));
        LetGo(Now.MonotonicMicros + LetGoMicrosMax, 0, ended);
    }

    /// <summary>The process is gone. What was sent is on its way, nothing else happens any more.</summary>
    public void Stop()
    {
        IsRunning = false;
        foreach (ShardHost shard in _shards)
            shard.Shard.Store.Dispose();
    }

    public int PeerAddress(int node) => ClusterContext.PeerAddress(node);

    public int ClientAddress(int node) => ClusterContext.ClientAddress(node);

    /// <summary>One side of the opening of a link; <paramref name="target"/> is null when the peer connected.</summary>
    public LinkHandshake MakeHandshake(LinkTarget? target)
    {
        LinkPolicy policy = Node.Control.Policy;
        PeerGreeting own = Node.Greet(policy, 1, new UInt128(Random.Next(), Random.Next()));
        if (_context.Defect == Defect.WipeUnnoticed)
            own = own with { Runs = new LogRuns(new LogRun(own.Incarnation, long.MaxValue)) }; // that the peers would notice
        return new LinkHandshake(own, _context.Secret, target?.Node, policy, dialsAnyone: target is { Node: null });
    }

    public void After(long delayMicros, Action action) =>
        _context.Queue.After(delayMicros, ClusterContext.Label(Id), () => WhenAwake(action));

    public void AfterDiskWork(DiskWork work, Action action) => After(_machine.DrawDiskMicros(work), action);

    /// <summary>Runs it now, when the machine wakes up, or never when the process is gone by then.</summary>
    public void WhenAwake(Action action) => _machine.WhenAwake(() =>
    {
        if (IsRunning)
            action();
    });

    /// <summary>Disk work that may fail for good: then the node stops itself.</summary>
    public bool RunOnDisk(Action work)
    {
        try
        {
            work();
            return true;
        }
        catch (DiskFailedException)
        {
            _machine.StopOnDiskFailure();
            return false;
        }
    }

    public void ControlTurn(Action<ControlPlane, Outbox> input)
    {
        ClusterView before = Node.View;
        Outbox outbox = RentOutbox();
        input(Node.Control, outbox);
        EndControlTurn(before, outbox);
    }

    public void OnFrame(ushort from, byte[] messages, bool isGuest)
    {
        if (_tampering is not null && !isGuest)
            messages = _tampering.Received(from, messages);
        ulong shards = 0;
        var reader = new PeerMessageReader(messages);
        while (reader.TryRead(out PeerMessage message))
        {
            if (message.Partition == PeerFrame.ControlPartition)
                OnControlMessage(from, message);
            else if (!isGuest)
                shards |= 1UL << Node.ShardOf(message.Partition);
            if (CarriedWrite.TryRead(message, out WriteMessage write))
                _context.Observer.OnWriteArrived(Node.Identity.Self.Id, write.Delta.MaxVersion.ToUInt128(), Node.View.Map?.EpochOf(message.Partition) ?? 0);
        }
        Check.That(!reader.Failed);
        for (int index = 0; index < _shards.Count && IsRunning; index++)
        {
            if ((shards & (1UL << index)) != 0)
                TurnOnFrame(index, from, messages);
        }
    }

    public Outbox RentOutbox() => _freeOutboxes.TryPop(out Outbox? free) ? free : new Outbox();

    public void Return(Outbox outbox)
    {
        outbox.Clear();
        _freeOutboxes.Push(outbox);
    }

    public void SendImmediate(Outbox outbox)
    {
        foreach (ushort node in outbox.ImmediateNodes)
            Send(node, outbox.ImmediateFrames(node));
    }

    /// <summary>Replies that wait for nothing here, to be delivered once the turn's other effects are on their way: a reply can bring the next turn.</summary>
    public void Deliver(ReadOnlySpan<byte> bytes, ReadOnlySpan<SessionReply> ready) => _door.Deliver(bytes, ready);

    public void SendGatedFrames(Outbox outbox)
    {
        foreach (ushort node in outbox.GatedNodes)
            Send(node, outbox.GatedFrames(node));
    }

    public void SendGatedReplies(Outbox outbox) => _door.Deliver(outbox.ReplyBytes.Written, CollectionsMarshal.AsSpan(outbox.Replies));

    public void Report(List<NodeEvent> events)
    {
        foreach (NodeEvent happened in events)
            _context.Observer.OnNodeEvent(Id, happened);
    }

    private void LetGo(long deadlineMicros, int quiet, Action ended)
    {
        bool hasLetGo = Node.Control.PeersKnowOfStop && _shards.TrueForAll(static shard => shard.Shard.ForwardedUnderWay == 0);
        quiet = hasLetGo ? quiet + 1 : 0;
        if (quiet < QuietLooks && Now.MonotonicMicros < deadlineMicros)
        {
            After(LookMicros, () => LetGo(deadlineMicros, quiet, ended));
            return;
        }
        _shards.TrueForAll(static shard => shard.TryCloseClean()); // a disk that fails ends the process all the same
        ended();
    }

    private void Send(ushort node, ReadOnlySpan<byte> frames)
    {
        _tampering?.Sent(frames);
        _links.Send(node, frames);
    }

    private long TickMicros => _context.Settings.Node.TickIntervalMs * Instant.MicrosPerMs;

    private void Tick()
    {
        After(TickMicros, Tick);
        ControlTurn((control, outbox) => control.Tick(Now, outbox));
        foreach (ShardHost shard in _shards)
        {
            shard.Turn(target => target.Tick());
            shard.StartMaintenance();
        }
        _collection?.Run();
    }

    private void TurnOnFrame(int index, ushort from, byte[] messages) => _shards[index].Turn(shard =>
    {
        var reader = new PeerMessageReader(messages);
        PeerMessageReader ahead = reader;
        int brought = 0;
        for (int message = 0; reader.TryRead(out PeerMessage next); message++)
        {
            if (message == brought)
                brought += shard.Approaches.Bring(ref ahead);
            if (shard.IsFor(next))
                shard.OnPeerMessage(from, next);
        }
    });

    private void OnControlMessage(ushort from, in PeerMessage message)
    {
        ClusterView before = Node.View;
        Outbox outbox = RentOutbox();
        Node.Control.OnPeerMessage(from, message, Now, outbox);
        EndControlTurn(before, outbox);
    }

    private void EndControlTurn(ClusterView before, Outbox outbox)
    {
        Report(outbox.Events);
        SendImmediate(outbox);
        ushort[] ending = [.. outbox.LinksToEnd];
        if (outbox.MapToPersist is { } map)
            AfterDiskWork(DiskWork.Flush, () => OnMapPersisted(map));
        if (outbox.VoteToPersist is { } vote)
            AfterDiskWork(DiskWork.Flush, () => OnVoteSaved(vote));
        Return(outbox);
        if (_isServing)
            _links.Follow(Node.Control.Targets);
        Array.ForEach(ending, node => _links.End(node));
        ClusterView view = Node.View;
        if (view == before)
            return;
        foreach (ShardHost shard in _shards)
            shard.Turn(target => target.OnViewChanged(view));
    }

    private void OnMapPersisted(ClusterMap map)
    {
        _context.Observer.OnMapDurable(Id, Node.Identity, map);
        if (_context.Defect == Defect.RemovedNotFenced && map.IsRemoved(Node.Identity.Self.Id))
            return;
        _machine.PersistedMap = map;
        ControlTurn((control, outbox) => control.OnMapPersisted(map, Now, outbox));
    }

    private void OnVoteSaved(Vote vote)
    {
        if (vote.Number > _lastVote)
        {
            _lastVote = vote.Number;
            _machine.SavedVote = vote.State;
            _context.Observer.OnVoteDurable(Id, vote.State);
        }
        ControlTurn((control, outbox) => control.OnVoteSaved(vote, Now, outbox));
    }

    private Gating GatingOf(Durability durability) => _context.Defect switch
    {
        Defect.ReplyBeforeSync or Defect.ReplyBeforeWrite => Gating.None,
        Defect.AckBeforeSync => Gating.RepliesOnly,
        Defect.ReadBeforeSync => Gating.AllButReads,
        _ => durability == Durability.Always ? Gating.UntilDurable : Gating.UntilWritten,
    };

    private bool TryOpenShard(int index, CrashableDisk disk)
    {
        StorageOptions options = _context.Settings.Storage with { ShardIndex = index };
        ShardStore? store = null;
        RecoveryReport? report = null;
        OpenOutcome outcome = OpenOutcome.Opened;
        if (!RunOnDisk(() => outcome = ShardStore.Open(disk, options, Now, out store, out report)))
            return false;
        if (outcome == OpenOutcome.Unreadable)
        {
            _machine.Start(); // the process ends, and a supervisor starts it again
            return false;
        }
        if (outcome != OpenOutcome.Opened)
            throw new InvariantException($"node {Id} cannot open shard {index}: {outcome}: {report!.Refusal}");
        if (_context.Defect == Defect.FloorForgotten)
            ForgottenFloors.Run(store!, disk, Node.PartitionCount);
        var shard = new ShardHost(this, Node.OpenShard(index, store!, report!, disk, options), disk, GatingOf(options.Durability));
        _shards.Add(shard);
        Outbox outbox = RentOutbox();
        shard.Shard.BeginTurn(Now, outbox);
        shard.Shard.EndTurn();
        Check.That(!outbox.HasGated && outbox.ImmediateNodes.Count == 0 && outbox.ColdReads.Count == 0);
        Return(outbox);
        return shard.FlushAtStart();
    }
}
