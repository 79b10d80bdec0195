using FsCheck;
using FsCheck.Fluent;
using Torc.Core.Cells;
using Version = Torc.Core.Clocks.Version;

namespace Torc.Tests.Core.Cells;

public sealed class RowMergeTests
{
    private static readonly Config Thorough = Config.QuickThrowOnFailure.WithMaxTest(3_000);

    public static TheoryData<RowKind> Kinds => [.. Enum.GetValues<RowKind>()];

    [Fact]
    public void Rows_encode_as_the_format_page_says() =>
        Prop.ForAll(RowGenerators.AnyRow, row => Reencode(row.Encode()) == row.Encode()).Check(Thorough);

    /// <summary>
    /// Data centres that change a key at their own levels: an append here is outranked by a SET here, after one there was built on it without having seen the
    /// SET. The later base covers the first append and not the second, whose value has both.
    /// </summary>
    [Fact]
    public void A_base_that_a_later_value_has_not_seen_does_not_show_that_a_change_left_no_trace()
    {
        Version first = At(1), append = At(2), set = At(3), there = At(4);
        EncodedRow row = String(first, "a").Merge(Cell(append, first, "ab")).Merge(String(set, "new"));
        row.View.MayBeBuiltOn(append).ShouldBeFalse("the SET replaced it");
        EncodedRow both = row.Merge(Cell(there, first, "abc"));
        both.View.BaseVersion.ShouldBe(set);
        both.View.StringValue.ToArray().ShouldBe("abc"u8.ToArray());
        both.View.MayBeBuiltOn(append).ShouldBeTrue();
        String(first, "a").Merge(Cell(append, first, "ab")).View.MayBeBuiltOn(append).ShouldBeTrue();
    }

    [Fact]
    public void Merge_is_the_union_of_what_was_written() =>
        Prop.ForAll(RowGenerators.AnyRow, RowGenerators.AnyRow,
            (left, right) => left.Encode().Merge(right.Encode()) == left.Union(right).Encode()).Check(Thorough);

    [Fact]
    public void Merge_commutes() =>
        Prop.ForAll(RowGenerators.AnyRow, RowGenerators.AnyRow,
            (left, right) => left.Encode().Merge(right.Encode()) == right.Encode().Merge(left.Encode())).Check(Thorough);

    [Fact]
    public void Merge_associates() =>
        Prop.ForAll(RowGenerators.AnyRow, RowGenerators.AnyRow, RowGenerators.AnyRow, (a, b, c) =>
            a.Encode().Merge(b.Encode()).Merge(c.Encode()) == a.Encode().Merge(b.Encode().Merge(c.Encode()))).Check(Thorough);

    [Fact]
    public void Merge_is_idempotent() =>
        Prop.ForAll(RowGenerators.AnyRow, RowGenerators.AnyRow, (left, right) =>
        {
            EncodedRow merged = left.Encode().Merge(right.Encode());
            return merged.Merge(right.Encode(), out MergeOutcome outcome) == merged && outcome == MergeOutcome.KeptLeft;
        }).Check(Thorough);

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Merge_is_a_join_for_every_kind(RowKind kind) =>
        Prop.ForAll(RowGenerators.RowOf(kind == RowKind.None ? RowKind.Hash : kind), RowGenerators.RowOf(kind == RowKind.None ? RowKind.Set : kind), (left, right) =>
        {
            EncodedRow a = left.Encode(), b = right.Encode(), merged = a.Merge(b);
            return merged == b.Merge(a) && merged.Merge(a) == merged && merged.Merge(b) == merged && merged == left.Union(right).Encode();
        }).Check(Thorough.WithMaxTest(500));

    [Fact]
    public void The_outcome_says_which_input_is_the_result() =>
        Prop.ForAll(RowGenerators.AnyRow, RowGenerators.AnyRow, (left, right) =>
        {
            EncodedRow expected = left.Union(right).Encode();
            left.Encode().Merge(right.Encode(), out MergeOutcome outcome);
            return outcome == (expected == left.Encode() ? MergeOutcome.KeptLeft
                : expected == right.Encode() ? MergeOutcome.TookRight
                : MergeOutcome.Combined);
        }).Check(Thorough);

