using Torc.Core.Clocks;

namespace Torc.Core.Consensus;

public enum ProposalOutcome
{
    /// <summary>Nothing was proposed yet.</summary>
    Idle,

    Running,

    /// <summary>A majority accepted <see cref="Proposer.Decided"/>: this node's value, or one that another proposer had begun with.</summary>
    Decided,

    /// <summary>A voter holds a newer map already: fetch it and see whether the change is still wanted.</summary>
    Overtaken,

    /// <summary>No majority answered in so many attempts. The value may still be decided, by a later proposer that finds it accepted.</summary>
    GaveUp,
}

/// <summary>
/// Gets a value decided for one epoch. In two rounds: a majority promises, and if one of it has accepted a value, the one of the
/// highest ballot takes the place of this node's own; then a majority accepts.
/// <code>
///  Idle ──Propose──► preparing ──majority promised──► accepting ──majority accepted──► Decided
///                        ▲  └──────── outbid or late ──────┘
///                        └── pause, higher round ──┘              after AttemptsMax ──► GaveUp
/// </code>
/// </summary>
/// <remarks>
/// One proposer serves an epoch for the whole run of a process, whatever it proposes: its rounds only rise, so that no ballot is used
/// for two values. Answers count once for each voter, and only with the birth that the epoch's map names.
/// </remarks>
public sealed class Proposer
{
    private readonly Voter _self;
    private readonly Actor _actor;
    private readonly Electorate _electorate;
    private readonly ProposerTunables _tunables;
    private readonly SeededRandom _random;
    private readonly Queue<(ushort To, ConsensusMessage Message)> _outbox = new();
    private Phase _phase;
    private ulong _round, _highestSeen;
    private int _attempts;
    private uint _answered;
    private Ballot _highestAccepted;
    private ReadOnlyMemory<byte> _own, _value;
    private long _wakeMicros;

    /// <param name="self">This node; it need not be a voter.</param>
    /// <param name="actor">This node in this run: no other run may have the same.</param>
    /// <param name="electorate">Who decides.</param>
    /// <param name="tunables">Timeouts and limits.</param>
    /// <param name="random">For pauses.</param>
    public Proposer(Voter self, Actor actor, Electorate electorate, ProposerTunables tunables, SeededRandom random)
    {
        Check.That(actor.NodeId == self.Node);
        _self = self;
        _actor = actor;
        _electorate = electorate;
        _tunables = tunables;
        _random = random;
    }

    private enum Phase
    {
        Resting,
        Preparing,
        Accepting,
        Pausing,
    }

    public ulong Epoch => _electorate.Epoch;

    public ProposalOutcome Outcome { get; private set; }

    /// <summary>The decided value; empty until then.</summary>
    public ReadOnlyMemory<byte> Decided { get; private set; }

    /// <summary>A voter answered from an older epoch: it needs the map of this one before it can vote. -1 for none.</summary>
    public int VoterBehind { get; private set; } = -1;

    /// <summary>Proposes a value; again after <see cref="ProposalOutcome.GaveUp"/>.</summary>
    public void Propose(ReadOnlyMemory<byte> value, Instant now)
    {
        Check.That(Outcome is ProposalOutcome.Idle or ProposalOutcome.GaveUp);
        Check.That(value.Length is > 0 and <= ConsensusMessage.ValueBytesMax);
        Outcome = ProposalOutcome.Running;
        _own = value;
        _attempts = 0;
        Prepare(now);
    }

