using Torc.Base;
using Torc.Storage.Memory;

namespace Torc.Tests.Storage.Memory;

public sealed unsafe class NativeArenaTests
{
    private static readonly int PageBytes = Environment.SystemPageSize;

    [Fact]
    public void A_slot_of_huge_pages_starts_on_one_and_is_zero()
    {
        using var arena = new NativeArena(2 * NativeArena.HugePageBytes, slotsMax: 3);
        for (int expected = 0; expected < 3; expected++)
        {
            arena.TryRent(out int slot).ShouldBeTrue();
            slot.ShouldBe(expected);
            ((long)arena.Pointer(slot) % NativeArena.HugePageBytes).ShouldBe(0);
            arena.Span(slot, 0, (int)arena.SlotBytes).IndexOfAnyExcept((byte)0).ShouldBe(-1);
            arena.Span(slot, 0, (int)arena.SlotBytes).Fill(0xFF);
        }
        arena.MappedBytes.ShouldBe(6 * NativeArena.HugePageBytes);
    }

    [Fact]
    public void No_more_slots_than_named_are_rented()
    {
        using var arena = new NativeArena(PageBytes, slotsMax: 9);
        for (int count = 0; count < 9; count++)
            arena.TryRent(out _).ShouldBeTrue();
        arena.TryRent(out _).ShouldBeFalse();
        arena.SlotsInUse.ShouldBe(9);
        arena.Return(4);
        arena.TryRent(out int again).ShouldBeTrue();
        again.ShouldBe(4);
        arena.TryRent(out _).ShouldBeFalse();
    }

    [Fact]
    public void Slots_do_not_overlap_and_keep_their_bytes()
    {
        const ulong seed = 11;
        var random = new SeededRandom(seed);
        using var arena = new NativeArena(3 * PageBytes, slotsMax: 20);
        var marks = new Dictionary<int, byte>();
        for (int step = 0; step < 2_000; step++)
        {
            if (random.Chance(0.55) && arena.TryRent(out int slot))
            {
                marks.ContainsKey(slot).ShouldBeFalse($"seed {seed}, step {step}: slot {slot} was rented twice");
                marks[slot] = (byte)random.Next();
                arena.Span(slot, 0, 3 * PageBytes).Fill(marks[slot]);
            }
            else if (marks.Count > 0)
            {
                int returned = marks.Keys.ElementAt(random.Below(marks.Count));
                arena.Span(returned, 0, 3 * PageBytes).IndexOfAnyExcept(marks[returned]).ShouldBe(-1, $"seed {seed}, step {step}, slot {returned}");
                arena.Return(returned);
                marks.Remove(returned);
            }
            if (random.Chance(0.02))
                arena.ReleaseFree();
            arena.SlotsInUse.ShouldBe(marks.Count);
        }
    }

    [Fact]
    public void Populating_keeps_bytes_and_stays_inside_the_slot()
    {
        using var arena = new NativeArena(NativeArena.HugePageBytes, slotsMax: 1);
        arena.TryRent(out int slot).ShouldBeTrue();
        arena.Span(slot, 0, 2 * PageBytes).Fill(7);
        arena.Populate(slot, 0, arena.SlotBytes);
        arena.Span(slot, 0, 2 * PageBytes).IndexOfAnyExcept((byte)7).ShouldBe(-1);
        arena.Span(slot, 2 * PageBytes, PageBytes).IndexOfAnyExcept((byte)0).ShouldBe(-1);
        Should.Throw<InvariantException>(() => arena.Populate(0, PageBytes, arena.SlotBytes));
    }

    [Fact]
    public void Discarded_memory_comes_back_zeroed_and_after_what_still_holds_pages()
    {
        using var arena = new NativeArena(PageBytes, slotsMax: 3);
        for (int count = 0; count < 3; count++)
        {
            arena.TryRent(out int slot).ShouldBeTrue();
            arena.Span(slot, 0, PageBytes).Fill((byte)(slot + 1));
        }
        arena.TryRentIdle(out _).ShouldBeFalse();
        arena.Return(1);
        arena.Return(0);
        arena.SlotsIdle.ShouldBe(2);
        arena.TryRentIdle(out int idle).ShouldBeTrue();
        arena.SlotsInUse.ShouldBe(2);
        arena.Discard(idle);
        arena.ReturnEmpty(idle);
        (idle, arena.SlotsIdle, arena.SlotsInUse).ShouldBe((1, 1, 1));
        arena.TryRent(out int first).ShouldBeTrue();
        arena.TryRent(out int second).ShouldBeTrue();
        (first, second).ShouldBe((0, 1));
        arena.Span(0, 0, PageBytes).IndexOfAnyExcept((byte)1).ShouldBe(-1);
        arena.Span(1, 0, PageBytes).IndexOfAnyExcept((byte)0).ShouldBe(-1);
        arena.Span(2, 0, PageBytes).IndexOfAnyExcept((byte)3).ShouldBe(-1);
    }

    [Fact]
    public void Released_memory_comes_back_zeroed_and_rented_slots_stay()
    {
        using var arena = new NativeArena(PageBytes, slotsMax: 4);
        arena.TryRent(out int kept).ShouldBeTrue();
        arena.TryRent(out int given).ShouldBeTrue();
        arena.Span(kept, 0, PageBytes).Fill(1);
        arena.Span(given, 0, PageBytes).Fill(2);
        arena.Return(given);
        arena.ReleaseFree();
        arena.MappedBytes.ShouldBe(PageBytes);
        arena.TryRent(out int again).ShouldBeTrue();
        again.ShouldBe(given);
        arena.Span(again, 0, PageBytes).IndexOfAnyExcept((byte)0).ShouldBe(-1);
        arena.Span(kept, 0, PageBytes).IndexOfAnyExcept((byte)1).ShouldBe(-1);
    }

    [Fact]
    public void Returning_twice_is_a_bug_that_is_seen()
    {
        using var arena = new NativeArena(PageBytes, slotsMax: 4);
        arena.TryRent(out int slot).ShouldBeTrue();
        arena.Return(slot);
        Should.Throw<InvariantException>(() => arena.Return(slot));
        Should.Throw<InvariantException>(() => arena.Return(3));
    }
}
