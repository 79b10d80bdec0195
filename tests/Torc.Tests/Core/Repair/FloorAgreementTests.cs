using Torc.Core.Repair;

namespace Torc.Tests.Core.Repair;

public sealed class FloorAgreementTests
{
    private readonly FloorAgreement _agreement = new(7, [0, 1, 2, 3], [1, 2]);

    [Fact]
    public void Every_node_closes_and_only_then_do_replicas_hold_and_only_then_raise()
    {
        _agreement.Asked.ShouldBe([(ushort)0, 1, 2, 3]);
        foreach (ushort node in new ushort[] { 3, 1, 1, 0 })
            _agreement.Answered(node, FloorStep.Close, FloorAnswer.Done).ShouldBeFalse();
        _agreement.Awaits(2).ShouldBeTrue();
        _agreement.Answered(2, FloorStep.Hold, FloorAnswer.Done).ShouldBeFalse("an answer to another step says nothing of this one");
        _agreement.Answered(2, FloorStep.Close, FloorAnswer.NotYet).ShouldBeFalse();
        _agreement.Answered(2, FloorStep.Close, FloorAnswer.Done).ShouldBeTrue();

        _agreement.Step.ShouldBe(FloorStep.Hold);
        _agreement.Asked.ShouldBe([(ushort)1, 2]);
        _agreement.Answered(3, FloorStep.Hold, FloorAnswer.Done).ShouldBeFalse("no replica");
        _agreement.Answered(1, FloorStep.Hold, FloorAnswer.Done).ShouldBeFalse();
        _agreement.Answered(1, FloorStep.Close, FloorAnswer.Done).ShouldBeFalse("late");
        _agreement.Answered(2, FloorStep.Hold, FloorAnswer.Done).ShouldBeTrue();

        _agreement.Step.ShouldBe(FloorStep.Raise);
        _agreement.Answered(1, FloorStep.Raise, FloorAnswer.Done).ShouldBeFalse();
        _agreement.IsFinished.ShouldBeFalse();
        _agreement.Answered(2, FloorStep.Raise, FloorAnswer.Refused).ShouldBeFalse();
        _agreement.IsFinished.ShouldBeTrue("who refuses now meets the floor later");
        _agreement.HasFailed.ShouldBeFalse();
    }

    [Fact]
    public void One_refusal_before_the_last_step_ends_it()
    {
        _agreement.Answered(3, FloorStep.Close, FloorAnswer.Refused).ShouldBeFalse();
        _agreement.HasFailed.ShouldBeTrue();
        _agreement.Awaits(0).ShouldBeFalse();
    }
}
