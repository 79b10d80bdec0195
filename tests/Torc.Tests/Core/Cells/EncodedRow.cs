using Torc.Base;
using Torc.Core.Cells;
using Version = Torc.Core.Clocks.Version;

namespace Torc.Tests.Core.Cells;

/// <summary>A row as it travels: greatest version and bytes. Views last for a statement only, so tests keep these.</summary>
internal sealed record EncodedRow(Version Max, byte[] Bytes)
{
    public static EncodedRow Absent { get; } = new(Version.None, []);

    public RowView View
    {
        get
        {
            RowView.TryDecode(Max, Bytes, out RowView row).ShouldBeTrue(ToString());
            return row;
        }
    }

    public static EncodedRow Write(Func<ByteWriter, Version> write)
    {
        using var bytes = new ByteWriter();
        bytes.WriteByte(0xEE);
        Version max = write(bytes);
        return new EncodedRow(max, bytes.Written[1..].ToArray());
    }

    public EncodedRow Merge(EncodedRow other) => Merge(other, out _);

    public EncodedRow Merge(EncodedRow other, out MergeOutcome outcome)
    {
        using var into = new ByteWriter();
        outcome = RowMerge.Merge(View, other.View, into, out Version max);
        byte[] bytes = outcome switch
        {
            MergeOutcome.KeptLeft => Bytes,
            MergeOutcome.TookRight => other.Bytes,
            _ => into.Written.ToArray(),
        };
        if (outcome != MergeOutcome.Combined)
            into.Length.ShouldBe(0);
        return new EncodedRow(max, bytes);
    }

    public bool Reflects(EncodedRow delta) => RowMerge.Reflects(View, delta.View);

    public bool Equals(EncodedRow? other) => other is not null && Max == other.Max && Bytes.AsSpan().SequenceEqual(other.Bytes);

    public override int GetHashCode() => Max.GetHashCode();

    public override string ToString() => $"{Max} {Convert.ToHexString(Bytes)}";
}