    [Fact]
    public void Digests_are_equal_exactly_when_the_same_writes_are_held() =>
        Prop.ForAll(RowGenerators.ProtocolRow, RowGenerators.ProtocolRow, (left, right) =>
        {
            EncodedRow a = left.Encode(), b = right.Encode();
            return (a == b) == (a.View.Digest == b.View.Digest);
        }).Check(Thorough);

    [Fact]
    public void The_greatest_version_never_goes_down() =>
        Prop.ForAll(RowGenerators.AnyRow, RowGenerators.AnyRow, (left, right) =>
            left.Encode().Merge(right.Encode()).Max == Version.Max(left.Encode().Max, right.Encode().Max)).Check(Thorough);

    [Fact]
    public void A_delete_covers_its_own_version_a_base_with_a_kind_does_not()
    {
        EncodedRow set = EncodedRow.Write(to => RowWriter.String(to, V(5), "a"u8, 900));
        EncodedRow deleted = set.Merge(EncodedRow.Write(to => RowWriter.Tombstone(to, V(5))), out MergeOutcome outcome);
        outcome.ShouldBe(MergeOutcome.TookRight);
        deleted.View.IsDeleted.ShouldBeTrue();
        deleted.View.HasStringCell.ShouldBeFalse();
        deleted.View.DeadlineMs.ShouldBe(0);

        EncodedRow older = EncodedRow.Write(to => RowWriter.Tombstone(to, V(4)));
        set.Merge(older).ShouldBe(set);
    }

    [Fact]
    public void A_new_base_drops_the_expiry_and_a_new_cell_keeps_it()
    {
        EncodedRow row = EncodedRow.Write(to => RowWriter.String(to, V(1), "a"u8, 0))
            .Merge(EncodedRow.Write(to => RowWriter.Expiry(to, V(2), V(1), RowKind.String, 700)));
        row.View.DeadlineMs.ShouldBe(700);
        row.Merge(EncodedRow.Write(to => RowWriter.StringCell(to, V(3), V(1), "b"u8))).View.DeadlineMs.ShouldBe(700);
        row.Merge(EncodedRow.Write(to => RowWriter.String(to, V(3), "b"u8, 0))).View.DeadlineMs.ShouldBe(0);
        row.Merge(EncodedRow.Write(to => RowWriter.Expiry(to, V(3), V(1), RowKind.String, 0))).View.HasDeadline.ShouldBeFalse();
    }

    [Fact]
    public void A_cell_of_another_kind_stays_out_of_sight()
    {
        EncodedRow set = EncodedRow.Write(to => RowWriter.String(to, V(1), "a"u8, 0));
        EncodedRow increment = EncodedRow.Write(to => RowWriter.StringCell(to, V(7), V(1), "2"u8));
        EncodedRow hash = new RowModel([(V(5), RowKind.Hash)], [], []).Encode();
        EncodedRow row = set.Merge(increment).Merge(hash);
        row.View.Kind.ShouldBe(RowKind.Hash);
        row.View.CellCount.ShouldBe(1);
        row.View.IsLive(0).ShouldBeFalse();
    }

    private static EncodedRow Reencode(EncodedRow row) => EncodedRow.Write(to => RowWriter.Copy(to, row.View));

    private static Version V(ulong stamp) => new(stamp, 1);

    private static Version At(ulong stamp) => new(stamp, 1);

    private static EncodedRow String(Version version, string value) =>
        EncodedRow.Write(bytes => RowWriter.String(bytes, version, System.Text.Encoding.UTF8.GetBytes(value), 0));

    private static EncodedRow Cell(Version version, Version baseVersion, string value) =>
        EncodedRow.Write(bytes => RowWriter.StringCell(bytes, version, baseVersion, System.Text.Encoding.UTF8.GetBytes(value)));
}
