using Torc.Base;
using Torc.Core.Clocks;
using Torc.Core.Consensus;

namespace Torc.Tests.Core.Consensus;

public sealed class ConsensusTests
{
    private static readonly Electorate Three = new(7, [new(0, 10), new(1, 11), new(2, 12)]);
    private static readonly byte[] One = [1], Other = [2];

    /// <summary>Every fault but lost majorities; the world itself fails when two values are decided.</summary>
    [Fact]
    public void One_value_is_decided_whatever_happens_and_one_is_when_a_majority_talks()
    {
        int decidedBeforeCalm = 0;
        for (ulong seed = 0; seed < 1_500; seed++)
        {
            var random = new SeededRandom(seed);
            int voters = 1 + random.Below(5);
            var world = new VotingWorld(seed, voters, random.Below(3)) { Loss = random.Unit() * 0.5, Repeats = random.Unit() * 0.5 };
            int wipedMax = (voters - 1) / 2, wiped = 0;
            for (int step = 0; step < 120; step++)
            {
                int id = random.Below(world.MachineCount);
                if (random.Chance(0.1))
                    world.Propose(id);
                if (random.Chance(0.03))
                    world.Crash(id);
                if (random.Chance(0.03))
                    world.Stop(id);
                if (random.Chance(0.1))
                    world.Continue(id);
                if (random.Chance(0.01) && id < voters && wiped < wipedMax)
                {
                    world.Wipe(id);
                    wiped++;
                }
                world.Step();
            }
            decidedBeforeCalm += world.Decided is null ? 0 : 1;
            Heal(world, $"seed {seed}");
        }
        decidedBeforeCalm.ShouldBeGreaterThan(300, "the storm lets some through");
        decidedBeforeCalm.ShouldBeLessThan(1_400, "and holds some up");
    }

    private static void Heal(VotingWorld world, string context)
    {
        world.Loss = world.Repeats = 0;
        for (int id = 0; id < world.MachineCount; id++)
            world.Continue(id);
        int last = world.MachineCount - 1;
        for (int step = 0; step < 3_000 && world.OutcomeOf(last) != ProposalOutcome.Decided; step++)
        {
            world.Propose(last);
            world.Step();
        }
        world.OutcomeOf(last).ShouldBe(ProposalOutcome.Decided, context);
    }

    [Fact]
    public void Without_a_majority_nothing_is_decided()
    {
        var world = new VotingWorld(1, 5, 0);
        world.Stop(0);
        world.Stop(1);
        world.Stop(2);
        for (int step = 0; step < 3_000; step++)
        {
            world.Propose(4);
            world.Step();
        }
        world.Decided.ShouldBeNull();
    }

    [Fact]
    public void A_wiped_voter_never_votes_under_its_old_identity()
    {
        var wiped = new Acceptor(new Voter(1, 999), Three, null);
        wiped.IsVoter.ShouldBeFalse();
        wiped.Receive(Ask(ConsensusKind.Prepare, 5), 0);
        AnswersOf(wiped).ShouldBeEmpty();

        var proposer = NewProposer();
        proposer.Propose(One, default);
        proposer.Receive(Answer(ConsensusKind.Promised, new Voter(0, 10)), default);
        proposer.Receive(Answer(ConsensusKind.Promised, new Voter(1, 999)), default);
        Sent(proposer).ShouldNotContain(message => message.Kind == ConsensusKind.Accept);
        proposer.Receive(Answer(ConsensusKind.Promised, new Voter(2, 12)), default);
        Sent(proposer).ShouldContain(message => message.Kind == ConsensusKind.Accept);
    }

    [Fact]
    public void No_answer_leaves_before_its_state_is_durable()
    {
        var acceptor = new Acceptor(new Voter(1, 11), Three, null);
        acceptor.Receive(Ask(ConsensusKind.Prepare, 5), 0);
        acceptor.Receive(Ask(ConsensusKind.Prepare, 3), 2);
        acceptor.TakeAnswer(out _, out _).ShouldBeFalse("neither the promise nor the refusal that tells of it");
        acceptor.TakeUnsaved(out AcceptorState first, out ulong number).ShouldBeTrue();
        first.Promised.Round.ShouldBe(5UL);
        acceptor.Receive(Ask(ConsensusKind.Accept, 6, One), 0);
        acceptor.Saved(number);
        AnswersOf(acceptor).Select(answer => answer.Kind).ShouldBe([ConsensusKind.Promised, ConsensusKind.Outbid]);
        acceptor.TakeUnsaved(out _, out number).ShouldBeTrue();
        acceptor.TakeUnsaved(out _, out _).ShouldBeFalse();
        acceptor.Saved(number);
        AnswersOf(acceptor).ShouldHaveSingleItem().Kind.ShouldBe(ConsensusKind.Accepted);
    }

