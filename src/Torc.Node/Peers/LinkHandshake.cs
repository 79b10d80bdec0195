// How a link opens, before any frame is read:
//
//   dialler                         acceptor
//   greeting  ------------------->
//             <-------------------  greeting
//   proof     ------------------->                  only with a cluster secret: 32 bytes each way (ClusterSecret)
//             <-------------------  proof
//   frames    <------------------>  frames
//
// The acceptor speaks second, because it says what it knows of who dialled. It proves nothing to a dialler that has not proved itself, so that who
// merely connects learns no keyed hash. Both sides have a secret or none has one: a side that says that it has none is
// refused by one that has, so nobody can talk a node out of asking. A refused dialler gets the acceptor's greeting still: it may find out why.

namespace Torc.Node.Peers;

public enum LinkHandshakeOutcome
{
    NeedMore,

    /// <summary><see cref="LinkHandshake.Peer"/> is who it says, as far as this cluster can tell.</summary>
    Done,

    /// <summary><see cref="LinkHandshake.Problem"/> says why; the connection ends.</summary>
    Refused,
}

/// <summary>
/// One side of the opening of one link: bytes in, bytes out. Takes at most <see cref="BytesMax"/> bytes from a peer; the host bounds
/// the time.
/// </summary>
/// <param name="own">What this node says of itself, with a nonce that no other connection has.</param>
/// <param name="secret">The cluster's secret, or null when it has none.</param>
/// <param name="expected">The node that was dialled, or null when that is not known or the peer dialled.</param>
/// <param name="policy">Whom this node opens links with.</param>
/// <param name="dialsAnyone">This side dialled, and takes whoever answers.</param>
public sealed class LinkHandshake(PeerGreeting own, ClusterSecret? secret, ushort? expected, LinkPolicy policy, bool dialsAnyone = false)
{
    /// <summary>What a peer may send before it is known.</summary>
    public const int BytesMax = PeerGreeting.BytesMax + ClusterSecret.ProofBytes;

    private PeerGreeting _own = own with { HasSecret = secret is not null };
    private readonly byte[] _pending = new byte[Math.Max(PeerGreeting.BytesMax, ClusterSecret.ProofBytes)];
    private byte[] _ownBytes = [], _peerBytes = []; // the greetings as they were sent: a later version's says more than this one knows
    private int _pendingBytes;

    /// <summary>Known once its greeting was accepted; to be believed when the handshake is done.</summary>
    public PeerGreeting? Peer { get; private set; }

    /// <summary>Why the peer was refused, in a few words.</summary>
    public string Problem { get; private set; } = "";

    /// <summary>Refused because the log of one of the two has gone back in time (<see cref="Control.LogPositions"/>); it opens when that one has taken note.</summary>
    public bool IsAboutLogs { get; private set; }

    /// <summary>It is this node's own log.</summary>
    public bool OwnLogWentBack { get; private set; }

    /// <summary>What it means when the peer closes the connection now.</summary>
    public string ProblemWhenClosed => Peer is null
        ? "it closed the connection before it greeted"
        : $"node {Peer.Node} closed the connection instead of proving the cluster secret; do both nodes have the same one?";

    private bool Dialled => expected is not null || dialsAnyone;

    /// <summary>The peer is no member, and is told maps only.</summary>
    public bool IsGuest => policy.IsGuest(Peer!);

    /// <summary>What this side sends before it has heard anything: nothing when the peer dialled.</summary>
    public void Start(ByteWriter to)
    {
        if (Dialled)
            Greet(expected, to);
    }

