using System.Buffers.Binary;
using System.Collections.Immutable;
using Torc.Base;
using Torc.Core.Placement;
using Torc.Node.Control;
using Torc.Node.Peers;

namespace Torc.Tests.Node.Peers;

public sealed class LinkHandshakeTests
{
    private static readonly ClusterSecret Secret = new("correct horse battery staple");
    private ulong _lastNonce;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Both_sides_learn_who_the_other_is_wherever_the_bytes_are_split(bool withSecret)
    {
        ClusterSecret? secret = withSecret ? Secret : null;
        for (int piece = 1; piece <= LinkHandshake.BytesMax; piece++)
        {
            Side dialler = Dialler(secret), acceptor = Acceptor(secret);
            Converse(dialler, acceptor, piece);
            dialler.Outcome.ShouldBe(LinkHandshakeOutcome.Done);
            acceptor.Outcome.ShouldBe(LinkHandshakeOutcome.Done);
            dialler.Machine.Peer!.Node.ShouldBe((ushort)1);
            acceptor.Machine.Peer!.Node.ShouldBe((ushort)0);
            acceptor.Machine.Peer.Incarnation.ShouldBe(70ul);
        }
    }

    [Fact]
    public void What_follows_the_handshake_is_left_for_the_frames()
    {
        Side dialler = Dialler(Secret), acceptor = Acceptor(Secret);
        acceptor.Take(dialler.Sent());
        dialler.Take(acceptor.Sent());
        acceptor.Take([.. dialler.Sent(), 1, 2, 3]);
        acceptor.Outcome.ShouldBe(LinkHandshakeOutcome.Done);
        acceptor.Left.ShouldBe(3);
    }

    [Fact]
    public void A_wrong_secret_is_refused_by_the_acceptor_which_proves_nothing_then()
    {
        Side dialler = Dialler(new ClusterSecret("guess")), acceptor = Acceptor(Secret);
        int toDialler = Converse(dialler, acceptor, int.MaxValue);
        acceptor.Outcome.ShouldBe(LinkHandshakeOutcome.Refused);
        acceptor.Machine.Problem.ShouldBe("node 0 has another cluster secret");
        toDialler.ShouldBe(Encoded(Greeting(1)).Length, "a greeting and no proof");
        dialler.Outcome.ShouldBe(LinkHandshakeOutcome.NeedMore);
        dialler.Machine.ProblemWhenClosed.ShouldContain("node 1 closed the connection instead of proving the cluster secret");
    }

    [Fact]
    public void An_acceptor_that_does_not_know_the_secret_is_refused()
    {
        Side dialler = Dialler(Secret), acceptor = Acceptor(Secret);
        acceptor.Take(dialler.Sent());
        dialler.Take(acceptor.Sent());
        dialler.Take(new byte[ClusterSecret.ProofBytes]);
        dialler.Outcome.ShouldBe(LinkHandshakeOutcome.Refused);
        dialler.Machine.Problem.ShouldBe("node 1 has another cluster secret");
    }

    [Theory]
    [InlineData(true, "node 1 has no cluster secret, and this node has one", "node 0 asks for a cluster secret, and this node was given none")]
    [InlineData(false, "node 1 asks for a cluster secret, and this node was given none", "node 0 has no cluster secret, and this node has one")]
    public void A_secret_on_one_side_only_is_refused_by_both(bool diallerHasIt, string atDialler, string atAcceptor)
    {
        Side dialler = Dialler(diallerHasIt ? Secret : null), acceptor = Acceptor(diallerHasIt ? null : Secret);
        acceptor.Take(dialler.Sent());
        dialler.Take(acceptor.Sent());
        dialler.Machine.Problem.ShouldBe(atDialler);
        acceptor.Machine.Problem.ShouldBe(atAcceptor);
        dialler.Sent().ShouldBeEmpty();
        acceptor.Sent().ShouldBeEmpty();
    }

