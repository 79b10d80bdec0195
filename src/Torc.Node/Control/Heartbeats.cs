using Torc.Core.Membership;
using Torc.Node.Peers;

namespace Torc.Node.Control;

/// <summary>What this node says of itself in each heartbeat, and what it takes from those of others: judgements of a node about itself, which all others follow.</summary>
internal sealed class Heartbeats(TorcNode node, byte levelMax, PeerReports reports)
{
    private readonly SlowDisks _slowDisks = new();
    private readonly HashSet<ushort> _knowOfStop = []; // over the present link
    private long _stopsSinceMicros = long.MaxValue;

    public LogPositions Positions { get; } = new(node);

    /// <summary>This node is about to end.</summary>
    public bool StopsItself => _stopsSinceMicros != long.MaxValue;

    public bool HasSlowDisk(ushort of) => of == node.Identity.Self.Id ? _slowDisks.IsOwnSlow : _slowDisks.IsSlow(of);

    public bool IsStopping(ushort of) => of == node.Identity.Self.Id ? StopsItself : reports.IsStopping(of);

    /// <summary>From now on heartbeats say that this node stops.</summary>
    public void BeginStopping(Instant now) => _stopsSinceMicros = Math.Min(_stopsSinceMicros, now.MonotonicMicros);

    /// <summary>A peer has answered a heartbeat that said that this node stops.</summary>
    public bool KnowsOfStop(ushort peer) => _knowOfStop.Contains(peer);

    public void LinkDown(ushort from)
    {
        _slowDisks.Forget(from);
        _knowOfStop.Remove(from);
    }

    public void JudgeDisk(Instant now, Outbox outbox)
    {
        if (_slowDisks.Judge(node.SyncMicros, now))
            outbox.Events.Add(new NodeEvent(_slowDisks.IsOwnSlow ? NodeEventKind.DiskSlow : NodeEventKind.DiskFast, Count: (int)(node.SyncMicros / Instant.MicrosPerMs)));
    }

    public void Take(ushort from, in HeartbeatMessage heartbeat)
    {
        reports.Take(from, heartbeat);
        Positions.Take(from, heartbeat.Log);
        _slowDisks.Hear(from, heartbeat.SyncMicros, heartbeat.HasSlowDisk);
    }

    public void TakeEcho(ushort from, in HeartbeatMessage echo)
    {
        Take(from, echo);
        if (echo.SentMicros >= _stopsSinceMicros)
            _knowOfStop.Add(from);
    }

    public void Send(ushort to, Instant now, Outbox outbox) => Write(to, PeerMessageKind.Heartbeat, now.MonotonicMicros, now, outbox);

    /// <summary>Answers a heartbeat with its own time.</summary>
    public void Echo(ushort to, in HeartbeatMessage heartbeat, Instant now, Outbox outbox) =>
        Write(to, PeerMessageKind.HeartbeatEcho, heartbeat.SentMicros, now, outbox);

    private void Write(ushort to, PeerMessageKind kind, long sentMicros, Instant now, Outbox outbox)
    {
        // The epoch is read before the flags: flags may be of a later map than is told, never of an earlier one.
        ulong epoch = node.MapEpochInShards;
        new HeartbeatMessage
        {
            SentMicros = sentMicros,
            WallMs = now.WallMs,
            MapEpoch = epoch,
            SyncMicros = node.SyncMicros,
            HasSlowDisk = _slowDisks.IsOwnSlow,
            KeepsHints = node.KeepsHints,
            IsStopping = StopsItself,
            Level = levelMax,
            Log = Positions.Own,
            IncompleteBits = reports.OwnIncompleteBits(),
            BehindBits = reports.OwnBehindBits(),
        }.Write(outbox.Immediate(to), kind);
    }
}