    [Fact]
    public void A_restarted_voter_keeps_its_promise_and_what_it_accepted()
    {
        var acceptor = new Acceptor(new Voter(1, 11), Three, null);
        acceptor.Receive(Ask(ConsensusKind.Accept, 5, One), 0);
        acceptor.TakeUnsaved(out AcceptorState state, out _);
        var again = new Acceptor(new Voter(1, 11), Three, state);
        again.Receive(Ask(ConsensusKind.Prepare, 4), 0);
        again.Receive(Ask(ConsensusKind.Prepare, 6), 0);
        again.TakeUnsaved(out _, out ulong number);
        again.Saved(number);
        ConsensusMessage[] answers = AnswersOf(again);
        answers[0].Kind.ShouldBe(ConsensusKind.Outbid);
        answers[1].Value.ToArray().ShouldBe(One);
        answers[1].Accepted.Round.ShouldBe(5UL);
    }

    [Fact]
    public void A_state_of_another_epoch_or_data_directory_is_not_taken_over()
    {
        var foreign = new AcceptorState(6, 11, new Ballot(9, Actor.Of(0, 1)), Ballot.None, default);
        foreach (AcceptorState state in new[] { foreign, foreign with { Epoch = 7, Birth = 4 } })
        {
            var acceptor = new Acceptor(new Voter(1, 11), Three, state);
            acceptor.Receive(Ask(ConsensusKind.Prepare, 1), 0);
            acceptor.TakeUnsaved(out AcceptorState now, out _).ShouldBeTrue();
            now.Promised.Round.ShouldBe(1UL);
        }
    }

    [Fact]
    public void A_voter_answers_only_for_the_epoch_whose_map_it_holds()
    {
        var acceptor = new Acceptor(new Voter(1, 11), Three, null);
        acceptor.Receive(Ask(ConsensusKind.Accept, 5, One) with { Epoch = 8 }, 0);
        ConsensusMessage behind = AnswersOf(acceptor).ShouldHaveSingleItem();
        (behind.Kind, behind.Epoch).ShouldBe((ConsensusKind.OtherEpoch, 7UL));

        acceptor.Advance(new Electorate(8, Three.Voters));
        acceptor.Receive(Ask(ConsensusKind.Prepare, 5), 0);
        acceptor.TakeUnsaved(out _, out ulong number);
        acceptor.Saved(number);
        ConsensusMessage ahead = AnswersOf(acceptor).ShouldHaveSingleItem();
        (ahead.Kind, ahead.Epoch).ShouldBe((ConsensusKind.OtherEpoch, 8UL));

        Proposer proposer = NewProposer();
        proposer.Propose(One, default);
        proposer.Receive(Answer(ConsensusKind.OtherEpoch, new Voter(0, 10)) with { Epoch = 6 }, default);
        proposer.VoterBehind.ShouldBe(0);
        proposer.Outcome.ShouldBe(ProposalOutcome.Running);
        proposer.Receive(Answer(ConsensusKind.OtherEpoch, new Voter(1, 11)) with { Epoch = 8 }, default);
        proposer.Outcome.ShouldBe(ProposalOutcome.Overtaken);
    }

    [Fact]
    public void A_value_that_was_accepted_takes_the_place_of_the_proposers_own()
    {
        Proposer proposer = NewProposer();
        proposer.Propose(One, default);
        Sent(proposer);
        proposer.Receive(Answer(ConsensusKind.Promised, new Voter(1, 11)) with { Accepted = new Ballot(0, Actor.Of(3, 3)), Value = Other }, default);
        proposer.Receive(Answer(ConsensusKind.Promised, new Voter(2, 12)), default);
        Sent(proposer).ShouldAllBe(message => message.Kind == ConsensusKind.Accept && message.Value.ToArray()[0] == Other[0]);
        proposer.Receive(Answer(ConsensusKind.Accepted, new Voter(1, 11)), default);
        proposer.Receive(Answer(ConsensusKind.Accepted, new Voter(1, 11)), default);
        proposer.Outcome.ShouldBe(ProposalOutcome.Running, "one voter counts once");
        proposer.Receive(Answer(ConsensusKind.Accepted, new Voter(0, 10)), default);
        proposer.Decided.ToArray().ShouldBe(Other);
        Sent(proposer).Select(message => message.Kind).ShouldBe([ConsensusKind.Decided, ConsensusKind.Decided, ConsensusKind.Decided]);
    }

