using Torc.Base;
using Torc.Core.Cells;
using Version = Torc.Core.Clocks.Version;

namespace Torc.Tests.Core.Cells;

/// <summary>A write may be acknowledged only if it took effect where it arrived.</summary>
public sealed class RowReflectsTests
{
    private static readonly EncodedRow Old = Write(to => RowWriter.String(to, V(2), "old"u8, 0));

    [Fact]
    public void A_write_above_everything_is_reflected()
    {
        foreach (EncodedRow delta in Deltas(5))
            Old.Merge(delta).Reflects(delta).ShouldBeTrue(delta.ToString());
    }

    [Fact]
    public void A_write_below_a_later_SET_or_delete_is_superseded()
    {
        foreach (EncodedRow delta in Deltas(5))
        {
            Old.Merge(Write(to => RowWriter.String(to, V(9), "new"u8, 0))).Merge(delta).Reflects(delta).ShouldBeFalse(delta.ToString());
            Old.Merge(Write(to => RowWriter.Tombstone(to, V(9)))).Merge(delta).Reflects(delta).ShouldBeFalse(delta.ToString());
        }
    }

    [Fact]
    public void A_SET_is_superseded_by_a_later_value_and_by_a_later_expiry_that_would_outlive_it()
    {
        EncodedRow set = Write(to => RowWriter.String(to, V(5), "mine"u8, 0));
        Old.Merge(Write(to => RowWriter.StringCell(to, V(9), V(2), "x"u8))).Merge(set).Reflects(set).ShouldBeFalse();
        Old.Merge(Write(to => RowWriter.Expiry(to, V(9), V(2), RowKind.String, 100))).Merge(set).Reflects(set).ShouldBeFalse();
    }

    [Fact]
    public void A_value_and_an_expiry_do_not_supersede_each_other()
    {
        EncodedRow value = Write(to => RowWriter.StringCell(to, V(5), V(2), "x"u8));
        EncodedRow expiry = Write(to => RowWriter.Expiry(to, V(9), V(2), RowKind.String, 100));
        EncodedRow merged = Old.Merge(expiry).Merge(value);
        merged.Reflects(value).ShouldBeTrue();
        merged.Reflects(expiry).ShouldBeTrue();
    }

    [Fact]
    public void Cells_at_the_write_s_version_must_all_be_there()
    {
        EncodedRow delta = Fields(V(5), "a", "b");
        delta.Reflects(delta).ShouldBeTrue();
        delta.Merge(Fields(V(6), "c")).Reflects(delta).ShouldBeTrue();
        delta.Merge(Fields(V(6), "b")).Reflects(delta).ShouldBeFalse();
        Fields(V(6), "a", "b").Reflects(delta).ShouldBeFalse();
        EncodedRow.Absent.Reflects(delta).ShouldBeFalse();
    }

    [Fact]
    public void A_deadline_that_was_changed_does_not_show_in_a_row_that_is_gone_though_something_older_took_it_away()
    {
        EncodedRow row = Write(to => RowWriter.String(to, V(1), "mine"u8, 500)), persist = Write(to => RowWriter.Expiry(to, V(3), V(1), RowKind.String, 0));
        EncodedRow newer = Write(to => RowWriter.String(to, V(2), "theirs"u8, 500)), deleted = Write(to => RowWriter.Tombstone(to, V(2)));
        RowMerge.Reflects(row.Merge(persist).View, persist.View).ShouldBeTrue();
        RowMerge.Reflects(newer.Merge(persist).View, persist.View).ShouldBeTrue("it is that of the newer value then");
        RowMerge.Reflects(deleted.Merge(persist).View, persist.View).ShouldBeFalse();
    }

    private static EncodedRow Fields(Version version, params string[] fields) =>
        new RowModel([(V(1), RowKind.Hash)], [], [.. fields.Select(field => new CellModel(RowKind.Hash, field, version, "v"))]).Encode();

    private static EncodedRow[] Deltas(ulong stamp) =>
    [
        Write(to => RowWriter.String(to, V(stamp), "mine"u8, 0)),
        Write(to => RowWriter.String(to, V(stamp), "mine"u8, 500)),
        Write(to => RowWriter.StringCell(to, V(stamp), V(2), "mine"u8)),
        Write(to => RowWriter.Expiry(to, V(stamp), V(2), RowKind.String, 500)),
        Write(to => RowWriter.Expiry(to, V(stamp), V(2), RowKind.String, 0)),
        Write(to => RowWriter.Tombstone(to, V(stamp))),
    ];

    private static EncodedRow Write(Func<ByteWriter, Version> write) => EncodedRow.Write(write);

    private static Version V(ulong stamp) => new(stamp, 1);
}
