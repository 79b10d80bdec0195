using Torc.Core.Cells;
using Version = Torc.Core.Clocks.Version;

namespace Torc.Tests.Core.Cells;

/// <summary>
/// A change of a deadline meets a delete of the row that it changed, because others found it expired: the change stays, with the value, whatever comes first. What was
/// written over the value meanwhile stays too.
/// </summary>
public sealed class RowExpiryTests
{
    private static readonly EncodedRow Set = Write(to => RowWriter.String(to, V(1), "v"u8, 500));
    private static readonly EncodedRow LaterDeadline = Set.Merge(Write(to => RowWriter.Expiry(to, V(3), V(1), RowKind.String, 500)));
    private static readonly EncodedRow Appended = LaterDeadline.Merge(Write(to => RowWriter.StringCell(to, V(4), V(1), "vw"u8)));

    public static TheoryData<string> Rows => ["SET with a deadline", "EXPIRE", "EXPIRE, APPEND"];

    [Theory]
    [MemberData(nameof(Rows))]
    public void A_renewed_row_outlives_a_collapse_that_had_not_seen_it_in_any_order(string which)
    {
        EncodedRow row = Row(which), collapsed = Collapsed(row), persisted = Renewed(row, 0), later = Renewed(row, 900);
        foreach (EncodedRow merged in InEveryOrder(row, collapsed, persisted))
            ShouldHold(merged, row, 0);
        foreach (EncodedRow merged in InEveryOrder(row, collapsed, later))
            ShouldHold(merged, row, 900);
        collapsed.Merge(persisted).Reflects(persisted).ShouldBeTrue();
        persisted.Merge(collapsed).Reflects(collapsed).ShouldBeFalse("who collapsed it hears that it is not so");
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void A_collapsed_row_is_gone_and_a_renewed_one_that_expires_is_too(string which)
    {
        EncodedRow row = Row(which), renewed = row.Merge(Renewed(row, 900));
        foreach (EncodedRow merged in InEveryOrder(row, Collapsed(row), Collapsed(renewed)))
            merged.View.Kind.ShouldBe(RowKind.None);
        foreach (EncodedRow merged in InEveryOrder(row, renewed, Collapsed(renewed)))
        {
            merged.View.Kind.ShouldBe(RowKind.None);
            merged.View.CellCount.ShouldBe(0);
            merged.Reflects(Collapsed(renewed)).ShouldBeTrue();
        }
    }

    [Theory]
    [MemberData(nameof(Rows))]
    public void A_write_that_a_renewed_row_had_not_seen_stays(string which)
    {
        EncodedRow row = Row(which), renewed = Renewed(row, 0);
        Version between = new(row.Max.Stamp, row.Max.ActorValue + 10);
        (between > row.Max && between < renewed.Max).ShouldBeTrue();
        EncodedRow set = Write(to => RowWriter.String(to, between, "theirs"u8, 0));
        foreach (EncodedRow merged in InEveryOrder(row, renewed, set))
            merged.View.StringValue.ToArray().ShouldBe("theirs"u8.ToArray());
        foreach (EncodedRow merged in InEveryOrder(row, renewed, Write(to => RowWriter.Tombstone(to, between))))
            merged.View.IsDeleted.ShouldBeTrue();
        EncodedRow cell = Write(to => RowWriter.StringCell(to, between, row.View.BaseVersion, "more"u8));
        foreach (EncodedRow merged in InEveryOrder(row, renewed, cell))
            merged.View.StringValue.ToArray().ShouldBe("more"u8.ToArray());
    }

    [Fact]
    public void A_renewed_row_may_be_built_on_whatever_it_was_built_on()
    {
        EncodedRow renewed = Appended.Merge(Renewed(Appended, 0));
        renewed.View.MayBeBuiltOn(V(2)).ShouldBeTrue();
        renewed.View.MayBeBuiltOn(V(4)).ShouldBeTrue();
        renewed.Merge(Write(to => RowWriter.String(to, V(30), "new"u8, 900))).View.MayBeBuiltOn(V(4)).ShouldBeFalse("the SET replaced it");
    }

    [Fact]
    public void A_deadline_can_be_changed_again_and_again()
    {
        EncodedRow row = Appended;
        for (ulong stamp = 20; stamp < 30; stamp++)
        {
            EncodedRow before = row;
            row = row.Merge(Write(to => RowWriter.Renewed(to, V(stamp), before.View, 900)));
            ShouldHold(row.Merge(Collapsed(before)), before, 900);
        }
    }

    private static EncodedRow Row(string which) => which switch { "EXPIRE" => LaterDeadline, "EXPIRE, APPEND" => Appended, _ => Set };

    private static EncodedRow Renewed(EncodedRow row, long deadlineMs) => Write(to => RowWriter.Renewed(to, V(9), row.View, deadlineMs));

    private static EncodedRow Collapsed(EncodedRow row) => Write(to => RowWriter.Collapsed(to, row.View));

    private static void ShouldHold(EncodedRow merged, EncodedRow value, long deadlineMs)
    {
        merged.View.IsLive(800).ShouldBeTrue();
        merged.View.StringValue.ToArray().ShouldBe(value.View.StringValue.ToArray());
        merged.View.DeadlineMs.ShouldBe(deadlineMs);
    }

    private static IEnumerable<EncodedRow> InEveryOrder(EncodedRow a, EncodedRow b, EncodedRow c) =>
        [a.Merge(b).Merge(c), a.Merge(c).Merge(b), b.Merge(a).Merge(c), b.Merge(c).Merge(a), c.Merge(a).Merge(b), c.Merge(b).Merge(a), a.Merge(b.Merge(c))];

    private static EncodedRow Write(Func<Torc.Base.ByteWriter, Version> write) => EncodedRow.Write(write);

    private static Version V(ulong stamp) => new(stamp, 1);
}
