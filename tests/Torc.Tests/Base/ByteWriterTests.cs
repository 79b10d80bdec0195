using Torc.Base;

namespace Torc.Tests.Base;

public sealed class ByteWriterTests
{
    [Fact]
    public void Grows_without_losing_bytes()
    {
        using var writer = new ByteWriter(1);
        byte[] expected = [.. Enumerable.Range(0, 10_000).Select(value => (byte)value)];
        for (int start = 0; start < expected.Length; start += 100)
            writer.Write(expected.AsSpan(start, 100));
        writer.Written.SequenceEqual(expected).ShouldBeTrue();
    }

    [Fact]
    public void Patches_truncates_and_clears()
    {
        using var writer = new ByteWriter();
        writer.WriteUInt32(0);
        writer.WriteByte(5);
        writer.Patch(0, 4).Fill(7);
        writer.Written.ToArray().ShouldBe([7, 7, 7, 7, 5]);
        writer.Truncate(2);
        writer.Written.ToArray().ShouldBe([7, 7]);
        writer.Clear();
        writer.Length.ShouldBe(0);
    }

    [Fact]
    public void Reaching_past_the_written_bytes_is_a_bug()
    {
        using var writer = new ByteWriter();
        writer.WriteByte(1);
        Should.Throw<InvariantException>(() => writer.Truncate(2));
        Should.Throw<InvariantException>(() => writer.Advance(-1));
        Should.Throw<InvariantException>(() => { writer.Patch(1, 1); });
    }
}