    /// <summary>Somebody without the secret sends a dialler's bytes back to it, with only the greeting changed to pass for another node.</summary>
    [Fact]
    public void A_proof_that_is_reflected_proves_nothing()
    {
        Side dialler = Dialler(Secret);
        dialler.Sent();
        dialler.Take(Encoded(Greeting(1, hasSecret: true)));
        byte[] proof = dialler.Sent();
        proof.Length.ShouldBe(ClusterSecret.ProofBytes);
        dialler.Take(proof);
        dialler.Outcome.ShouldBe(LinkHandshakeOutcome.Refused);
    }

    /// <summary>Somebody without the secret opens a connection to the node that dials it, and passes each side's proof to the other connection.</summary>
    [Fact]
    public void A_proof_made_for_the_other_role_proves_nothing()
    {
        PeerGreeting first = Greeting(0, hasSecret: true), second = Greeting(1, hasSecret: true);
        var byDialler = new byte[ClusterSecret.ProofBytes];
        Secret.Prove(byDialler: true, Encoded(first), Encoded(second), byDialler);
        Secret.Verify(byDialler: true, Encoded(first), Encoded(second), byDialler).ShouldBeTrue();
        Secret.Verify(byDialler: false, Encoded(first), Encoded(second), byDialler).ShouldBeFalse();
        Secret.Verify(byDialler: true, Encoded(second), Encoded(first), byDialler).ShouldBeFalse();
        Secret.Verify(byDialler: true, Encoded(first with { SettingsDigest = 8 }), Encoded(second), byDialler).ShouldBeFalse();
        Secret.Verify(byDialler: true, Encoded(first with { NewestLevel = 9 }), Encoded(second), byDialler).ShouldBeFalse();
        Secret.Verify(byDialler: true, Encoded(first), Encoded(second with { Nonce = 12345 }), byDialler).ShouldBeFalse();
    }

    [Fact]
    public void A_conversation_that_is_replayed_is_refused()
    {
        Side dialler = Dialler(Secret), acceptor = Acceptor(Secret);
        byte[] greeting = dialler.Sent();
        acceptor.Take(greeting);
        dialler.Take(acceptor.Sent());
        byte[] proof = dialler.Sent();
        acceptor.Take(proof);
        acceptor.Outcome.ShouldBe(LinkHandshakeOutcome.Done);

        Side again = Acceptor(Secret);
        again.Take([.. greeting, .. proof]);
        again.Outcome.ShouldBe(LinkHandshakeOutcome.Refused);
        again.Sent().Length.ShouldBe(Encoded(Greeting(1)).Length, "a greeting and no proof");
    }

    [Fact]
    public void Garbage_is_refused_at_its_first_bytes_and_another_version_by_name()
    {
        Side acceptor = Acceptor(Secret);
        acceptor.Take("GET"u8.ToArray());
        acceptor.Outcome.ShouldBe(LinkHandshakeOutcome.Refused);
        acceptor.Machine.Problem.ShouldBe("not a greeting of a Torc node");

        Side other = Acceptor(Secret);
        other.Take([.. "TORCPEER"u8, 1, 0]);
        other.Machine.Problem.ShouldBe($"peer protocol version 1; this node speaks {PeerGreeting.ProtocolVersion}");
    }

    [Fact]
    public void Changed_or_truncated_bytes_never_end_in_a_link()
    {
        var random = new SeededRandom(4711);
        for (int round = 0; round < 2_000; round++)
        {
            Side dialler = Dialler(Secret), acceptor = Acceptor(Secret);
            byte[] greeting = dialler.Sent();
            dialler.Take(Encoded(Greeting(1, hasSecret: true)));
            byte[] bytes = [.. greeting, .. dialler.Sent()];
            bytes = random.Chance(0.3) ? bytes[..random.Below(bytes.Length)] : Flip(bytes, random);
            acceptor.Take(bytes);
            acceptor.Outcome.ShouldNotBe(LinkHandshakeOutcome.Done);
        }
    }