    [Fact]
    public void Gives_up_after_a_bounded_number_of_attempts_with_rising_rounds()
    {
        Proposer proposer = NewProposer();
        proposer.Propose(One, default);
        var rounds = new List<ulong>();
        for (long micros = 0; proposer.Outcome == ProposalOutcome.Running; micros += 50_000)
        {
            proposer.Tick(new Instant(micros, 0));
            rounds.AddRange(Sent(proposer).Select(message => message.Ballot.Round).Distinct());
        }
        proposer.Outcome.ShouldBe(ProposalOutcome.GaveUp);
        rounds.ShouldBe(Enumerable.Range(1, 12).Select(round => (ulong)round));
    }

    [Fact]
    public void Messages_and_states_are_frozen()
    {
        using var bytes = new ByteWriter();
        new ConsensusMessage(ConsensusKind.Promised, 7, new Voter(2, 9), new Ballot(3, Actor.Of(1, 5)), new Ballot(2, Actor.Of(0, 4)), One).Encode(bytes);
        Convert.ToHexString(bytes.Written).ShouldBe("01" + "02" + "0700000000000000" + "0200" + "0900000000000000"
            + "0300000000000000" + "0500000000000100" + "0200000000000000" + "0400000000000000" + "01000000" + "01");
        Enum.GetValues<ConsensusKind>().Select(kind => (int)kind).ShouldBe([1, 2, 3, 4, 5, 6, 7]);

        bytes.Clear();
        new AcceptorState(7, 9, new Ballot(3, Actor.Of(1, 5)), new Ballot(2, Actor.Of(0, 4)), One).Encode(bytes);
        Convert.ToHexString(bytes.Written).ShouldBe("01" + "0700000000000000" + "0900000000000000"
            + "0300000000000000" + "0500000000000100" + "0200000000000000" + "0400000000000000" + "01000000" + "01");
    }

    [Fact]
    public void Hostile_bytes_are_refused()
    {
        using var bytes = new ByteWriter();
        new ConsensusMessage(ConsensusKind.Accept, 7, new Voter(2, 9), new Ballot(3, Actor.Of(1, 5)), Ballot.None, One).Encode(bytes);
        byte[] whole = bytes.Written.ToArray();
        for (int length = 0; length < whole.Length; length++)
            ConsensusMessage.TryDecode(whole.AsSpan(0, length), out _).ShouldBeFalse();
        for (int bit = 0; bit < whole.Length * 8; bit++)
        {
            byte[] flipped = [.. whole];
            flipped[bit / 8] ^= (byte)(1 << bit % 8);
            if (!ConsensusMessage.TryDecode(flipped, out ConsensusMessage? read))
                continue;
            bytes.Clear();
            read.Encode(bytes);
            bytes.Written.ToArray().ShouldBe(flipped);
        }
        bytes.Clear();
        new ConsensusMessage(ConsensusKind.Accept, 7, new Voter(2, 9), new Ballot(3, Actor.Of(1, 5)), Ballot.None, default).Encode(bytes);
        ConsensusMessage.TryDecode(bytes.Written, out _).ShouldBeFalse("nothing cannot be accepted");
    }

    private static Proposer NewProposer() => new(new Voter(0, 10), Actor.Of(0, 1), Three, new ProposerTunables(), new SeededRandom(1));

    private static ConsensusMessage Ask(ConsensusKind kind, ulong round, byte[]? value = null) =>
        new(kind, 7, new Voter(0, 10), new Ballot(round, Actor.Of(0, 1)), Ballot.None, value);

    private static ConsensusMessage Answer(ConsensusKind kind, Voter voter) => new(kind, 7, voter, new Ballot(1, Actor.Of(0, 1)), Ballot.None, default);

    private static ConsensusMessage[] AnswersOf(Acceptor acceptor)
    {
        var answers = new List<ConsensusMessage>();
        while (acceptor.TakeAnswer(out _, out ConsensusMessage answer))
            answers.Add(answer);
        return [.. answers];
    }

    private static List<ConsensusMessage> Sent(Proposer proposer)
    {
        var sent = new List<ConsensusMessage>();
        while (proposer.TakeMessage(out _, out ConsensusMessage message))
            sent.Add(message);
        return sent;
    }
}
