using System.Text;
using Torc.Protocols.Resp;

namespace Torc.Tests.Protocols.Resp;

public sealed class RespReplyReaderTests
{
    private static readonly RespReplyLimits Limits = RespReplyLimits.Default;

    public static TheoryData<string, string> Replies
    {
        get
        {
            var data = new TheoryData<string, string>();
            foreach ((string input, string values) in RespCorpus.Replies)
                data.Add(input, values);
            return data;
        }
    }

    public static TheoryData<string> Errors => new(RespCorpus.ReplyErrors);

    [Theory]
    [MemberData(nameof(Replies))]
    public void Reply_reads_the_same_however_it_is_cut(string text, string values)
    {
        byte[] input = RespCorpus.Bytes(text);
        ReplyFeed.Whole(input, Limits).ShouldBe(values);
        ReplyFeed.ByteByByte(input, Limits).ShouldBe(values);
        for (int split = 0; split <= input.Length; split++)
        {
            ReplyFeed.SplitAt(input, split, Limits).ShouldBe(values, $"cut at byte {split}");
            ReplyFeed.AsSequence(Pieces.Cut(input, split), Limits).ShouldBe(values, $"a sequence cut at byte {split}");
        }
        ReplyFeed.AsSequence(Pieces.EachByte(input), Limits).ShouldBe(values);
    }

    [Theory]
    [MemberData(nameof(Errors))]
    public void What_is_no_reply_is_an_error_however_it_is_cut(string text)
    {
        byte[] input = RespCorpus.Bytes(text);
        string seen = ReplyFeed.Whole(input, Limits);
        seen.ShouldStartWith(ReplyFeed.Error + "Protocol error in a reply: ");
        ReplyFeed.ByteByByte(input, Limits).ShouldBe(seen);
        for (int split = 0; split <= input.Length; split++)
            ReplyFeed.SplitAt(input, split, Limits).ShouldBe(seen, $"cut at byte {split}");
    }

    [Theory]
    [InlineData("$10\r\n", "…")]
    [InlineData("$11\r\n", "error: Protocol error in a reply: a string of 11 bytes is over the limit of 10")]
    [InlineData("+01234567890123456789\r\n", "\"01234567890123456789\"")]
    [InlineData("+012345678901234567890\r\n", "error: Protocol error in a reply: a line is over the limit of 20 bytes")]
    [InlineData(":000000000000000000000\r\n", "error: Protocol error in a reply: a line is over the limit of 20 bytes")]
    [InlineData("*5\r\n", "…")]
    [InlineData("*6\r\n", "error: Protocol error in a reply: over the limit of 6 values in a reply")]
    [InlineData("*2147483647\r\n", "error: Protocol error in a reply: over the limit of 6 values in a reply")]
    [InlineData("%9223372036854775807\r\n", "error: Protocol error in a reply: over the limit of 6 values in a reply")]
    [InlineData("%3\r\n", "error: Protocol error in a reply: over the limit of 6 values in a reply")]
    [InlineData("*4\r\n*2\r\n:1\r\n:1\r\n:1\r\n:1\r\n:1\r\n", "error: Protocol error in a reply: over the limit of 6 values in a reply")]
    [InlineData("|0\r\n|0\r\n|0\r\n|0\r\n|0\r\n|0\r\n|0\r\n", "error: Protocol error in a reply: over the limit of 6 values in a reply")]
    [InlineData("*1\r\n*1\r\n*1\r\n:1\r\n", "[[[(integer) 1]]]")]
    [InlineData("*1\r\n*1\r\n*1\r\n*1\r\n", "error: Protocol error in a reply: nested deeper than the limit of 3")]
    [InlineData("*3\r\n$10\r\n0123456789\r\n$10\r\n0123456789\r\n$10\r\n", "…")]
    [InlineData(
        "*4\r\n$10\r\n0123456789\r\n$10\r\n0123456789\r\n$10\r\n0123456789\r\n$1\r\n",
        "error: Protocol error in a reply: a reply is over the limit of 30 bytes")]
    [InlineData(
        "*2\r\n+01234567890123456789\r\n+01234567890\r\n",
        "error: Protocol error in a reply: a reply is over the limit of 30 bytes")]
    [InlineData("$10\r\n0123456789\r\n$10\r\n0123456789\r\n$10\r\n0123456789\r\n$1\r\nx\r\n", "\"0123456789\";\"0123456789\";\"0123456789\";\"x\"")]
    public void A_reply_over_a_limit_is_an_error(string text, string seen)
    {
        RespReplyLimits small = new() { BulkBytesMax = 10, LineBytesMax = 20, ValuesMax = 6, ReplyBytesMax = 30, DepthMax = 3 };
        byte[] input = RespCorpus.Bytes(text);
        ReplyFeed.Whole(input, small).ShouldBe(seen);
        for (int split = 0; split <= input.Length; split++)
            ReplyFeed.SplitAt(input, split, small).ShouldBe(seen, $"cut at byte {split}");
    }

