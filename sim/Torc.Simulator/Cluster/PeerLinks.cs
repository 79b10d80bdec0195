using System.Collections.Immutable;
using Torc.Base;
using Torc.Node.Control;
using Torc.Node.Peers;
using Torc.Simulator.Network;

namespace Torc.Simulator.Cluster;

/// <summary>
/// The links of one node to its peers, as Server's: to whom the control plane wants, both sides run the shipped
/// handshake, then frames flow. A newer link of a peer replaces an older one. A connection that fails is tried again.
/// </summary>
internal sealed class PeerLinks(NodeHost host)
{
    private const long RetryMsMin = 20;
    private const long RetryMsMax = 300;
    private readonly Dictionary<int, PeerLink> _established = [];
    private readonly HashSet<LinkTarget> _dialled = []; // connected, connecting, or about to
    private ImmutableArray<LinkTarget> _targets = [];

    /// <summary>Dials whom the control plane wants from now on. A link that is wanted no more stays until the control plane ends it.</summary>
    public void Follow(ImmutableArray<LinkTarget> targets)
    {
        if (targets == _targets)
            return;
        _targets = targets;
        foreach (LinkTarget target in targets)
        {
            if (_dialled.Add(target))
                Dial(target);
        }
    }

    public void End(int peer)
    {
        if (_established.TryGetValue(peer, out PeerLink? link) && link.End is { IsOpen: true } end)
        {
            end.Close();
            OnClosed(link);
        }
    }

    /// <summary>Frames for a peer; dropped when there is no link, as a broken one would have.</summary>
    public void Send(int peer, ReadOnlySpan<byte> frames)
    {
        if (_established.TryGetValue(peer, out PeerLink? link) && link.End is { IsOpen: true })
            link.End.Send(frames);
    }

    public IConnectionHandler Accept(ConnectionEnd end)
    {
        var link = new PeerLink(this, host, target: null);
        link.Opened(end);
        return link;
    }

    private void Dial(LinkTarget target)
    {
        var link = new PeerLink(this, host, target);
        host.Network.Connect(host.PeerAddress(host.Id), host.PeerAddress(SimulatedMachine.IdOf(target.Address)), link, end =>
        {
            if (!host.IsRunning)
                end?.Close();
            host.WhenAwake(() => OnDialled(target, link, end));
        });
    }

    /// <summary>An end that closed before this node woke up has its own notice, which dials again.</summary>
    private void OnDialled(LinkTarget target, PeerLink link, ConnectionEnd? end)
    {
        if (end is null)
            DialLater(target);
        else if (end.IsOpen)
            link.Opened(end);
    }

    private void DialLater(LinkTarget target) => host.After(host.Random.Between(RetryMsMin, RetryMsMax) * Instant.MicrosPerMs, () =>
    {
        if (!_targets.Contains(target))
            _dialled.Remove(target);
        else if (target.Node is { } node && _established.ContainsKey(node))
            DialLater(target); // the peer dialled meanwhile
        else
            Dial(target);
    });

    internal void OnGreeted(PeerLink link)
    {
        if (link.IsGuest)
            link.Peer = Enumerable.Range(GuestLinks.First, GuestLinks.Max).First(number => !_established.ContainsKey(number));
        int peer = link.Peer;
        if (_established.Remove(peer, out PeerLink? older))
        {
            older.End!.Close();
            if (older.TakeTarget() is { } target)
                DialLater(target);
            host.ControlTurn((control, outbox) => control.OnLinkDown((ushort)peer, host.Now, outbox));
        }
        _established.Add(peer, link);
        host.ControlTurn((control, outbox) => control.OnLinkUp((ushort)peer, host.Now, outbox));
    }

    internal void OnClosed(PeerLink link)
    {
        if (_established.TryGetValue(link.Peer, out PeerLink? current) && current == link)
        {
            _established.Remove(link.Peer);
            host.ControlTurn((control, outbox) => control.OnLinkDown((ushort)link.Peer, host.Now, outbox));
        }
        if (link.TakeTarget() is { } target)
            DialLater(target);
    }
}

