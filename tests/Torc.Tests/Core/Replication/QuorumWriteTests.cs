using Torc.Base;
using Torc.Core.Replication;
using Version = Torc.Core.Clocks.Version;

namespace Torc.Tests.Core.Replication;

public sealed class QuorumWriteTests
{
    private static readonly Version Mine = new(5, 1);
    private readonly QuorumWrite _write = new();

    [Fact]
    public void Is_acknowledged_at_the_required_number()
    {
        _write.Begin(3, 2);
        Acknowledge(0);
        _write.Decision.ShouldBe(WriteDecision.Waiting);
        Acknowledge(2);
        _write.Decision.ShouldBe(WriteDecision.Acknowledged);
        _write.Acknowledged.ShouldBe(2);
        _write.Outstanding.ShouldBe(ReplicaSet.Single(1));
    }

    [Fact]
    public void Incomplete_replicas_store_but_do_not_count()
    {
        _write.Begin(3, 2);
        Acknowledge(0);
        Acknowledge(1, complete: false);
        _write.Decision.ShouldBe(WriteDecision.Waiting);
        _write.Acknowledged.ShouldBe(1);
        _write.Stored.Count.ShouldBe(2);
        Acknowledge(2, complete: false);
        _write.Decision.ShouldBe(WriteDecision.CannotReach);
    }

    [Fact]
    public void Duplicates_and_strangers_do_not_count()
    {
        _write.Begin(3, 2);
        Acknowledge(0);
        Acknowledge(0);
        Acknowledge(3);
        Acknowledge(-1);
        _write.Fail(0);
        _write.Decision.ShouldBe(WriteDecision.Waiting);
        _write.Acknowledged.ShouldBe(1);
    }

    [Fact]
    public void Cannot_reach_as_soon_as_the_rest_is_too_few()
    {
        _write.Begin(3, 2);
        Acknowledge(0);
        _write.Fail(1);
        _write.Decision.ShouldBe(WriteDecision.Waiting);
        _write.Fail(1);
        _write.Decision.ShouldBe(WriteDecision.Waiting);
        _write.Fail(2);
        _write.Decision.ShouldBe(WriteDecision.CannotReach);
        Acknowledge(2);
        _write.Decision.ShouldBe(WriteDecision.CannotReach, "a decision stays");
        _write.Acknowledged.ShouldBe(2, "but the count is the truth");
    }

