using FsCheck;
using FsCheck.Fluent;
using Torc.Base;
using Torc.Core.Cells;
using Version = Torc.Core.Clocks.Version;

namespace Torc.Tests.Core.Cells;

/// <summary>Bytes from outside either are the one encoding of a row or are refused; nothing throws.</summary>
public sealed class RowDecodeHostileTests
{
    [Fact]
    public void Random_changes_of_valid_rows_are_refused_or_canonical() =>
        Prop.ForAll(RowGenerators.AnyRow, Gen.Choose(0, int.MaxValue).ToArbitrary(), (row, seed) =>
        {
            EncodedRow valid = row.Encode();
            var random = new SeededRandom((ulong)seed);
            for (int change = 0; change < 20; change++)
                AssertRefusedOrCanonical(valid.Max, Mutate(valid.Bytes, random));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2_000));

    [Fact]
    public void Every_truncation_and_every_flipped_bit_is_refused_or_canonical() =>
        Prop.ForAll(RowGenerators.AnyRow, row =>
        {
            EncodedRow valid = row.Encode();
            for (int length = 0; length < valid.Bytes.Length; length++)
                AssertRefusedOrCanonical(valid.Max, valid.Bytes[..length]);
            for (int bit = 0; bit < valid.Bytes.Length * 8; bit++)
            {
                byte[] flipped = [.. valid.Bytes];
                flipped[bit / 8] ^= (byte)(1 << bit % 8);
                AssertRefusedOrCanonical(valid.Max, flipped);
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));

    [Fact]
    public void Noise_is_refused_or_canonical()
    {
        for (ulong seed = 0; seed < 20_000; seed++)
        {
            var random = new SeededRandom(seed);
            var bytes = new byte[random.Below(60)];
            random.Fill(bytes);
            AssertRefusedOrCanonical(new Version(7, 3), bytes);
        }
    }

    [Theory]
    [InlineData("", "no bytes with a version")]
    [InlineData("00", "nothing at version max")]
    [InlineData("0800", "bytes after a delete")]
    [InlineData("18", "no such base tag")]
    [InlineData("01", "a kind without a base")]
    [InlineData("2800", "a delete covers its own expiry")]
    [InlineData("298000", "a varint longer than needed")]
    [InlineData("29FFFFFFFFFFFFFFFFFF01", "a deadline beyond 63 bits")]
    [InlineData("8900", "valid: a string whose cell is not there", true)]
    [InlineData("8801", "a count beyond the input")]
    [InlineData("8800", "a delete in general form")]
    [InlineData("8901010000", "a string that fits the short form")]
    [InlineData("8A01020161FF", "a length beyond the input")]
    [InlineData("8A0202016100020161", "cells in one place")]
    [InlineData("8A02020162000201610000", "cells out of order")]
    [InlineData("8A0102016100", "valid: one cell", true)]
    [InlineData("8A01420161", "an unknown cell flag")]
    [InlineData("8A0112016100", "base version although it is max")]
    [InlineData("8A0101016100", "a string cell with a sub-key")]
    [InlineData("8A010900", "a string cell that is a tombstone")]
    [InlineData("8A01000000", "a cell without kind")]
    public void Shapes_that_are_refused(string hex, string why, bool valid = false) =>
        RowView.TryDecode(new Version(7, 3), Convert.FromHexString(hex), out _).ShouldBe(valid, why);

    [Fact]
    public void Versions_that_nobody_issues_are_refused()
    {
        RowView.TryDecode(Version.None, [0x08], out _).ShouldBeFalse();
        RowView.TryDecode(new Version(Version.StampMax + 1, 0), [0x08], out _).ShouldBeFalse();
        RowView.TryDecode(Version.None, [], out RowView absent).ShouldBeTrue();
        absent.IsAbsent.ShouldBeTrue();
    }

    [Fact]
    public void An_explicit_version_must_be_below_max()
    {
        foreach (ulong stamp in new ulong[] { 0, 6, 7, 8 })
        {
            byte[] bytes = [0x11, .. BitConverter.GetBytes(stamp), .. BitConverter.GetBytes(stamp == 0 ? 0UL : 3UL), 0x35];
            RowView.TryDecode(new Version(7, 3), bytes, out _).ShouldBe(stamp == 6, $"stamp {stamp}");
        }
    }

    /// <summary>What is accepted must be what the row model writes for the parts that were read.</summary>
    private static void AssertRefusedOrCanonical(Version max, byte[] bytes)
    {
        if (!RowView.TryDecode(max, bytes, out RowView row) || row.IsAbsent)
            return;
        var cells = new List<CellModel>();
        foreach (RowCell cell in row.Cells)
            cells.Add(new CellModel(cell.Kind, Text(cell.SubKey), cell.Version, cell.IsTombstone ? null : Text(cell.Value)));
        var model = new RowModel(
            row.BaseVersion.IsNone ? [] : [(row.BaseVersion, row.Kind)],
            row.ExpiryVersion.IsNone ? [] : [(row.ExpiryVersion, row.DeadlineMs)],
            cells);
        model.Encode().ShouldBe(new EncodedRow(max, bytes));
    }

    private static byte[] Mutate(byte[] bytes, SeededRandom random)
    {
        var mutated = new List<byte>(bytes);
        for (int change = random.Below(3); change >= 0; change--)
        {
            int at = random.Below(mutated.Count + 1);
            if (random.Chance(0.3))
                mutated.Insert(at, (byte)random.Next());
            else if (at < mutated.Count && random.Chance(0.4))
                mutated.RemoveAt(at);
            else if (at < mutated.Count)
                mutated[at] = random.Chance(0.5) ? (byte)random.Next() : (byte)random.Below(4);
        }
        return [.. mutated];
    }

    private static string Text(ReadOnlySpan<byte> bytes) => System.Text.Encoding.Latin1.GetString(bytes);
}
