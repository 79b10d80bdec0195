using System.Text;
using Torc.Base;
using Torc.Protocols.Resp;

namespace Torc.Tests.Protocols.Resp;

public sealed class RespDoubleTests
{
    [Theory]
    [InlineData(0.0, "0")]
    [InlineData(-0.0, "-0")]
    [InlineData(1.0, "1")]
    [InlineData(-3.0, "-3")]
    [InlineData(1e8, "100000000")]
    [InlineData(4e18, "4000000000000000000")]
    [InlineData(1e20, "1e+20")]
    [InlineData(1.5e300, "1.5e+300")]
    [InlineData(-1.7976931348623157e308, "-1.7976931348623157e+308")]
    [InlineData(0.1, "0.1")]
    [InlineData(-2.5, "-2.5")]
    [InlineData(3.14159, "3.14159")]
    [InlineData(17.000000000000004, "17.000000000000004")]
    [InlineData(1234567.891, "1234567.891")]
    [InlineData(0.001, "0.001")]
    [InlineData(0.000001, "0.000001")]
    [InlineData(1e-7, "1e-7")]
    [InlineData(1.5e-7, "1.5e-7")]
    [InlineData(0.00012345678901, "1.2345678901e-4")]
    [InlineData(0.000012345678901, "1.2345678901e-5")]
    [InlineData(0.0012345678901, "0.0012345678901")]
    [InlineData(12345.678912345, "1.2345678912345e+4")]
    [InlineData(5e-324, "5e-324")]
    [InlineData(2.2250738585072014e-308, "2.2250738585072014e-308")]
    [InlineData(double.NaN, "nan")]
    [InlineData(double.PositiveInfinity, "inf")]
    [InlineData(double.NegativeInfinity, "-inf")]
    public void A_double_has_the_text_that_Redis_gives_it(double value, string text) => Format(value).ShouldBe(text);

    [Fact]
    public void Every_double_reads_back_to_itself()
    {
        const int draws = 200_000;
        const ulong seed = 31;
        var random = new SeededRandom(seed);
        Span<byte> buffer = stackalloc byte[RespDouble.TextBytesMax];
        for (int draw = 0; draw < draws; draw++)
        {
            double value = random.Below(3) switch
            {
                0 => BitConverter.UInt64BitsToDouble(random.Next()),
                1 => random.Unit() * Math.Pow(10, random.Between(-12, 13)),
                _ => random.Between(-1_000_000_000, 1_000_000_000) / 1000.0,
            };
            ReadOnlySpan<byte> text = buffer[..RespDouble.Format(value, buffer)];
            if (!RespDouble.TryParse(text, out double back) || (back != value && !double.IsNaN(value)))
                Assert.Fail($"{value:R} was written as {Encoding.ASCII.GetString(text)} and read as {back:R} (seed {seed}, draw {draw})");
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData("abc")]
    [InlineData("1.5x")]
    [InlineData(" 1")]
    [InlineData("--1")]
    [InlineData("e5")]
    [InlineData("1,5")]
    public void What_is_no_number_is_refused(string text) =>
        RespDouble.TryParse(Encoding.ASCII.GetBytes(text), out _).ShouldBeFalse();

    [Theory]
    [InlineData("+1.5", 1.5)]
    [InlineData("1E5", 1e5)]
    [InlineData("Infinity", double.PositiveInfinity)]
    [InlineData("-INF", double.NegativeInfinity)]
    public void Other_spellings_are_understood(string text, double value)
    {
        RespDouble.TryParse(Encoding.ASCII.GetBytes(text), out double read).ShouldBeTrue();
        read.ShouldBe(value);
    }

    private static string Format(double value)
    {
        Span<byte> text = stackalloc byte[RespDouble.TextBytesMax];
        return Encoding.ASCII.GetString(text[..RespDouble.Format(value, text)]);
    }
}
