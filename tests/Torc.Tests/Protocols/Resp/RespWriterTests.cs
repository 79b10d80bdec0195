using System.Text;
using Torc.Base;
using Torc.Protocols.Resp;

namespace Torc.Tests.Protocols.Resp;

public sealed class RespWriterTests
{
    /// <summary>What to write, and how it looks in RESP2 and in RESP3.</summary>
    private static readonly (Action<ByteWriter, RespProtocol> Write, string Resp2, string Resp3)[] Golden =
    [
        ((to, _) => to.SimpleString("OK"u8), "+OK\r\n", "+OK\r\n"),
        ((to, _) => to.SimpleString("a\r\nb"), "+a  b\r\n", "+a  b\r\n"),
        ((to, _) => to.Error("ERR no"u8), "-ERR no\r\n", "-ERR no\r\n"),
        ((to, _) => to.Error("ERR a\nb\rc"), "-ERR a b c\r\n", "-ERR a b c\r\n"),
        ((to, _) => to.Error(new RespError(RespErrorKind.Malformed, "ERR Protocol error: x")), "-ERR Protocol error: x\r\n", "-ERR Protocol error: x\r\n"),
        ((to, _) => to.Integer(0), ":0\r\n", ":0\r\n"),
        ((to, _) => to.Integer(long.MinValue), ":-9223372036854775808\r\n", ":-9223372036854775808\r\n"),
        ((to, _) => to.Bulk("a\r\nb"u8), "$4\r\na\r\nb\r\n", "$4\r\na\r\nb\r\n"),
        ((to, _) => to.Bulk(""u8), "$0\r\n\r\n", "$0\r\n\r\n"),
        ((to, _) => to.Bulk("é"), "$2\r\n\xc3\xa9\r\n", "$2\r\n\xc3\xa9\r\n"),
        ((to, _) => to.BulkInteger(-42), "$3\r\n-42\r\n", "$3\r\n-42\r\n"),
        ((to, protocol) => to.Null(protocol), "$-1\r\n", "_\r\n"),
        ((to, protocol) => to.NullArray(protocol), "*-1\r\n", "_\r\n"),
        ((to, _) => to.ArrayHeader(0), "*0\r\n", "*0\r\n"),
        ((to, protocol) => to.MapHeader(2, protocol), "*4\r\n", "%2\r\n"),
        ((to, protocol) => to.SetHeader(3, protocol), "*3\r\n", "~3\r\n"),
        ((to, protocol) => to.PushHeader(2, protocol), "*2\r\n", ">2\r\n"),
        ((to, protocol) => to.Boolean(true, protocol), ":1\r\n", "#t\r\n"),
        ((to, protocol) => to.Boolean(false, protocol), ":0\r\n", "#f\r\n"),
        ((to, protocol) => to.Double(1.5, protocol), "$3\r\n1.5\r\n", ",1.5\r\n"),
        ((to, protocol) => to.Double(double.NegativeInfinity, protocol), "$4\r\n-inf\r\n", ",-inf\r\n"),
        ((to, protocol) => to.BigNumber("-123456789012345678901"u8, protocol), "$22\r\n-123456789012345678901\r\n", "(-123456789012345678901\r\n"),
        ((to, protocol) => to.VerbatimString("mkd"u8, "*a*"u8, protocol), "$3\r\n*a*\r\n", "=7\r\nmkd:*a*\r\n"),
        ((to, protocol) => to.VerbatimString("é", protocol), "$2\r\n\xc3\xa9\r\n", "=6\r\ntxt:\xc3\xa9\r\n"),
        ((to, _) => to.Command("GET", "k"), "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n"),
    ];

    [Fact]
    public void Every_type_is_written_as_Redis_writes_it()
    {
        foreach ((Action<ByteWriter, RespProtocol> write, string resp2, string resp3) in Golden)
        {
            Written(write, RespProtocol.Resp2).ShouldBe(resp2);
            Written(write, RespProtocol.Resp3).ShouldBe(resp3);
        }
    }

    [Fact]
    public void An_invariant_guards_counts_and_formats()
    {
        using var to = new ByteWriter();
        Should.Throw<InvariantException>(() => to.ArrayHeader(-1));
        Should.Throw<InvariantException>(() => to.VerbatimString("text"u8, "a"u8, RespProtocol.Resp3));
    }

    [Theory]
    [InlineData(RespProtocol.Resp2, 21UL)]
    [InlineData(RespProtocol.Resp3, 22UL)]
    public void What_is_written_is_read_back(RespProtocol protocol, ulong seed)
    {
        const int replies = 3_000, depth = 4;
        var random = new SeededRandom(seed);
        using var to = new ByteWriter();
        var expected = new StringBuilder();
        for (int index = 0; index < replies; index++)
        {
            to.Clear();
            expected.Clear();
            WriteRandom(random, to, expected, protocol, depth);
            RespReplyReaderTests.One(to.Written).ToString().ShouldBe(expected.ToString(), $"seed {seed}, reply {index}");
        }
    }

