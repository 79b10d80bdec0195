using Torc.Base;
using Torc.Node.Peers;
using Torc.Simulator.Network;

namespace Torc.Simulator.Cluster;

/// <summary>
/// The links of one node to its peers, as Server's: of two nodes the one with the lower id connects, both sides run the shipped
/// handshake, then frames flow. A newer link of a peer replaces an older one. A connection that fails is tried again.
/// </summary>
internal sealed class PeerLinks(NodeHost host)
{
    private const long RetryMsMin = 20;
    private const long RetryMsMax = 300;
    private readonly Dictionary<int, PeerLink> _established = [];

    public void Start()
    {
        for (int peer = host.Id + 1; peer < host.PeerCount; peer++)
            Dial(peer);
    }

    /// <summary>Frames for a peer; dropped when there is no link, as a broken one would have.</summary>
    public void Send(int peer, ReadOnlySpan<byte> frames)
    {
        if (_established.TryGetValue(peer, out PeerLink? link) && link.End is { IsOpen: true })
            link.End.Send(frames);
    }

    public IConnectionHandler Accept(ConnectionEnd end)
    {
        var link = new PeerLink(this, host, dialled: -1);
        link.Opened(end);
        return link;
    }

    private void Dial(int peer)
    {
        var link = new PeerLink(this, host, peer);
        host.Network.Connect(host.PeerAddress(host.Id), host.PeerAddress(peer), link, end =>
        {
            if (!host.IsRunning)
                end?.Close();
            host.WhenAwake(() => OnDialled(peer, link, end));
        });
    }

    /// <summary>An end that closed before this node woke up has its own notice, which dials again.</summary>
    private void OnDialled(int peer, PeerLink link, ConnectionEnd? end)
    {
        if (end is null)
            DialLater(peer);
        else if (end.IsOpen)
            link.Opened(end);
    }

    private void DialLater(int peer) =>
        host.After(host.Random.Between(RetryMsMin, RetryMsMax) * Instant.MicrosPerMs, () => Dial(peer));

    internal void OnGreeted(PeerLink link)
    {
        int peer = link.Peer;
        if (_established.Remove(peer, out PeerLink? older))
        {
            older.End!.Close();
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
        if (link.Dialled >= 0)
            DialLater(link.Dialled);
    }
}

/// <summary>One connection to a peer: bytes to frames to messages.</summary>
internal sealed class PeerLink(PeerLinks links, NodeHost host, int dialled) : IConnectionHandler
{
    /// <summary>As in Server: the end of a half-open connection that waits for the other's proof would wait for ever.</summary>
    private const long HandshakeMsMax = 2_000;

    private readonly ReceiveBuffer _received = new();
    private readonly LinkHandshake _handshake = host.MakeHandshake(dialled);

    /// <summary>Null until this side knows that the link is open.</summary>
    public ConnectionEnd? End { get; private set; }

    /// <summary>The peer this side connected to; -1 when the peer connected.</summary>
    public int Dialled => dialled;

    /// <summary>Known once its greeting arrived; -1 before.</summary>
    public int Peer { get; private set; } = -1;

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
            host.OnFrame((ushort)Peer, messages);
        }
    }

    private bool TryGreet()
    {
        ReadOnlySpan<byte> input = _received.Rest.Span;
        int before = input.Length;
        using var output = new ByteWriter();
        LinkHandshakeOutcome outcome = _handshake.Step(ref input, output);
        _received.Skip(before - input.Length);
        if (outcome == LinkHandshakeOutcome.Refused)
            throw new InvariantException($"a greeting was refused: {_handshake.Problem}");
        if (End!.IsOpen)
            End.Send(output.Written);
        if (outcome == LinkHandshakeOutcome.NeedMore)
            return false;
        Peer = _handshake.Peer!.Node;
        links.OnGreeted(this);
        return true;
    }
}