    [Fact]
    public void Announced_lengths_allocate_little()
    {
        const int smallBytes = 4096;
        RespReplyLimits wide = new() { BulkBytesMax = int.MaxValue, ValuesMax = int.MaxValue, ReplyBytesMax = long.MaxValue };
        var reader = new RespReplyReader(wide);
        long before = GC.GetAllocatedBytesForCurrentThread();
        ReadOnlySpan<byte> input = "*2000000000\r\n$536870912\r\nabc"u8;
        reader.Read(ref input, out _, out _).ShouldBe(ReplyOutcome.NeedMore);
        (GC.GetAllocatedBytesForCurrentThread() - before).ShouldBeLessThan(smallBytes);
    }

    [Fact]
    public void After_an_error_nothing_more_is_read_until_a_reset()
    {
        var reader = new RespReplyReader();
        ReadOnlySpan<byte> input = "*2\r\nx+OK\r\n"u8;
        reader.Read(ref input, out _, out RespError? first).ShouldBe(ReplyOutcome.Error);
        reader.Read(ref input, out _, out RespError? second).ShouldBe(ReplyOutcome.Error);
        second.ShouldBe(first);
        reader.Reset();
        input = "+OK\r\n"u8;
        reader.Read(ref input, out RespValue? reply, out _).ShouldBe(ReplyOutcome.Reply);
        reply!.Text.ShouldBe("OK");
    }

    [Fact]
    public void A_map_is_looked_up_by_key_in_both_protocols()
    {
        foreach (string header in (string[])["%2", "*4"])
        {
            RespValue reply = One(header + "\r\n$4\r\nrole\r\n$6\r\nmaster\r\n$5\r\nproto\r\n:3\r\n");
            reply["role"]!.Text.ShouldBe("master");
            reply["proto"]!.Integer.ShouldBe(3);
            reply["master"].ShouldBeNull();
        }
    }

    [Fact]
    public void Attributes_belong_to_the_value_after_them()
    {
        RespValue reply = One("|1\r\n+a\r\n:1\r\n*2\r\n:7\r\n|1\r\n+b\r\n:2\r\n:8\r\n");
        reply.Attributes.Select(value => value.ToString()).ShouldBe(["\"a\"", "(integer) 1"]);
        reply.Items[0].Attributes.ShouldBeEmpty();
        reply.Items[1].Attributes.Select(value => value.ToString()).ShouldBe(["\"b\"", "(integer) 2"]);
    }

    [Fact]
    public void A_verbatim_string_keeps_its_format_apart()
    {
        RespValue reply = One("=7\r\nmkd:*a*\r\n");
        reply.Kind.ShouldBe(RespKind.Verbatim);
        reply.Format.ShouldBe("mkd");
        reply.Text.ShouldBe("*a*");
    }

    internal static RespValue One(string text) => One(Encoding.Latin1.GetBytes(text));

    internal static RespValue One(ReadOnlySpan<byte> input)
    {
        new RespReplyReader().Read(ref input, out RespValue? reply, out _).ShouldBe(ReplyOutcome.Reply);
        input.Length.ShouldBe(0);
        return reply!;
    }
}