    /// <summary>A node that comes back with less of its log than a peer remembers is told so by that peer, whoever of them dialled, and only once its identity is proved.</summary>
    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void A_log_that_went_back_is_noticed_by_both_sides(bool withSecret, bool returnerDials)
    {
        ClusterSecret? secret = withSecret ? Secret : null;
        (Side returner, Side peer) = Meet(Returning(0, recovered: 99), secret, returnerDials);
        returner.Outcome.ShouldBe(LinkHandshakeOutcome.Refused);
        returner.Machine.OwnLogWentBack.ShouldBeTrue();
        peer.Outcome.ShouldBe(LinkHandshakeOutcome.Refused);
        peer.Machine.IsAboutLogs.ShouldBeTrue();
        peer.Machine.OwnLogWentBack.ShouldBeFalse();
        if (withSecret)
            returner.Machine.Problem.ShouldBe("the log of this node ended at 99 when it started, and it had told node 1 of 100");
    }

    [Theory]
    [InlineData(100, 5, false)] // as much as it told of
    [InlineData(99, 4, false)] // the very run that told it
    [InlineData(99, 5, true)] // it has taken note
    public void A_log_that_did_not_go_back_opens_links(long recovered, ulong incarnation, bool doubts)
    {
        PeerGreeting greeting = Returning(0, recovered) with { Incarnation = incarnation, DoubtsItsLog = doubts };
        (Side returner, Side peer) = Meet(greeting, Secret, returnerDials: true);
        returner.Outcome.ShouldBe(LinkHandshakeOutcome.Done);
        peer.Outcome.ShouldBe(LinkHandshakeOutcome.Done);
    }

    /// <summary>Each run begins further on than the one before, so that the end of the log alone says nothing.</summary>
    [Theory]
    [InlineData(4, 100, false)] // the run after the one that told of 100 found it
    [InlineData(4, 99, true)]
    [InlineData(6, 99, true)] // of the run that told of 100 nothing is there
    [InlineData(6, 100, false)] // it was before all of these
    public void A_log_that_went_back_before_an_earlier_run_is_noticed(ulong firstKnown, long foundBySecond, bool isRefused)
    {
        long foundByFirst = firstKnown == 4 ? 0 : foundBySecond;
        PeerGreeting greeting = Returning(0, recovered: 0) with
        {
            Incarnation = 8,
            Runs = new LogRuns(new LogRun(firstKnown, foundByFirst), new LogRun(7, foundBySecond), new LogRun(8, 1_000)),
        };
        (Side returner, Side peer) = Meet(greeting, Secret, returnerDials: true);
        returner.Outcome.ShouldBe(isRefused ? LinkHandshakeOutcome.Refused : LinkHandshakeOutcome.Done);
        peer.Outcome.ShouldBe(returner.Outcome);
    }

    [Fact]
    public void A_data_directory_that_was_made_anew_went_nowhere() =>
        Meet(Returning(0, recovered: 0) with { Birth = 9 }, null, returnerDials: true).Peer.Outcome.ShouldBe(LinkHandshakeOutcome.Done);

    /// <summary>Who does not know the secret cannot talk a node out of its copies.</summary>
    [Fact]
    public void Hearsay_about_a_log_is_not_believed_before_the_proof()
    {
        var returner = new Side(new LinkHandshake(Returning(0, recovered: 99), Secret, 1, Policy(3)));
        returner.Sent();
        returner.Take(Encoded(Greeting(1, hasSecret: true) with { LogOfPeer = new LogPosition(3, 4, 100) }));
        returner.Take(new byte[ClusterSecret.ProofBytes]);
        returner.Outcome.ShouldBe(LinkHandshakeOutcome.Refused);
        returner.Machine.OwnLogWentBack.ShouldBeFalse();
    }

    [Fact]
    public void The_secret_does_not_show() => Secret.ToString().ShouldNotContain("horse");

    private static byte[] Flip(byte[] bytes, SeededRandom random)
    {
        bytes[random.Below(bytes.Length)] ^= (byte)(1 << random.Below(8));
        return bytes;
    }

    /// <summary>Carries bytes both ways until nothing moves; gives how many went to the dialler.</summary>
    private static int Converse(Side dialler, Side acceptor, int pieceMax)
    {
        int toDialler = 0;
        bool moved = true;
        while (moved)
        {
            byte[] there = dialler.Sent(), back = acceptor.Sent();
            moved = there.Length + back.Length > 0;
            toDialler += back.Length;
            foreach (byte[] piece in there.Chunk(pieceMax))
                acceptor.Take(piece);
            foreach (byte[] piece in back.Chunk(pieceMax))
                dialler.Take(piece);
        }
        return toDialler;
    }