    [Fact]
    public void An_answer_after_a_failure_counts_while_nothing_is_decided()
    {
        _write.Begin(3, 2);
        _write.Fail(1);
        Acknowledge(1);
        Acknowledge(0);
        _write.Decision.ShouldBe(WriteDecision.Acknowledged);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Is_superseded_by_any_replica_that_held_something_above(bool complete)
    {
        _write.Begin(3, 2);
        Acknowledge(0);
        _write.Acknowledge(1, false, new Version(9, 2), complete);
        _write.Decision.ShouldBe(WriteDecision.Superseded);
        _write.Winner.ShouldBe(new Version(9, 2));
        _write.Acknowledge(2, false, new Version(12, 2), true);
        _write.Winner.ShouldBe(new Version(12, 2), "later winners are still learned");
        _write.Decision.ShouldBe(WriteDecision.Superseded);
    }

    [Fact]
    public void An_acknowledged_write_stays_acknowledged()
    {
        _write.Begin(3, 1);
        Acknowledge(0);
        _write.Acknowledge(1, false, new Version(9, 2), true);
        _write.Fail(2);
        _write.Decision.ShouldBe(WriteDecision.Acknowledged);
    }

    [Fact]
    public void A_hint_that_is_awaited_counts_for_its_replica_once()
    {
        _write.Begin(3, 3);
        Acknowledge(0);
        _write.AwaitHint(1);
        _write.Fail(1);
        _write.AwaitHint(2);
        _write.Fail(2);
        _write.Decision.ShouldBe(WriteDecision.Waiting, "fallbacks may still answer");
        _write.AcknowledgeHint(1, true, Mine);
        Acknowledge(1);
        _write.AcknowledgeHint(1, true, Mine);
        _write.Decision.ShouldBe(WriteDecision.Waiting);
        _write.Acknowledged.ShouldBe(2);
        _write.AcknowledgeHint(2, true, Mine);
        _write.Decision.ShouldBe(WriteDecision.Acknowledged);
        _write.Hinted.Except(_write.Counted).ShouldBe(ReplicaSet.Single(2));
    }

    [Fact]
    public void A_hint_that_nobody_asked_for_does_not_count()
    {
        _write.Begin(3, 2);
        Acknowledge(0);
        _write.AcknowledgeHint(1, true, Mine);
        _write.AcknowledgeHint(2, true, Mine);
        _write.Decision.ShouldBe(WriteDecision.Waiting);
        _write.Acknowledged.ShouldBe(1);
    }

    [Fact]
    public void Cannot_reach_when_the_fallbacks_fail_too()
    {
        _write.Begin(3, 2);
        Acknowledge(0);
        foreach (int replica in (int[])[1, 2])
        {
            _write.AwaitHint(replica);
            _write.Fail(replica);
        }
        _write.FailHint(1);
        _write.Decision.ShouldBe(WriteDecision.Waiting);
        _write.FailHint(2);
        _write.Decision.ShouldBe(WriteDecision.CannotReach);
    }

    [Fact]
    public void Is_superseded_by_a_hint_above_it()
    {
        _write.Begin(3, 2);
        Acknowledge(0);
        _write.AwaitHint(1);
        _write.Fail(1);
        _write.AcknowledgeHint(1, false, new Version(9, 2));
        _write.Decision.ShouldBe(WriteDecision.Superseded);
        _write.Winner.ShouldBe(new Version(9, 2));
    }

    [Fact]
    public void Begin_forgets_everything()
    {
        _write.Begin(3, 2);
        _write.Acknowledge(1, false, new Version(9, 2), true);
        _write.Begin(1, 1);
        _write.Decision.ShouldBe(WriteDecision.Waiting);
        _write.Winner.ShouldBe(Version.None);
        Acknowledge(0);
        _write.Decision.ShouldBe(WriteDecision.Acknowledged);
    }

    /// <summary>Against a dumb count of the first answer of each replica, over random orders.</summary>
    [Fact]
    public void Agrees_with_plain_counting_over_random_conversations()
    {
        for (ulong seed = 0; seed < 5_000; seed++)
        {
            var random = new SeededRandom(seed);
            int replicas = 1 + random.Below(ReplicaSet.ReplicasMax), required = 1 + random.Below(replicas);
            var answers = new string?[replicas];
            WriteDecision expected = WriteDecision.Waiting;
            _write.Begin(replicas, required);
            for (int step = 0; step < replicas * 3; step++)
            {
                int replica = random.Below(replicas);
                string answer = random.Below(10) switch { 0 => "superseded", < 3 => "failed", < 5 => "incomplete", _ => "complete" };
                if (answers[replica] is null or "failed")
                    answers[replica] = answer;
                if (answer == "failed")
                    _write.Fail(replica);
                else
                    _write.Acknowledge(replica, answer != "superseded", Mine, answer != "incomplete");
                int counted = answers.Count(one => one == "complete");
                if (expected == WriteDecision.Waiting)
                {
                    expected = answers.Contains("superseded") ? WriteDecision.Superseded
                        : counted >= required ? WriteDecision.Acknowledged
                        : counted + answers.Count(one => one is null) < required ? WriteDecision.CannotReach
                        : WriteDecision.Waiting;
                }
                _write.Decision.ShouldBe(expected, $"seed {seed} step {step}");
                _write.Acknowledged.ShouldBe(counted, $"seed {seed} step {step}");
            }
        }
    }

    private void Acknowledge(int replica, bool complete = true) => _write.Acknowledge(replica, true, Mine, complete);
}
