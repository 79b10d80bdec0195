using Torc.Protocols.Resp;

namespace Torc.Tests.Protocols.Resp;

public sealed class RespLimitsTests
{
    private static readonly RespLimits Small = new() { ArgumentsMax = 5, BulkBytesMax = 20, CommandBytesMax = 40, InlineBytesMax = 30 };

    [Theory]
    [InlineData("*11\r\n", "ERR Protocol error: unauthenticated multibulk length")]
    [InlineData("*2147483647\r\n", "ERR Protocol error: unauthenticated multibulk length")]
    [InlineData("*2147483648\r\n", "ERR Protocol error: invalid multibulk length")]
    [InlineData("*1\r\n$16385\r\n", "ERR Protocol error: unauthenticated bulk length")]
    [InlineData("*1\r\n$100000000000\r\n", "ERR Protocol error: unauthenticated bulk length")]
    [InlineData("*1\r\n$-1\r\n", "ERR Protocol error: invalid bulk length")]
    [InlineData("*1\r\n$4\r\nPING\r\nPING\n", "[PING][PING]")]
    [InlineData("*10\r\n$16384\r\n", "…")]
    public void Before_authentication_the_limits_are_those_of_Redis(string input, string seen) =>
        SeenEveryWay(input, RespLimits.BeforeAuthentication).ShouldBe(seen);

    [Fact]
    public void Before_authentication_the_greatest_command_of_ten_arguments_is_read()
    {
        string argument = "$16384\r\n" + new string('x', 16384) + "\r\n";
        string input = "*10\r\n" + string.Concat(Enumerable.Repeat(argument, 10));
        string seen = CommandFeed.Whole(RespCorpus.Bytes(input), RespLimits.BeforeAuthentication);
        seen.Length.ShouldBe(10 * 16384 + 11);
    }

    [Theory]
    [InlineData("*5\r\n", "…")]
    [InlineData("*6\r\n", "ERR Protocol error: invalid multibulk length: 6 arguments are over the limit of 5")]
    [InlineData("*2\r\n$20\r\n", "…")]
    [InlineData("*2\r\n$21\r\n", "ERR Protocol error: invalid bulk length: 21 bytes are over the limit of 20 bytes for one argument")]
    [InlineData("*2\r\n$20\r\n01234567890123456789\r\n$12\r\n", "…")]
    [InlineData(
        "*2\r\n$20\r\n01234567890123456789\r\n$13\r\n",
        "ERR Protocol error: too big command: its arguments are over the limit of 40 bytes for one command")]
    public void Lengths_over_a_limit_are_refused_as_announced(string input, string seen) =>
        SeenEveryWay(input, Small).ShouldBe(seen);

    [Theory]
    [InlineData(0, 30, "\r\n", false)]
    [InlineData(0, 30, "\n", false)]
    [InlineData(0, 31, "\r\n", true)]
    [InlineData(0, 31, "\n", true)]
    [InlineData(0, 31, "", true)]
    public void An_inline_command_may_be_as_long_as_the_limit(int spaces, int letters, string lineEnd, bool tooBig)
    {
        string line = new string(' ', spaces) + new string('x', letters);
        SeenEveryWay(line + lineEnd, Small).ShouldBe(
            tooBig ? "ERR Protocol error: too big inline request" : $"[{line}]");
    }

    [Theory]
    [InlineData("*", "ERR Protocol error: too big mbulk count string")]
    [InlineData("*1\r\n$", "ERR Protocol error: too big bulk count string")]
    public void A_length_without_end_is_refused(string start, string seen)
    {
        SeenEveryWay(start + new string('1', 31), Small).ShouldBe(seen);
        SeenEveryWay(start + new string('\0', 31), Small).ShouldBe(seen);
    }

    [Theory]
    [InlineData("\0", "ERR Protocol error: too big inline request")]
    [InlineData("*\0", "ERR Protocol error: too big mbulk count string")]
    [InlineData("$\0", "ERR Protocol error: too big inline request")]
    public void A_stream_without_line_ends_is_given_up(string start, string seen)
    {
        RespLimits limits = RespLimits.Default;
        using var feed = new CommandFeed(limits);
        feed.Give(RespCorpus.Bytes(start));
        int pieces = 0;
        while (!feed.Failed && pieces++ < limits.InlineBytesMax)
            feed.Give("payload"u8);
        feed.Finish().ShouldBe(seen);
        (pieces * 7).ShouldBeInRange(limits.InlineBytesMax, limits.InlineBytesMax + 14);
    }

    [Fact]
    public void The_limit_for_a_bulk_is_inclusive()
    {
        RespLimits limits = RespLimits.Default;
        CommandFeed.Whole(RespCorpus.Bytes($"*2\r\n${limits.BulkBytesMax}\r\n"), limits).ShouldBe("…");
    }

    [Fact]
    public void Errors_tell_their_kind()
    {
        KindOf("*x\r\n", RespLimits.Default).ShouldBe(RespErrorKind.Malformed);
        KindOf("*1\r\n$100\r\n", Small).ShouldBe(RespErrorKind.TooLarge);
        KindOf("*11\r\n", RespLimits.BeforeAuthentication).ShouldBe(RespErrorKind.Unauthenticated);
        KindOf("POST / HTTP/1.1\r\n", RespLimits.Default).ShouldBe(RespErrorKind.CrossProtocol);
    }

    private static RespErrorKind? KindOf(string input, RespLimits limits)
    {
        using var feed = new CommandFeed(limits);
        feed.Give(RespCorpus.Bytes(input));
        return feed.FailureKind;
    }

    private static string SeenEveryWay(string text, RespLimits limits)
    {
        byte[] input = RespCorpus.Bytes(text);
        string seen = CommandFeed.Whole(input, limits);
        CommandFeed.ByteByByte(input, limits).ShouldBe(seen);
        for (int split = 1; split < input.Length; split++)
            CommandFeed.SplitAt(input, split, limits).ShouldBe(seen, $"cut at byte {split}");
        return seen;
    }
}
