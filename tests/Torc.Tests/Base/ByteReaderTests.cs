using Torc.Base;

namespace Torc.Tests.Base;

public sealed class ByteReaderTests
{
    [Fact]
    public void Reads_back_what_was_written()
    {
        using ByteWriter writer = Sample();
        var reader = new ByteReader(writer.Written);
        reader.ReadByte().ShouldBe((byte)1);
        reader.ReadUInt16().ShouldBe((ushort)0x0203);
        reader.ReadUInt32().ShouldBe(0x04050607u);
        reader.ReadUInt64().ShouldBe(0x08090A0B0C0D0E0FUL);
        reader.ReadInt64().ShouldBe(-5);
        reader.ReadBlob().ToArray().ShouldBe([9, 8, 7]);
        reader.TakeRest().ToArray().ShouldBe([6]);
        reader.Complete.ShouldBeTrue();
    }

    [Fact]
    public void Every_truncation_fails_for_good_and_never_throws()
    {
        using ByteWriter writer = Sample();
        for (int length = 0; length < writer.Length - 1; length++)
        {
            var reader = new ByteReader(writer.Written[..length]);
            reader.ReadByte();
            reader.ReadUInt16();
            reader.ReadUInt32();
            reader.ReadUInt64();
            reader.ReadInt64();
            reader.ReadBlob();
            reader.Failed.ShouldBeTrue($"length {length}");
            reader.ReadByte().ShouldBe((byte)0);
            reader.TakeRest().IsEmpty.ShouldBeTrue();
            reader.Complete.ShouldBeFalse();
        }
    }

    [Theory]
    [InlineData(0xFFFFFFFF)]
    [InlineData(0x80000000)]
    [InlineData(4)]
    public void A_length_beyond_the_input_fails(uint length)
    {
        using var writer = new ByteWriter();
        writer.WriteUInt32(length);
        writer.Write([1, 2, 3]);
        var reader = new ByteReader(writer.Written);
        reader.ReadBlob().IsEmpty.ShouldBeTrue();
        reader.Failed.ShouldBeTrue();
    }

    [Fact]
    public void A_negative_count_fails()
    {
        var reader = new ByteReader([1, 2]);
        reader.Take(-1).IsEmpty.ShouldBeTrue();
        reader.Failed.ShouldBeTrue();
    }

    [Fact]
    public void Bytes_left_over_are_not_complete()
    {
        var reader = new ByteReader([1, 2]);
        reader.ReadByte();
        reader.Complete.ShouldBeFalse();
        reader.Remaining.ShouldBe(1);
    }

    private static ByteWriter Sample()
    {
        var writer = new ByteWriter(16);
        writer.WriteByte(1);
        writer.WriteUInt16(0x0203);
        writer.WriteUInt32(0x04050607);
        writer.WriteUInt64(0x08090A0B0C0D0E0F);
        writer.WriteInt64(-5);
        writer.WriteBlob([9, 8, 7]);
        writer.WriteByte(6);
        return writer;
    }
}
