using System.Collections.Concurrent;
using Torc.Base;
using Torc.Core.Consensus;
using Torc.Core.Placement;
using Torc.Node;
using Torc.Node.Control;
using Torc.Node.Peers;
using Torc.Server.Hosting.Peers;
using Torc.Server.Hosting.Shards;

namespace Torc.Server.Hosting;

internal enum ControlWorkKind { LinkUp, LinkDown, Frame, MapPersisted, VoteSaved, Request, LogWentBack, Stop, Tick }

/// <summary>One input of the control plane.</summary>
internal readonly record struct ControlWork(ControlWorkKind Kind, ushort Node = 0, object? Subject = null);

/// <summary>
/// Runs the node's control plane for real: turns one at a time, effects outside them, and every new view handed to all
/// shards in order. New maps and votes are made durable one after another, on a thread of the pool, and told to the control plane afterwards.
/// </summary>
internal sealed class ControlHost(HostParts parts, Action<ClusterMap> saveMap, Action<AcceptorState> saveVote) : SerialExecutor<ControlWork>
{
    private readonly ConcurrentQueue<object> _toPersist = new();
    private readonly ControlPlane _control = parts.Node.Control;
    private ClusterView _published = parts.Node.Control.View;
    private ShardHost[] _shards = [];
    private PeerDialers? _dialers;
    private int _tickWaits;
    private int _persisting;
    private long _requests;

    /// <summary>Gives the shards the view as it is, and the control plane its first turn.</summary>
    internal void Start(ShardHost[] shards)
    {
        _shards = shards;
        Publish(_control.View);
        Turn(static (control, now, outbox) => control.Start(now, outbox));
    }

    /// <summary>From now on links are opened to whom the control plane wants, with its next turn.</summary>
    internal void Dial(PeerDialers dialers) => Volatile.Write(ref _dialers, dialers);

    internal void OnLinkUp(ushort node)
    {
        Add(new ControlWork(ControlWorkKind.LinkUp, node));
        Pump();
    }

    internal void OnLinkDown(ushort node)
    {
        Add(new ControlWork(ControlWorkKind.LinkDown, node));
        Pump();
    }

    internal void OnFrame(ReceivedFrame frame)
    {
        Add(new ControlWork(ControlWorkKind.Frame, frame.From, frame));
        Pump();
    }

    /// <summary>The number of the last request that was handed over; 0 without any.</summary>
    internal long LastRequest => Interlocked.Read(ref _requests);

    /// <summary>Hands an operator's request to the control plane; the number under which its reports tell the outcome.</summary>
    internal long Ask(ClusterWish wish)
    {
        long number = Interlocked.Increment(ref _requests);
        Add(new ControlWork(ControlWorkKind.Request, Subject: new ClusterRequest(number, wish)));
        Pump();
        return number;
    }

    /// <summary>A peer remembers more of this node's log than was found at this start.</summary>
    internal void OnLogWentBack(string detail)
    {
        Add(new ControlWork(ControlWorkKind.LogWentBack, Subject: detail));
        Pump();
    }

    /// <summary>Tells the peers that this node is about to end.</summary>
    internal void BeginStopping()
    {
        Add(new ControlWork(ControlWorkKind.Stop));
        Pump();
    }

    internal void Tick()
    {
        if (Interlocked.Exchange(ref _tickWaits, 1) == 0)
            Add(new ControlWork(ControlWorkKind.Tick));
        Pump();
    }

    protected override int RunTurn(ConcurrentQueue<ControlWork> work, int available)
    {
        if (!work.TryDequeue(out ControlWork next))
            return 0;
        try
        {
            Turn((control, now, outbox) => Run(control, next, now, outbox));
        }
        catch (Exception error)
        {
            parts.Fate.Fail(error);
        }
        return 1;
    }

    private void Turn(Action<ControlPlane, Instant, Outbox> step)
    {
        Outbox outbox = parts.Outboxes.Rent();
        step(_control, HostClock.Now, outbox);
        parts.Events.Take(outbox.Events);
        parts.Links.SendImmediate(outbox);
        parts.Links.SendGated(outbox);
        foreach (ushort node in outbox.LinksToEnd)
            parts.Links.End(node, "no member any more, or known by another id");
        ClusterMap? map = outbox.MapToPersist;
        Vote? vote = outbox.VoteToPersist;
        parts.Outboxes.Return(outbox);
        _dialers?.Follow(_control.Targets);
        if (_control.View != _published)
            Publish(_control.View);
        if (vote is not null)
            Persist(vote);
        if (map is not null)
            Persist(map);
    }

    private void Run(ControlPlane control, ControlWork work, Instant now, Outbox outbox)
    {
        switch (work.Kind)
        {
            case ControlWorkKind.LinkUp:
                control.OnLinkUp(work.Node, now, outbox);
                break;
            case ControlWorkKind.LinkDown:
                control.OnLinkDown(work.Node, now, outbox);
                break;
            case ControlWorkKind.Frame:
                RunFrame(control, (ReceivedFrame)work.Subject!, now, outbox);
                break;
            case ControlWorkKind.MapPersisted:
                control.OnMapPersisted((ClusterMap)work.Subject!, now, outbox);
                break;
            case ControlWorkKind.VoteSaved:
                control.OnVoteSaved((Vote)work.Subject!, now, outbox);
                break;
            case ControlWorkKind.Request:
                control.Ask((ClusterRequest)work.Subject!, now, outbox);
                break;
            case ControlWorkKind.LogWentBack:
                control.OnLogWentBack((string)work.Subject!, now, outbox);
                break;
            case ControlWorkKind.Stop:
                control.BeginStopping(now, outbox);
                break;
            default:
                Volatile.Write(ref _tickWaits, 0);
                control.Tick(now, outbox);
                break;
        }
    }

    /// <summary>Forming a cluster must not hear an older run of a peer after a newer one, so frames of a replaced link are dropped.</summary>
    private void RunFrame(ControlPlane control, ReceivedFrame frame, Instant now, Outbox outbox)
    {
        var reader = new PeerMessageReader(frame.Messages);
        while (frame.IsCurrent(parts.Links) && reader.TryRead(out PeerMessage message))
        {
            if (message.Partition == PeerFrame.ControlPartition)
                control.OnPeerMessage(frame.From, message, now, outbox);
        }
        frame.Release();
    }

    private void Publish(ClusterView view)
    {
        _published = view;
        foreach (ShardHost shard in _shards)
            shard.OnViewChanged(view);
    }

    private void Persist(object mapOrVote)
    {
        _toPersist.Enqueue(mapOrVote);
        if (Interlocked.Increment(ref _persisting) == 1)
            ThreadPool.UnsafeQueueUserWorkItem(static host => host.PersistAll(), this, preferLocal: false);
    }

    private void PersistAll()
    {
        try
        {
            do
            {
                _toPersist.TryDequeue(out object? next);
                if (next is ClusterMap map)
                {
                    saveMap(map);
                    Add(new ControlWork(ControlWorkKind.MapPersisted, Subject: map));
                }
                else
                {
                    saveVote(((Vote)next!).State);
                    Add(new ControlWork(ControlWorkKind.VoteSaved, Subject: next));
                }
                Pump();
            }
            while (Interlocked.Decrement(ref _persisting) > 0);
        }
        catch (Exception error)
        {
            parts.Fate.Fail(error);
        }
    }
}