    [Fact]
    public void Writing_allocates_nothing()
    {
        const int rounds = 10_000;
        using var to = new ByteWriter(4096);
        WriteOneOfEach(to);
        Allocations.Least(() =>
        {
            for (int round = 0; round < rounds; round++)
                WriteOneOfEach(to);
        }).ShouldBe(0);
    }

    private static void WriteOneOfEach(ByteWriter to)
    {
        to.Clear();
        foreach (RespProtocol protocol in (ReadOnlySpan<RespProtocol>)[RespProtocol.Resp2, RespProtocol.Resp3])
        {
            to.SimpleString("OK"u8);
            to.Error("ERR unknown command");
            to.Integer(123456789);
            to.Bulk("value"u8);
            to.BulkInteger(long.MaxValue);
            to.Null(protocol);
            to.NullArray(protocol);
            to.ArrayHeader(1);
            to.MapHeader(1, protocol);
            to.SetHeader(1, protocol);
            to.PushHeader(1, protocol);
            to.Boolean(true, protocol);
            to.Double(0.1, protocol);
            to.BigNumber("123"u8, protocol);
            to.VerbatimString("text", protocol);
        }
    }

    /// <summary>Writes a random value, and what <see cref="RespValue.ToString"/> should make of it.</summary>
    private static void WriteRandom(SeededRandom random, ByteWriter to, StringBuilder expected, RespProtocol protocol, int depth)
    {
        bool resp3 = protocol == RespProtocol.Resp3;
        switch (random.Below(depth == 0 ? 9 : 13))
        {
            case 0:
                string simple = $"OK {random.Below(100)}";
                to.SimpleString(simple);
                expected.Append($"\"{simple}\"");
                break;
            case 1:
                to.Error("ERR x");
                expected.Append("(error) ERR x");
                break;
            case 2:
                long integer = (long)random.Next() >> random.Below(64);
                to.Integer(integer);
                expected.Append($"(integer) {integer}");
                break;
            case 3:
                byte[] bytes = new byte[random.Below(random.Chance(0.1) ? 10_000 : 10)];
                random.Fill(bytes);
                to.Bulk(bytes);
                expected.Append($"\"{Encoding.UTF8.GetString(bytes)}\"");
                break;
            case 4:
                to.Null(protocol);
                expected.Append("(nil)");
                break;
            case 5:
                bool value = random.Chance(0.5);
                to.Boolean(value, protocol);
                expected.Append((value, resp3) switch { (true, true) => "(true)", (false, true) => "(false)", (true, _) => "(integer) 1", _ => "(integer) 0" });
                break;
            case 6:
                to.Double(0.25, protocol);
                expected.Append(resp3 ? "(double) 0.25" : "\"0.25\"");
                break;
            case 7:
                to.BigNumber("12345678901234567890123"u8, protocol);
                expected.Append(resp3 ? "(big number) 12345678901234567890123" : "\"12345678901234567890123\"");
                break;
            case 8:
                to.VerbatimString("verbatim", protocol);
                expected.Append("\"verbatim\"");
                break;
            default:
                WriteRandomAggregate(random, to, expected, protocol, depth - 1);
                break;
        }
    }

    private static void WriteRandomAggregate(SeededRandom random, ByteWriter to, StringBuilder expected, RespProtocol protocol, int depth)
    {
        int count = random.Below(4);
        int values = count;
        string open = "[", close = "]";
        switch (random.Below(4))
        {
            case 0:
                to.ArrayHeader(count);
                break;
            case 1:
                to.MapHeader(count, protocol);
                values = count * 2;
                (open, close) = protocol == RespProtocol.Resp3 ? ("{", "}") : (open, close);
                break;
            case 2:
                to.SetHeader(count, protocol);
                open = protocol == RespProtocol.Resp3 ? "~[" : open;
                break;
            default:
                to.PushHeader(count, protocol);
                open = protocol == RespProtocol.Resp3 ? ">[" : open;
                break;
        }
        expected.Append(open);
        for (int index = 0; index < values; index++)
        {
            expected.Append(index == 0 ? "" : ", ");
            WriteRandom(random, to, expected, protocol, depth);
        }
        expected.Append(close);
    }

    private static string Written(Action<ByteWriter, RespProtocol> write, RespProtocol protocol)
    {
        using var to = new ByteWriter(16);
        write(to, protocol);
        return Encoding.Latin1.GetString(to.Written);
    }
}