    /// <summary>The next version says more, and knows more levels.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_longer_greeting_of_a_later_version_is_taken_and_proved_as_it_was_sent(bool withSecret)
    {
        PeerGreeting later = Greeting(1, hasSecret: withSecret) with { NewestLevel = ClusterLevel.Newest + 1 };
        byte[] longer = Longer(later, added: 100);
        Side dialler = Dialler(withSecret ? Secret : null);
        byte[] sent = dialler.Sent();
        foreach (byte[] piece in longer.Chunk(7))
            dialler.Take(piece);
        dialler.Machine.Peer!.ShouldBe(later);
        if (withSecret)
        {
            Secret.Verify(byDialler: true, sent, longer, dialler.Sent()).ShouldBeTrue();
            var proof = new byte[ClusterSecret.ProofBytes];
            Secret.Prove(byDialler: false, sent, longer, proof);
            dialler.Take(proof);
        }
        dialler.Outcome.ShouldBe(LinkHandshakeOutcome.Done);
    }

    private static byte[] Longer(PeerGreeting greeting, int added)
    {
        byte[] bytes = [.. Encoded(greeting)[..^sizeof(uint)], .. Enumerable.Repeat((byte)0xAB, added), .. new byte[sizeof(uint)]];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes.AsSpan(10), (ushort)bytes.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(bytes.Length - sizeof(uint)), Crc32C.Compute(bytes.AsSpan(0, bytes.Length - sizeof(uint))));
        return bytes;
    }

    private static byte[] Encoded(PeerGreeting greeting)
    {
        using var bytes = new ByteWriter();
        greeting.Encode(bytes);
        return bytes.Written.ToArray();
    }

    private PeerGreeting Returning(ushort node, long recovered) => Greeting(node) with { Birth = 3, Incarnation = 5, Runs = new LogRuns(new LogRun(5, recovered)) };

    /// <summary>A node that comes back meets node 1, which remembers offset 100 of its run 4.</summary>
    private (Side Returner, Side Peer) Meet(PeerGreeting returning, ClusterSecret? secret, bool returnerDials)
    {
        LinkPolicy remembers = Policy(3) with { Logs = ImmutableDictionary<ushort, LogPosition>.Empty.Add(returning.Node, new LogPosition(3, 4, 100)) };
        var returner = new Side(new LinkHandshake(returning, secret, returnerDials ? 1 : null, Policy(3)));
        var peer = new Side(new LinkHandshake(Greeting(1), secret, returnerDials ? null : returning.Node, remembers));
        if (returnerDials)
            Converse(returner, peer, int.MaxValue);
        else
            Converse(peer, returner, int.MaxValue);
        return (returner, peer);
    }

    private static LinkPolicy Policy(int firstNodes) => new(new NodeInfo(0, "", "", 0, 0, "", "", 1, 1), Standing.Forming, null, firstNodes);

    private Side Dialler(ClusterSecret? secret) => new(new LinkHandshake(Greeting(0), secret, 1, Policy(3)));

    private Side Acceptor(ClusterSecret? secret) => new(new LinkHandshake(Greeting(1), secret, null, Policy(3)));

    private PeerGreeting Greeting(ushort node, bool hasSecret = false) => new(node, 1, 7, 70, ++_lastNonce, hasSecret);

    private sealed class Side
    {
        private readonly ByteWriter _output = new();

        public Side(LinkHandshake machine)
        {
            Machine = machine;
            machine.Start(_output);
        }

        public LinkHandshake Machine { get; }

        public LinkHandshakeOutcome Outcome { get; private set; }

        public int Left { get; private set; }

        public byte[] Sent()
        {
            byte[] sent = _output.Written.ToArray();
            _output.Clear();
            return sent;
        }

        public void Take(byte[] bytes)
        {
            if (Outcome != LinkHandshakeOutcome.NeedMore)
                return;
            ReadOnlySpan<byte> input = bytes;
            Outcome = Machine.Step(ref input, _output);
            Left = input.Length;
        }
    }
}