    /// <summary>Takes bytes from the front of <paramref name="input"/>, never beyond the handshake's end; what is to be sent goes to <paramref name="output"/>.</summary>
    public LinkHandshakeOutcome Step(ref ReadOnlySpan<byte> input, ByteWriter output)
    {
        Check.That(Problem.Length == 0);
        if (Peer is null)
        {
            bool complete = Fill(ref input, PeerGreeting.LengthOf(default)) && Fill(ref input, PeerGreeting.LengthOf(_pending.AsSpan(0, _pendingBytes)));
            PeerGreeting? greeting = PeerGreeting.TryDecode(_pending.AsSpan(0, _pendingBytes), out string problem);
            if (greeting is null && !complete && problem.Length == 0)
                return LinkHandshakeOutcome.NeedMore;
            if (!Dialled)
                Greet(greeting?.Node, output);
            if (greeting is null)
                return Refuse(problem);
            if (FindProblem(greeting) is { } refusal)
                return Refuse(refusal);
            Peer = greeting;
            _peerBytes = _pending[.._pendingBytes];
            _pendingBytes = 0;
            if (secret is null)
                return Conclude();
            if (Dialled)
                WriteProof(output);
        }
        if (!Fill(ref input, ClusterSecret.ProofBytes))
            return LinkHandshakeOutcome.NeedMore;
        if (!secret!.Verify(!Dialled, Dialled ? _ownBytes : _peerBytes, Dialled ? _peerBytes : _ownBytes, _pending.AsSpan(0, ClusterSecret.ProofBytes)))
            return Refuse($"node {Peer.Node} has another cluster secret");
        if (!Dialled)
            WriteProof(output);
        return Conclude();
    }

    private void Greet(ushort? peer, ByteWriter to)
    {
        _own = _own with { LogOfPeer = peer is { } node ? policy.Logs.GetValueOrDefault(node) : default };
        int start = to.Length;
        _own.Encode(to);
        _ownBytes = to.Written[start..].ToArray();
    }

    /// <summary>The peer is who it says: what it knows of this node's log can be believed.</summary>
    private LinkHandshakeOutcome Conclude()
    {
        OwnLogWentBack = !_own.DoubtsItsLog && Peer!.LogOfPeer.IsBeyond(_own);
        if (OwnLogWentBack)
            return RefuseLog($"the log of this node ended at {_own.Runs.FoundAfter(Peer!.LogOfPeer.Incarnation)} when it started, and it had told node {Peer.Node} of {Peer.LogOfPeer.Offset}");
        LogPosition told = policy.Logs.GetValueOrDefault(Peer!.Node);
        return Peer.DoubtsItsLog || !told.IsBeyond(Peer)
            ? LinkHandshakeOutcome.Done
            : RefuseLog($"the log of node {Peer.Node} ended at {Peer.Runs.FoundAfter(told.Incarnation)} when it started, and it had told of {told.Offset}: it goes on as one that lost the end of its log");
    }

    private LinkHandshakeOutcome RefuseLog(string problem)
    {
        IsAboutLogs = true;
        return Refuse(problem);
    }

    private void WriteProof(ByteWriter output)
    {
        Span<byte> proof = stackalloc byte[ClusterSecret.ProofBytes];
        secret!.Prove(Dialled, Dialled ? _ownBytes : _peerBytes, Dialled ? _peerBytes : _ownBytes, proof);
        output.Write(proof);
    }

    private string? FindProblem(PeerGreeting greeting)
    {
        if (policy.FindProblem(_own, greeting) is { } problem)
            return problem;
        // A removed node that runs where another should is told that it was removed.
        if (expected is { } wanted && greeting.Node != wanted && !policy.IsFenced(greeting.Node, greeting.Birth))
            return $"node {greeting.Node} answers where node {wanted} should";
        if (greeting.HasSecret == _own.HasSecret)
            return null;
        return greeting.HasSecret
            ? $"node {greeting.Node} asks for a cluster secret, and this node was given none"
            : $"node {greeting.Node} has no cluster secret, and this node has one";
    }

    private LinkHandshakeOutcome Refuse(string problem)
    {
        Problem = problem;
        return LinkHandshakeOutcome.Refused;
    }

    private bool Fill(ref ReadOnlySpan<byte> input, int wanted)
    {
        int taken = Math.Clamp(wanted - _pendingBytes, 0, input.Length);
        input[..taken].CopyTo(_pending.AsSpan(_pendingBytes));
        input = input[taken..];
        _pendingBytes += taken;
        return _pendingBytes >= wanted;
    }
}
