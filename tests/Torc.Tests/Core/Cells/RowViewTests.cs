using System.Text;
using Torc.Base;
using Torc.Core.Cells;
using Version = Torc.Core.Clocks.Version;

namespace Torc.Tests.Core.Cells;

public sealed class RowViewTests
{
    /// <summary>The bytes on disk and wire, frozen: docs/formats/row.md.</summary>
    [Fact]
    public void Encodings_are_frozen()
    {
        Hex(Write(to => RowWriter.Tombstone(to, V(9)))).ShouldBe("08");
        Hex(Write(to => RowWriter.String(to, V(9), "hello"u8, 0))).ShouldBe("09" + "68656C6C6F");
        Hex(Write(to => RowWriter.String(to, V(9), ""u8, 0))).ShouldBe("09");
        Hex(Write(to => RowWriter.String(to, V(9), "hi"u8, 1_700_000_000_000))).ShouldBe("29" + "80D095FFBC31" + "6869");
        Hex(Write(to => RowWriter.StringCell(to, V(9), V(2), "5"u8))).ShouldBe("11" + "0200000000000000" + "0100000000000000" + "35");
        Hex(Write(to => RowWriter.Expiry(to, V(9), V(2), RowKind.String, 300))).ShouldBe("B1" + "0200000000000000" + "0100000000000000" + "AC02" + "00");
        Hex(Write(to => RowWriter.Expiry(to, V(9), V(2), RowKind.Hash, 0))).ShouldBe("32" + "0200000000000000" + "0100000000000000" + "00");

        EncodedRow set = Write(to => RowWriter.String(to, V(2), "5"u8, 0));
        Hex(set.Merge(Write(to => RowWriter.Expiry(to, V(9), V(2), RowKind.String, 300))))
            .ShouldBe("B1" + "0200000000000000" + "0100000000000000" + "AC02" + "01" + "1100" + "0135");
        var hash = new RowModel([(V(2), RowKind.Hash)], [], [new(RowKind.Hash, "f", V(9), "v"), new(RowKind.Hash, "g", V(3), null)]);
        Hex(hash.Encode()).ShouldBe("92" + "0200000000000000" + "0100000000000000" + "02" + "02" + "0166" + "0176" + "2A" + "0300000000000000" + "0100000000000000" + "0167");
        Hex(hash.Encode().Merge(EncodedRow.Absent)).ShouldBe(Hex(hash.Encode()));
    }

    [Fact]
    public void Digests_are_frozen()
    {
        EncodedRow.Absent.View.Digest.ShouldBe(0UL);
        Write(to => RowWriter.Tombstone(to, V(9))).View.Digest.ShouldBe(0x31B25C77131108D9UL);
        Write(to => RowWriter.String(to, V(9), "hello"u8, 0)).View.Digest.ShouldBe(0x242E0026DB1D0306UL);
        Write(to => RowWriter.String(to, V(9), "hello"u8, 300)).View.Digest.ShouldBe(0x6C419456EB27A436UL);
    }

    [Fact]
    public void Kinds_are_frozen() =>
        Enum.GetValues<RowKind>().Select(kind => $"{kind} {(int)kind}").ShouldBe(
            ["None 0", "String 1", "Hash 2", "Set 3", "SortedSet 4", "List 5", "Counter 6", "Stream 7"]);

    [Fact]
    public void A_string_shows_its_parts()
    {
        RowView row = Write(to => RowWriter.String(to, V(9), "hello"u8, 500)).View;
        row.MaxVersion.ShouldBe(V(9));
        row.BaseVersion.ShouldBe(V(9));
        row.ExpiryVersion.ShouldBe(V(9));
        row.StringVersion.ShouldBe(V(9));
        row.Kind.ShouldBe(RowKind.String);
        row.HasStringCell.ShouldBeTrue();
        row.HasDeadline.ShouldBeTrue();
        row.CellCount.ShouldBe(1);
        Encoding.ASCII.GetString(row.StringValue).ShouldBe("hello");
        row.IsLive(499).ShouldBeTrue();
        row.IsExpired(499).ShouldBeFalse();
        row.IsLive(500).ShouldBeFalse();
        row.IsExpired(500).ShouldBeTrue();
    }

