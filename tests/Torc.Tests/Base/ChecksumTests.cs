using System.Text;
using Torc.Base;

namespace Torc.Tests.Base;

public sealed class ChecksumTests
{
    private static readonly byte[] Digits = Encoding.ASCII.GetBytes("123456789");

    [Fact]
    public void Crc16_is_the_one_of_Redis_Cluster()
    {
        Crc16.Compute(Digits).ShouldBe((ushort)0x31C3);
        Crc16.Compute([]).ShouldBe((ushort)0);
    }

    [Fact]
    public void Crc32C_has_the_vectors_of_RFC_3720()
    {
        Crc32C.Compute(Digits).ShouldBe(0xE3069283u);
        Crc32C.Compute(new byte[32]).ShouldBe(0x8A9136AAu);
        Crc32C.Compute([.. Enumerable.Repeat((byte)0xFF, 32)]).ShouldBe(0x62A8AB43u);
        Crc32C.Compute([.. Enumerable.Range(0, 32).Select(value => (byte)value)]).ShouldBe(0x46DD794Eu);
        Crc32C.Compute([]).ShouldBe(0u);
    }

    [Fact]
    public void Crc32C_continues_at_every_cut()
    {
        byte[] bytes = [.. Enumerable.Range(0, 40).Select(value => (byte)(value * 7))];
        uint whole = Crc32C.Compute(bytes);
        for (int cut = 0; cut <= bytes.Length; cut++)
            Crc32C.Compute(bytes.AsSpan(cut), Crc32C.Compute(bytes.AsSpan(0, cut))).ShouldBe(whole, $"cut at {cut}");
    }
}
