using Torc.Core.Consensus;
using Torc.Core.Placement;
using Torc.Node.Commands;
using Torc.Node.Peers;
using Torc.Storage;

namespace Torc.Node;

/// <summary>A reply on its way to a session: a range of <see cref="Outbox.ReplyBytes"/>.</summary>
public readonly record struct SessionReply(Request Request, int Start, int Length)
{
    /// <summary>How many of some replies, from the first on, go to the same session.</summary>
    public static int OfOneSession(ReadOnlySpan<SessionReply> replies)
    {
        int count = 1;
        while (count < replies.Length && replies[count].Request.Session == replies[0].Request.Session)
            count++;
        return count;
    }
}

/// <summary>What this node promised or accepted as a voter on the cluster map, and the number to tell when it is durable.</summary>
public sealed record Vote(AcceptorState State, ulong Number);

/// <summary>
/// The effects of one turn of a shard or of the control plane, performed by the host after it left the lock.
/// </summary>
/// <remarks>
/// Order of performance: <see cref="Immediate"/> frames and <see cref="ReadyReplies"/> at once. <see cref="Gated"/> frames and <see cref="Replies"/> when the
/// shard's log is durable past <see cref="Barrier"/> under durability <c>always</c>, and otherwise written past it: a reply must not
/// tell of a record that a power failure, or the end of the process, could still take away. Frames to one peer keep their order within each kind.
/// One owner at a time; the host reuses it after <see cref="Clear"/>.
/// </remarks>
public sealed class Outbox
{
    private readonly List<ushort> _immediateNodes = [];
    private readonly List<ushort> _gatedNodes = [];
    private PeerBuffer?[] _immediate = [];
    private PeerBuffer?[] _gated = [];

    /// <summary>The log offset past everything this turn appended or observed; 0 when it did neither.</summary>
    public long Barrier { get; private set; }

    public ByteWriter ReplyBytes { get; } = new(1024);

    public List<SessionReply> Replies { get; } = [];

    /// <summary>Replies that other nodes coordinated: they tell of no record here, and leave at once, whatever else the turn did.</summary>
    public List<SessionReply> ReadyReplies { get; } = [];

    public List<ColdRead> ColdReads { get; } = [];

    /// <summary>Things that happened, for metrics, logs and the simulator's checkers.</summary>
    public List<NodeEvent> Events { get; } = [];

    /// <summary>Nodes with frames in <see cref="Immediate"/>, in order of first use.</summary>
    public IReadOnlyList<ushort> ImmediateNodes => _immediateNodes;

    public IReadOnlyList<ushort> GatedNodes => _gatedNodes;

    /// <summary>The map that the shard acts by in this turn: messages about a partition carry the epoch of its last change. Null for the control plane.</summary>
    public ClusterMap? Map { get; set; }

    /// <summary>A map that the host must make durable, then hand to <c>ControlPlane.OnMapPersisted</c>; null mostly.</summary>
    public ClusterMap? MapToPersist { get; set; }

    /// <summary>A vote that the host must make durable, after those that it was given before, then tell <c>ControlPlane.OnVoteSaved</c>; null mostly.</summary>
    public Vote? VoteToPersist { get; set; }

    /// <summary>Links that the host is to end: with nodes that are no members any more, or that know this one by another id.</summary>
    public List<ushort> LinksToEnd { get; } = [];

    /// <summary>Bytes of replies and frames for peers that the turn has made so far: the host ends a turn that has made many.</summary>
    public long Bytes
    {
        get
        {
            long bytes = ReplyBytes.Length;
            foreach (ushort node in _immediateNodes)
                bytes += _immediate[GuestLinks.PlaceOf(node)]!.Length;
            foreach (ushort node in _gatedNodes)
                bytes += _gated[GuestLinks.PlaceOf(node)]!.Length;
            return bytes;
        }
    }

    public bool HasGated => _gatedNodes.Count > 0 || Replies.Count > 0;

    public PeerBuffer Immediate(ushort node) => Buffer(ref _immediate, _immediateNodes, node);

    public PeerBuffer Gated(ushort node) => Buffer(ref _gated, _gatedNodes, node);

    public ReadOnlySpan<byte> ImmediateFrames(ushort node) => _immediate[GuestLinks.PlaceOf(node)]!.Seal();

    public ReadOnlySpan<byte> GatedFrames(ushort node) => _gated[GuestLinks.PlaceOf(node)]!.Seal();

    public void Observe(long logOffset) => Barrier = Math.Max(Barrier, logOffset);

    public void Clear()
    {
        foreach (ushort node in _immediateNodes)
            _immediate[GuestLinks.PlaceOf(node)]!.Clear();
        foreach (ushort node in _gatedNodes)
            _gated[GuestLinks.PlaceOf(node)]!.Clear();
        _immediateNodes.Clear();
        _gatedNodes.Clear();
        Barrier = 0;
        ReplyBytes.Clear();
        Replies.Clear();
        ReadyReplies.Clear();
        ColdReads.Clear();
        Events.Clear();
        Map = null;
        MapToPersist = null;
        LinksToEnd.Clear();
        VoteToPersist = null;
    }

    private PeerBuffer Buffer(ref PeerBuffer?[] buffers, List<ushort> nodes, ushort node)
    {
        int place = GuestLinks.PlaceOf(node);
        if (place >= buffers.Length)
            Array.Resize(ref buffers, place + 1);
        PeerBuffer buffer = buffers[place] ??= new PeerBuffer(this);
        if (buffer.IsEmpty)
            nodes.Add(node);
        return buffer;
    }
}
