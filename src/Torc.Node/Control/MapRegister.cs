using Torc.Core.Clocks;
using Torc.Core.Consensus;
using Torc.Core.Placement;
using Torc.Node.Peers;

namespace Torc.Node.Control;

/// <summary>How a proposal of this node stands.</summary>
public enum ProposalState
{
    None,
    Running,

    /// <summary>The proposed map is decided.</summary>
    Won,

    /// <summary>Another map took its place: plan again from that one.</summary>
    Lost,

    /// <summary>No majority of the voters answered. The map may still be decided later, by whoever proposes next.</summary>
    Unreachable,
}

/// <summary>
/// The cluster map as a register that the voters decide, one instance of Paxos an epoch: this node's vote in the instance of the map that it
/// holds, and its own proposal there. Messages are those of <see cref="Core.Consensus"/>, on peer links; what this node tells itself takes no link.
/// </summary>
/// <remarks>
/// A vote leaves only after the host made it durable: it takes <see cref="Outbox.VoteToPersist"/>, saves votes one after another in the order given,
/// and tells <see cref="OnVoteSaved"/>. A decided map becomes the one in use the same way as one that a peer gossips.
/// </remarks>
public sealed class MapRegister
{
    private readonly Voter _self;
    private readonly Actor _actor;
    private readonly SeededRandom _random;
    private readonly AcceptorState? _savedVote;
    private readonly ProposerTunables _tunables = new();
    private Acceptor? _acceptor;
    private Proposer? _proposer;
    private ClusterMap? _map;
    private ClusterMap? _decided;
    private byte[] _proposed = [];

    internal MapRegister(Voter self, Actor actor, SeededRandom random, AcceptorState? savedVote)
    {
        _self = self;
        _actor = actor;
        _random = random;
        _savedVote = savedVote;
    }

    /// <summary>Of the last proposal.</summary>
    public ProposalState Proposal { get; private set; }

    /// <summary>A voter that was found to hold an older map, to be told the present one; -1 for none.</summary>
    public int VoterBehind => _proposer is { Outcome: ProposalOutcome.Running } running ? running.VoterBehind : -1;

    /// <summary>This node holds this map durably: from now on it votes, and proposes, for what follows it.</summary>
    public void Use(ClusterMap map)
    {
        Electorate electorate = Electorate.Of(map);
        if (_acceptor is null)
            _acceptor = new Acceptor(_self, electorate, _savedVote);
        else
            _acceptor.Advance(electorate);
        if (Proposal == ProposalState.Running)
            Proposal = IsProposed(map) ? ProposalState.Won : ProposalState.Lost;
        _map = map;
        _decided = null;
        _proposer = new Proposer(_self, _actor, electorate, _tunables, _random.Fork($"proposals after epoch {map.Epoch}"));
    }

    /// <summary>No proposal runs, and what follows the present map is not known to be decided.</summary>
    public bool CanPropose => Proposal != ProposalState.Running && _proposer?.Outcome is ProposalOutcome.Idle or ProposalOutcome.GaveUp;

    /// <summary>Proposes the map that is to follow the present one.</summary>
    public void Propose(ClusterMap next, Instant now)
    {
        Check.That(CanPropose && next.Epoch == _map!.Epoch + 1);
        using var bytes = new ByteWriter();
        next.Encode(bytes);
        _proposed = bytes.Written.ToArray();
        Proposal = ProposalState.Running;
        _proposer!.Propose(_proposed, now);
    }

    /// <summary>A message of another node; false when it is malformed.</summary>
    public bool TryReceive(ushort from, ReadOnlySpan<byte> body, Instant now)
    {
        if (!ConsensusMessage.TryDecode(body, out ConsensusMessage? message) || message.Sender.Node != from)
            return false;
        Receive(from, message, now);
        return true;
    }

    public void Tick(Instant now) => _proposer?.Tick(now);

    /// <summary>The host made a vote durable, and all that it was given before.</summary>
    public void OnVoteSaved(ulong number) => _acceptor!.Saved(number);

    /// <summary>Moves what the machines have to say into the outbox. Call at the end of every turn.</summary>
    public void Flush(Instant now, Outbox outbox)
    {
        if (_acceptor is null)
            return;
        bool more = true;
        while (more)
        {
            more = false;
            while (_proposer!.TakeMessage(out ushort to, out ConsensusMessage question))
                more |= Send(to, question, now, outbox);
            while (_acceptor.TakeAnswer(out ushort to, out ConsensusMessage answer))
                more |= Send(to, answer, now, outbox);
        }
        if (_acceptor.TakeUnsaved(out AcceptorState vote, out ulong number))
            outbox.VoteToPersist = new Vote(vote, number);
        SettleProposal();
    }

    /// <summary>The map that was decided to follow the present one, once, when this node learnt of one.</summary>
    public ClusterMap? TakeDecided()
    {
        ClusterMap? decided = _decided;
        _decided = null;
        return decided;
    }

    /// <summary>True when the message was for this node itself and has been handled.</summary>
    private bool Send(ushort to, ConsensusMessage message, Instant now, Outbox outbox)
    {
        if (to == _self.Node)
        {
            Receive(to, message, now);
            return true;
        }
        ByteWriter body = outbox.Immediate(to).Begin(PeerMessageKind.Consensus, PeerFrame.ControlPartition);
        message.Encode(body);
        outbox.Immediate(to).End();
        return false;
    }

    private void Receive(ushort from, ConsensusMessage message, Instant now)
    {
        if (message.Kind is ConsensusKind.Prepare or ConsensusKind.Accept)
        {
            _acceptor?.Receive(message, from);
            return;
        }
        if (_proposer is null)
            return;
        bool wasDecided = _proposer.Outcome == ProposalOutcome.Decided;
        _proposer.Receive(message, now);
        if (!wasDecided && _proposer.Outcome == ProposalOutcome.Decided)
            TakeDecision(_proposer.Decided.Span);
    }

    /// <summary>What cannot be read is left alone: its epoch is known by other nodes, and gossip brings the map or its successor.</summary>
    private void TakeDecision(ReadOnlySpan<byte> value)
    {
        if (ClusterMap.TryDecode(value, out ClusterMap? map) && map.ClusterId == _map!.ClusterId && map.Epoch == _map.Epoch + 1)
            _decided = map;
    }

    /// <summary>One that was overtaken is settled when the newer map comes into use: that may be the proposed one.</summary>
    private void SettleProposal()
    {
        if (Proposal != ProposalState.Running)
            return;
        switch (_proposer!.Outcome)
        {
            case ProposalOutcome.Decided:
                Proposal = _proposer.Decided.Span.SequenceEqual(_proposed) ? ProposalState.Won : ProposalState.Lost;
                break;
            case ProposalOutcome.GaveUp:
                Proposal = ProposalState.Unreachable;
                break;
        }
    }

    private bool IsProposed(ClusterMap map)
    {
        using var bytes = new ByteWriter();
        map.Encode(bytes);
        return bytes.Written.SequenceEqual(_proposed);
    }
}