    [Fact]
    public void A_delta_without_cells_is_a_row_that_is_not_live()
    {
        RowView row = Write(to => RowWriter.Expiry(to, V(9), V(2), RowKind.String, 300)).View;
        row.BaseVersion.ShouldBe(V(2));
        row.ExpiryVersion.ShouldBe(V(9));
        row.DeadlineMs.ShouldBe(300);
        row.HasStringCell.ShouldBeFalse();
        row.CellCount.ShouldBe(0);
        row.IsLive(0).ShouldBeFalse();
        row.IsExpired(300).ShouldBeTrue();
    }

    [Fact]
    public void Absent_and_deleted_rows_hold_nothing()
    {
        RowView.Absent.IsAbsent.ShouldBeTrue();
        RowView.Absent.IsLive(0).ShouldBeFalse();
        RowView.Tombstone(Version.None).IsAbsent.ShouldBeTrue();
        RowView deleted = RowView.Tombstone(V(3));
        deleted.IsAbsent.ShouldBeFalse();
        deleted.IsDeleted.ShouldBeTrue();
        deleted.IsLive(0).ShouldBeFalse();
        deleted.Encoded.SequenceEqual(Write(to => RowWriter.Tombstone(to, V(3))).Bytes).ShouldBeTrue();
        deleted.Digest.ShouldBe(Write(to => RowWriter.Tombstone(to, V(3))).View.Digest);
    }

    [Fact]
    public void A_collection_lives_while_a_cell_is_visible()
    {
        var cells = new List<CellModel> { new(RowKind.Hash, "f", V(2), null) };
        new RowModel([(V(1), RowKind.Hash)], [], cells).Encode().View.IsLive(0).ShouldBeFalse();
        cells.Add(new CellModel(RowKind.Hash, "g", V(3), ""));
        new RowModel([(V(1), RowKind.Hash)], [], cells).Encode().View.IsLive(0).ShouldBeTrue();
    }

    [Fact]
    public void Cells_are_visited_in_order()
    {
        var model = new RowModel([(V(1), RowKind.Set)], [],
            [new(RowKind.Set, "b", V(2), ""), new(RowKind.Set, "a", V(3), null), new(RowKind.String, "", V(4), "stray")]);
        var seen = new List<string>();
        foreach (RowCell cell in model.Encode().View.Cells)
            seen.Add($"{cell.Kind} {Encoding.ASCII.GetString(cell.SubKey)} {cell.Version.Stamp} {cell.IsTombstone} {Encoding.ASCII.GetString(cell.Value)}");
        seen.ShouldBe(["String  4 False stray", "Set a 3 True ", "Set b 2 False "]);
    }

    [Fact]
    public void KEEPTTL_stamps_the_old_deadline_again()
    {
        EncodedRow old = Write(to => RowWriter.String(to, V(1), "a"u8, 700));
        RowView kept = Write(to => RowWriter.StringKeepingExpiry(to, V(5), "b"u8, old.View)).View;
        kept.DeadlineMs.ShouldBe(700);
        kept.ExpiryVersion.ShouldBe(V(5));
        Write(to => RowWriter.StringKeepingExpiry(to, V(5), "b"u8, RowView.Tombstone(V(1)))).View.HasDeadline.ShouldBeFalse();
    }

    [Fact]
    public void Reading_and_merging_strings_allocates_nothing()
    {
        EncodedRow old = Write(to => RowWriter.String(to, V(1), "hello"u8, 0));
        EncodedRow expiry = Write(to => RowWriter.Expiry(to, V(2), V(1), RowKind.String, 500));
        using var into = new ByteWriter(4_096);
        ulong sum = 0;
        long before = 0;
        for (int round = 0; round < 10_100; round++)
        {
            if (round == 100)
                before = GC.GetAllocatedBytesForCurrentThread();
            into.Clear();
            RowView.TryDecode(old.Max, old.Bytes, out RowView left);
            RowView.TryDecode(expiry.Max, expiry.Bytes, out RowView right);
            RowMerge.Merge(left, right, into, out _);
            sum += left.Digest + right.Digest + (RowMerge.Reflects(left, right) ? 1UL : 0UL);
        }
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBe(0, $"sum {sum}");
    }

    private static EncodedRow Write(Func<ByteWriter, Version> write) => EncodedRow.Write(write);

    private static string Hex(EncodedRow row) => Convert.ToHexString(row.Bytes);

    private static Version V(ulong stamp) => new(stamp, 1);
}