    /// <summary>An answer of a voter, or a decision that another proposer tells.</summary>
    public void Receive(ConsensusMessage message, Instant now)
    {
        int voter = _electorate.IndexOf(message.Sender);
        if (message.Kind == ConsensusKind.Decided && message.Epoch == Epoch && Outcome != ProposalOutcome.Decided)
            Decide(message.Value);
        if (Outcome != ProposalOutcome.Running || voter < 0 || message.Ballot != CurrentBallot || _phase is Phase.Pausing)
            return;
        switch (message.Kind)
        {
            case ConsensusKind.OtherEpoch when message.Epoch > Epoch:
                End(ProposalOutcome.Overtaken);
                break;
            case ConsensusKind.OtherEpoch when message.Epoch < Epoch:
                VoterBehind = message.Sender.Node;
                break;
            case ConsensusKind.Outbid when message.Epoch == Epoch && message.Accepted > CurrentBallot:
                _highestSeen = Math.Max(_highestSeen, message.Accepted.Round);
                Pause(now);
                break;
            case ConsensusKind.Promised when message.Epoch == Epoch && _phase == Phase.Preparing:
                Promised(message, voter, now);
                break;
            case ConsensusKind.Accepted when message.Epoch == Epoch && _phase == Phase.Accepting && IsMajorityWith(voter):
                Decide(_value);
                Tell(ConsensusKind.Decided, _value);
                break;
        }
    }

    /// <summary>Time has passed.</summary>
    public void Tick(Instant now)
    {
        if (Outcome != ProposalOutcome.Running || now.MonotonicMicros < _wakeMicros)
            return;
        if (_phase == Phase.Pausing)
            Prepare(now);
        else
            Pause(now);
    }

    /// <summary>The next message to send.</summary>
    public bool TakeMessage(out ushort to, out ConsensusMessage message)
    {
        bool isThere = _outbox.TryDequeue(out (ushort To, ConsensusMessage Message) next);
        (to, message) = next;
        return isThere;
    }

    private Ballot CurrentBallot => new(_round, _actor);

    private void Prepare(Instant now)
    {
        _attempts++;
        _round = Math.Max(_round, _highestSeen) + 1;
        _answered = 0;
        _highestAccepted = Ballot.None;
        _value = _own;
        _phase = Phase.Preparing;
        _wakeMicros = now.MonotonicMicros + _tunables.AttemptTimeoutMs * Instant.MicrosPerMs;
        Tell(ConsensusKind.Prepare, default);
    }

    private void Promised(ConsensusMessage message, int voter, Instant now)
    {
        if (message.Accepted > _highestAccepted)
        {
            _highestAccepted = message.Accepted;
            _value = message.Value;
        }
        if (!IsMajorityWith(voter))
            return;
        _answered = 0;
        _phase = Phase.Accepting;
        _wakeMicros = now.MonotonicMicros + _tunables.AttemptTimeoutMs * Instant.MicrosPerMs;
        Tell(ConsensusKind.Accept, _value);
    }

    private bool IsMajorityWith(int voter)
    {
        _answered |= 1u << voter;
        return System.Numerics.BitOperations.PopCount(_answered) >= _electorate.Majority;
    }

    private void Pause(Instant now)
    {
        if (_attempts >= _tunables.AttemptsMax)
        {
            End(ProposalOutcome.GaveUp);
            return;
        }
        _phase = Phase.Pausing;
        _outbox.Clear();
        long longest = Math.Min(_tunables.BackoffMaxMs, (long)_tunables.BackoffMs << Math.Min(_attempts, 20));
        _wakeMicros = now.MonotonicMicros + _random.Between(0, longest + 1) * Instant.MicrosPerMs;
    }

    private void Decide(ReadOnlyMemory<byte> value)
    {
        Decided = value;
        End(ProposalOutcome.Decided);
    }

    private void End(ProposalOutcome outcome)
    {
        Outcome = outcome;
        _phase = Phase.Resting;
        _outbox.Clear();
    }

    private void Tell(ConsensusKind kind, ReadOnlyMemory<byte> value)
    {
        var message = new ConsensusMessage(kind, Epoch, _self, CurrentBallot, Ballot.None, value);
        foreach (Voter voter in _electorate.Voters)
            _outbox.Enqueue((voter.Node, message));
    }
}
