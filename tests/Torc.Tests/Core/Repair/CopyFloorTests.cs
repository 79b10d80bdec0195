using Torc.Core.Repair;

namespace Torc.Tests.Core.Repair;

public sealed class CopyFloorTests
{
    [Fact]
    public void A_floor_is_closed_held_and_raised_in_this_order()
    {
        CopyFloor floor = default;
        floor.MayRaise(10).ShouldBeFalse("nothing was held");
        Should.Throw<Exception>(() => floor.Hold(10));
        Should.Throw<Exception>(() => floor.Raise(10));
        floor = floor.Close(10);
        floor.Proven.ShouldBe(0UL);
        floor = floor.Hold(10);
        (floor.Proven, floor.Floor).ShouldBe((10UL, 0UL));
        floor.Raise(10).ShouldBe(new CopyFloor(10, 10, 10));
    }

    [Fact]
    public void It_only_rises()
    {
        CopyFloor floor = new CopyFloor(0, 0, 0).Close(20).Hold(20).Raise(20);
        floor.Close(5).Hold(5).Raise(5).ShouldBe(floor);
    }

    [Fact]
    public void A_copy_that_may_miss_the_end_of_its_log_keeps_its_floor_and_proves_no_other()
    {
        CopyFloor floor = new CopyFloor(10, 0, 0).Close(20).Hold(20).BecameIncomplete();
        floor.ShouldBe(new CopyFloor(10, 0, 20));
        floor.MayRaise(20).ShouldBeFalse();
        floor.MayRaise(10).ShouldBeTrue();
    }

    [Fact]
    public void A_newcomer_or_a_damaged_copy_begins_without_a_floor_and_takes_over_the_highest_of_those_it_copied_from()
    {
        CopyFloor floor = new CopyFloor(10, 15, 20).BecameUnknown();
        floor.ShouldBe(new CopyFloor(0, 0, 20));
        floor.BecameComplete(30, 40).ShouldBe(new CopyFloor(30, 40, 40), "it stamps nothing below what it proves");
        floor.BecameComplete(0, 0).ShouldBe(new CopyFloor(0, 0, 20));
    }
}
