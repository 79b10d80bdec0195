using Torc.Base;
using Torc.Core.Clocks;
using Torc.Core.Consensus;

namespace Torc.Tests.Core.Consensus;

/// <summary>
/// Nodes that vote and propose through a network that loses, repeats and reorders, on disks that keep only what was saved in time, with
/// virtual time. Keeps the account of what was decided and fails when two values were.
/// </summary>
internal sealed class VotingWorld
{
    private readonly SeededRandom _random;
    private readonly Electorate _electorate;
    private readonly Machine[] _machines;
    private readonly List<(ushort From, ushort To, byte[] Bytes)> _network = [];
    private readonly string _context;
    private long _micros;
    private ulong _runs;

    public VotingWorld(ulong seed, int voters, int others)
    {
        _random = new SeededRandom(seed);
        _context = $"seed {seed}";
        _machines = [.. Enumerable.Range(0, voters + others).Select(id => new Machine((ushort)id, (ulong)id + 100))];
        _electorate = new Electorate(1, _machines.Take(voters).Select(machine => machine.Self));
        foreach (Machine machine in _machines)
            Start(machine);
    }

    public double Loss { get; set; }

    public double Repeats { get; set; }

    public int MachineCount => _machines.Length;

    public byte[]? Decided { get; private set; }

    private Instant Now => new(_micros, 0);

    /// <summary>Saved states are gone and the birth is another one.</summary>
    public void Wipe(int id)
    {
        Machine machine = _machines[id];
        machine.Disk = null;
        machine.Self = machine.Self with { Birth = machine.Self.Birth + 1_000 };
        Start(machine);
    }

    public void Crash(int id) => Start(_machines[id]);

    public void Stop(int id) => _machines[id].IsUp = false;

    public void Continue(int id) => _machines[id].IsUp = true;

    public bool IsUp(int id) => _machines[id].IsUp;

    /// <summary>A value that says who wished it and when, so that no two are alike.</summary>
    public void Propose(int id)
    {
        if (_machines[id] is { IsUp: true, Proposer.Outcome: ProposalOutcome.Idle or ProposalOutcome.GaveUp } machine)
            machine.Proposer.Propose(BitConverter.GetBytes(++_runs * 100 + (ulong)id), Now);
    }

    public ProposalOutcome OutcomeOf(int id) => _machines[id].Proposer.Outcome;

    public void Step()
    {
        _micros += _random.Below(20_000);
        foreach (Machine machine in _machines.Where(machine => machine.IsUp))
        {
            machine.Proposer.Tick(Now);
            Flush(machine);
        }
        for (int count = _network.Count; count > 0; count--)
        {
            int at = _random.Below(_network.Count);
            (ushort from, ushort to, byte[] bytes) = _network[at];
            if (!_random.Chance(Repeats))
                _network.RemoveAt(at);
            Machine machine = _machines[to];
            if (_random.Chance(Loss) || !machine.IsUp)
                continue;
            ConsensusMessage.TryDecode(bytes, out ConsensusMessage? message).ShouldBeTrue();
            machine.Acceptor.Receive(message!, from);
            machine.Proposer.Receive(message!, Now);
            Flush(machine);
        }
    }

    private void Start(Machine machine)
    {
        AcceptorState? saved = null;
        if (machine.Disk is { } bytes)
            AcceptorState.TryDecode(bytes, out saved).ShouldBeTrue();
        machine.IsUp = true;
        machine.Acceptor = new Acceptor(machine.Self, _electorate, saved);
        var tunables = new ProposerTunables { AttemptTimeoutMs = 100, BackoffMs = 20, BackoffMaxMs = 1_000 };
        machine.Proposer = new Proposer(machine.Self, Actor.Of(machine.Self.Node, ++_runs), _electorate, tunables, _random.Fork($"{machine.Self.Node}/{_runs}"));
    }

    /// <summary>Saves now or later, and lets out what may leave; a crash in between loses both.</summary>
    private void Flush(Machine machine)
    {
        if (_random.Chance(0.7) && machine.Acceptor.TakeUnsaved(out AcceptorState state, out ulong number))
        {
            using var bytes = new ByteWriter();
            state.Encode(bytes);
            if (_random.Chance(0.02))
            {
                Crash(machine.Self.Node);
                return;
            }
            machine.Disk = bytes.Written.ToArray();
            machine.Acceptor.Saved(number);
        }
        while (machine.Acceptor.TakeAnswer(out ushort to, out ConsensusMessage message))
            Send(machine, to, message);
        while (machine.Proposer.TakeMessage(out ushort to, out ConsensusMessage message))
            Send(machine, to, message);
        if (machine.Proposer.Outcome == ProposalOutcome.Decided)
        {
            byte[] decided = machine.Proposer.Decided.ToArray();
            Decided ??= decided;
            decided.ShouldBe(Decided, $"{_context}: two values were decided");
        }
    }

    private void Send(Machine machine, ushort to, ConsensusMessage message)
    {
        using var bytes = new ByteWriter();
        message.Encode(bytes);
        _network.Add((machine.Self.Node, to, bytes.Written.ToArray()));
    }

    private sealed class Machine(ushort id, ulong birth)
    {
        public Voter Self = new(id, birth);
        public bool IsUp = true;
        public byte[]? Disk;
        public Acceptor Acceptor = null!;
        public Proposer Proposer = null!;
    }
}