/// <summary>One connection to a peer: bytes to frames to messages.</summary>
internal sealed class PeerLink(PeerLinks links, NodeHost host, LinkTarget? target) : IConnectionHandler
{
    /// <summary>As in Server: the end of a half-open connection that waits for the other's proof would wait for ever.</summary>
    private const long HandshakeMsMax = 2_000;

    private readonly ReceiveBuffer _received = new();
    private readonly LinkHandshake _handshake = host.MakeHandshake(target);
    private readonly ushort _greetedAs = host.Node.Identity.Self.Id;
    private LinkTarget? _target = target;

    /// <summary>Null until this side knows that the link is open.</summary>
    public ConnectionEnd? End { get; private set; }

    /// <summary>Its id, or the number of a guest's link. Known once its greeting arrived; -1 before.</summary>
    public int Peer { get; set; } = -1;

    /// <summary>The peer is no member: nothing that it sends is for the shards.</summary>
    public bool IsGuest { get; private set; }

    /// <summary>Whom this side connected to, once: to be dialled again. Null when the peer connected.</summary>
    public LinkTarget? TakeTarget()
    {
        LinkTarget? taken = _target;
        _target = null;
        return taken;
    }

    public void Opened(ConnectionEnd end)
    {
        End = end;
        using var greeting = new ByteWriter();
        _handshake.Start(greeting);
        end.Send(greeting.Written);
        host.After(HandshakeMsMax * Instant.MicrosPerMs, () => host.WhenAwake(GiveUp));
    }

    private void GiveUp()
    {
        if (Peer >= 0 || !End!.IsOpen)
            return;
        End.Close();
        links.OnClosed(this);
    }

    public void Received(ConnectionEnd end, ReadOnlySpan<byte> bytes)
    {
        _received.Append(bytes);
        host.WhenAwake(Drain);
    }

    public void Closed(ConnectionEnd end) => host.WhenAwake(() => links.OnClosed(this));

    private void Drain()
    {
        if (End is null || !End.IsOpen || (Peer < 0 && !TryGreet()))
            return;
        while (End.IsOpen && _received.Length >= PeerFrame.HeaderBytes)
        {
            Check.That(PeerFrame.TryReadHeader(_received.Peek(PeerFrame.HeaderBytes), out int length, out uint checksum));
            if (_received.Length < PeerFrame.HeaderBytes + length)
                return;
            _received.Skip(PeerFrame.HeaderBytes);
            byte[] messages = _received.Take(length);
            Check.That(PeerFrame.Verify(messages, checksum));
            host.OnFrame((ushort)Peer, messages, IsGuest);
        }
    }

    private bool TryGreet()
    {
        ReadOnlySpan<byte> input = _received.Rest.Span;
        int before = input.Length;
        using var output = new ByteWriter();
        LinkHandshakeOutcome outcome = _handshake.Step(ref input, output);
        _received.Skip(before - input.Length);
        if (outcome == LinkHandshakeOutcome.Refused && !_handshake.IsAboutLogs && !host.MayRefuse)
            throw new InvariantException($"a greeting was refused: {_handshake.Problem}");
        // A node that was given its id meanwhile is a guest to the other side for as long as this link stays. Server ends it when it stays silent.
        bool isOutdated = outcome == LinkHandshakeOutcome.Done && _greetedAs != host.Node.Identity.Self.Id;
        if (outcome == LinkHandshakeOutcome.Refused || isOutdated)
        {
            if (_handshake.OwnLogWentBack)
                host.ControlTurn((control, outbox) => control.OnLogWentBack(_handshake.Problem, host.Now, outbox));
            End!.Send(output.Written);
            End.Close();
            links.OnClosed(this);
            return false;
        }
        if (End!.IsOpen)
            End.Send(output.Written);
        if (outcome == LinkHandshakeOutcome.NeedMore)
            return false;
        Peer = _handshake.Peer!.Node;
        IsGuest = _handshake.IsGuest;
        links.OnGreeted(this);
        return true;
    }
}
