namespace Torc.Core.Consensus;

/// <summary>
/// A voter: promises and accepts for the one epoch whose map it holds. An answer leaves only when the state that it speaks of is durable:
/// <see cref="TakeUnsaved"/> hands out the state to save, and <see cref="TakeAnswer"/> gives an answer only after <see cref="Saved"/> has told
/// that its state, or a later one, is on disk.
/// </summary>
/// <remarks>
/// That holds for refusals too: they tell of a promise. The source is Lamport's "Paxos Made Simple", one instance an epoch; there is no
/// log and no leader, because maps change rarely. Whoever is not among the voters with the birth of its own data directory, such
/// as a voter whose disk was wiped, answers nothing at all: it may have forgotten what it promised.
/// </remarks>
public sealed class Acceptor
{
    /// <summary>Answers that wait for the disk; what comes while so many wait is dropped, as a network may do.</summary>
    public const int WaitingMax = 64;

    private readonly Voter _self;
    private readonly Queue<(ulong StateNumber, Answer Answer)> _waiting = new();
    private Electorate _electorate;
    private AcceptorState _state;
    private ulong _stateNumber, _handedOut, _saved;

    /// <param name="self">This node and the birth of its data directory.</param>
    /// <param name="electorate">Of the map that this node holds durably.</param>
    /// <param name="saved">The state that the last run saved, or null.</param>
    public Acceptor(Voter self, Electorate electorate, AcceptorState? saved)
    {
        _self = self;
        _electorate = electorate;
        _state = saved is not null && saved.Epoch == electorate.Epoch && saved.Birth == self.Birth ? saved : Blank(electorate);
    }

    public ulong Epoch => _electorate.Epoch;

    public bool IsVoter => _electorate.IndexOf(_self) >= 0;

    /// <summary>
    /// This node now holds a newer map, durably. What was promised for the one before is of no more use: whoever asks is told that it was decided.
    /// </summary>
    public void Advance(Electorate electorate)
    {
        Check.That(electorate.Epoch > _electorate.Epoch);
        _electorate = electorate;
        _state = Blank(electorate);
        _stateNumber++;
        _waiting.Clear();
    }

    /// <summary>A <see cref="ConsensusKind.Prepare"/> or <see cref="ConsensusKind.Accept"/> arrived.</summary>
    /// <param name="message">The question.</param>
    /// <param name="from">The node that it came from, and that the answer goes to.</param>
    public void Receive(ConsensusMessage message, ushort from)
    {
        if (message.Kind is not (ConsensusKind.Prepare or ConsensusKind.Accept) || _waiting.Count >= WaitingMax)
            return;
        if (message.Epoch != _electorate.Epoch)
        {
            // Says nothing about any promise, only about the map, which is durable.
            Wait(from, new ConsensusMessage(ConsensusKind.OtherEpoch, _electorate.Epoch, _self, message.Ballot, Ballot.None, default));
            return;
        }
        if (!IsVoter || message.Ballot == Ballot.None)
            return;
        if (message.Ballot < _state.Promised)
            Reply(ConsensusKind.Outbid, message.Ballot, _state.Promised, default, from);
        else if (message.Kind == ConsensusKind.Prepare)
            Promise(message.Ballot, from);
        else if (!message.Value.IsEmpty)
            Accept(message, from);
    }

    /// <summary>The state to save, when there is one that was not handed out yet, and the number to tell <see cref="Saved"/>.</summary>
    public bool TakeUnsaved(out AcceptorState state, out ulong number)
    {
        state = _state;
        number = _stateNumber;
        bool isNew = _stateNumber > _handedOut;
        _handedOut = _stateNumber;
        return isNew;
    }

    /// <summary>The state of this number is durable, and none that was handed out before it will be written any more. Not every state has to be saved.</summary>
    public void Saved(ulong number)
    {
        Check.That(number <= _handedOut);
        _saved = Math.Max(_saved, number);
    }

    /// <summary>The next answer that may leave now.</summary>
    public bool TakeAnswer(out ushort to, out ConsensusMessage message)
    {
        bool isReady = _waiting.TryPeek(out (ulong StateNumber, Answer Answer) next) && next.StateNumber <= _saved;
        if (isReady)
            _waiting.Dequeue();
        to = isReady ? next.Answer.To : (ushort)0;
        message = isReady ? next.Answer.Message : null!;
        return isReady;
    }

    private void Promise(Ballot ballot, ushort from)
    {
        if (ballot > _state.Promised)
            Become(_state with { Promised = ballot });
        Reply(ConsensusKind.Promised, ballot, _state.Accepted, _state.Value, from);
    }

    private void Accept(ConsensusMessage message, ushort from)
    {
        if (_state.Accepted != message.Ballot)
            Become(_state with { Promised = message.Ballot, Accepted = message.Ballot, Value = message.Value });
        Check.That(_state.Value.Span.SequenceEqual(message.Value.Span));
        Reply(ConsensusKind.Accepted, message.Ballot, message.Ballot, default, from);
    }

    private void Become(AcceptorState state)
    {
        _state = state;
        _stateNumber++;
    }

    private void Reply(ConsensusKind kind, Ballot ballot, Ballot accepted, ReadOnlyMemory<byte> value, ushort to) =>
        Wait(to, new ConsensusMessage(kind, _electorate.Epoch, _self, ballot, accepted, value));

    private void Wait(ushort to, ConsensusMessage message) => _waiting.Enqueue((_stateNumber, new Answer(to, message)));

    private AcceptorState Blank(Electorate electorate) => new(electorate.Epoch, _self.Birth, Ballot.None, Ballot.None, default);

    private readonly record struct Answer(ushort To, ConsensusMessage Message);
}
