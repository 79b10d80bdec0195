using System.Text;
using Xunit.Sdk;

namespace Torc.Tests.Protocols.Resp;

/// <summary>Payloads that the tests split at every byte and mutate. Latin-1, so that any byte can be written.</summary>
internal static class RespCorpus
{
    /// <summary>Input, and the commands in it as <see cref="CommandFeed"/> writes them.</summary>
    internal static readonly (string Input, string Commands)[] Commands =
    [
        ("*1\r\n$4\r\nPING\r\n", "[PING]"),
        ("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$5\r\nhello\r\n", "[SET|k|hello]"),
        ("*2\r\n$3\r\nGET\r\n$0\r\n\r\n", "[GET|]"),
        ("*2\r\n$4\r\nECHO\r\n$6\r\na\r\nb\0\xff\r\n", "[ECHO|a\r\nb\0\xff]"),
        ("*2\r\n$4\r\nECHO\r\n$12\r\nabcdefghijkl\r\n", "[ECHO|abcdefghijkl]"),
        ("*0\r\n*-1\r\n*-5\r\n\r\n\n   \r\n*1\r\n$4\r\nPING\r\n", "[PING]"),
        ("*2\r\n$3\r\nGET\r\n$1\r\na\r\n*2\r\n$3\r\nGET\r\n$1\r\nb\r\n*1\r\n$4\r\nQUIT\r\n", "[GET|a][GET|b][QUIT]"),
        ("PING\r\n", "[PING]"),
        ("PING\n", "[PING]"),
        ("  SET \t key   value \r\n", "[SET|key|value]"),
        ("SET k \"a b\\n\\r\\t\\b\\a\\x41\\xfF\\xzz\\\"\\q\\\\\"\r\n", "[SET|k|a b\n\r\t\b\aA\xffxzz\"q\\]"),
        ("SET k 'a b\\n\\'\"' \"\"\r\n", "[SET|k|a b\\n'\"|]"),
        ("SET a\"b c\"\ta'd e'\r\n", "[SET|ab c|ad e]"),
        ("SET \"a\"\v'b'\f\"c\"\r\n", "[SET|a|b|c]"),
        ("SET a\vb c\\nd \0\r\n", "[SET|a\vb|c\\nd|\0]"),
        ("''\r\n", "[]"),
        ("GET k\r\r\n", "[GET|k]"),
        ("$5\r\n", "[$5]"),
        ("GET a\r\n*2\r\n$3\r\nGET\r\n$1\r\nb\r\nGET c\n", "[GET|a][GET|b][GET|c]"),
        ("SET key HTTP/1.1\r\n", "[SET|key|HTTP/1.1]"),
        ("*3\r\n$3\r\nGET\r\n$1\r\n/\r\n$8\r\nHTTP/1.1\r\n", "[GET|/|HTTP/1.1]"),
        ("*1\r\n$4\r\nPING\r\n*2\r\n$3\r\nGE", "[PING]…"),
    ];

    /// <summary>Input that ends a connection, and what is seen of it under the default limits.</summary>
    internal static readonly (string Input, string Seen)[] Errors =
    [
        ("*abc\r\n", "ERR Protocol error: invalid multibulk length"),
        ("*\r\n", "ERR Protocol error: invalid multibulk length"),
        ("*3000000000\r\n", "ERR Protocol error: invalid multibulk length"),
        ("*99999999999999999999999\r\n", "ERR Protocol error: invalid multibulk length"),
        ("*-99999999999999999999999\r\n", "ERR Protocol error: invalid multibulk length"),
        ("*+1\r\n", "ERR Protocol error: invalid multibulk length"),
        ("*01\r\n", "ERR Protocol error: invalid multibulk length"),
        ("*-0\r\n", "ERR Protocol error: invalid multibulk length"),
        ("*1 \r\n", "ERR Protocol error: invalid multibulk length"),
        ("*1\n$4\r\nPING\r\n", "ERR Protocol error: invalid multibulk length"),
        ("*2147483647\r\n", "ERR Protocol error: invalid multibulk length: 2147483647 arguments are over the limit of 1048576"),
        ("*1048577\r\n", "ERR Protocol error: invalid multibulk length: 1048577 arguments are over the limit of 1048576"),
        ("*3\r\n$3\r\nSET\r\n$1\r\nx\r\nfooz\r\n", "ERR Protocol error: expected '$', got 'f'"),
        ("*1\r\nPING\r\n", "ERR Protocol error: expected '$', got 'P'"),
        ("*1\r\n*1\r\n", "ERR Protocol error: expected '$', got '*'"),
        ("*1\r\n\r\n", "ERR Protocol error: expected '$', got ' '"),
        ("*1\r\n\0\r\n", "ERR Protocol error: expected '$', got '\\x00'"),
        ("*3\r\n$3\r\nSET\r\n$1\r\nx\r\n$-10\r\n", "ERR Protocol error: invalid bulk length"),
        ("*3\r\n$3\r\nSET\r\n$1\r\nx\r\n$blabla\r\n", "ERR Protocol error: invalid bulk length"),
        ("*3\r\n$3\r\nSET\r\n$1\r\nx\r\n$9223372036854775808\r\n", "ERR Protocol error: invalid bulk length"),
        (
            "*3\r\n$3\r\nSET\r\n$1\r\nx\r\n$2000000000\r\n",
            "ERR Protocol error: invalid bulk length: 2000000000 bytes are over the limit of 33554432 bytes for one argument"),
        (
            "*2\r\n$3\r\nSET\r\n$33554433\r\n",
            "ERR Protocol error: invalid bulk length: 33554433 bytes are over the limit of 33554432 bytes for one argument"),
        ("*1\r\n$4\r\nPINGPONG\r\n", "ERR Protocol error: invalid CRLF in request"),
        ("*1\r\n$4\r\nPING\rX", "ERR Protocol error: invalid CRLF in request"),
        ("*1\r\n$\r\r\n", "ERR Protocol error: invalid bulk length"),
        ("*1x\rx", "ERR Protocol error: invalid multibulk length"),
        ("*1\r$4\r\nPING\r\n", "ERR Protocol error: invalid CRLF in request"),
        ("*1\r\n$4\rPING\r\n", "ERR Protocol error: invalid CRLF in request"),
        ("set \"\"\"test-key\"\"\" test-value\r\n", "ERR Protocol error: unbalanced quotes in request"),
        ("SET k \"a\r\n", "ERR Protocol error: unbalanced quotes in request"),
        ("SET k 'a\r\n", "ERR Protocol error: unbalanced quotes in request"),
        ("SET k 'a'b\r\n", "ERR Protocol error: unbalanced quotes in request"),
        ("SET k \"a\\\"\r\n", "ERR Protocol error: unbalanced quotes in request"),
        ("PING\r\nSET k \"\\x4\r\n", "[PING]ERR Protocol error: unbalanced quotes in request"),
        ("PING\r\n*1\r\n$-1\r\n", "[PING]ERR Protocol error: invalid bulk length"),
        ("GET / HTTP/1.1\r\nHost: example.org\r\n\r\nFLUSHALL\r\n", CrossProtocol),
        ("get /a?b=c http/1.1\r\nhost: example.org\r\n", "[get|/a?b=c|http/1.1]" + CrossProtocol),
        ("POST / HTTP/1.1\r\n", CrossProtocol),
        ("post x\n", CrossProtocol),
        ("Host: example.org\r\n", CrossProtocol),
        ("OPTIONS * HTTP/1.1\r\n", CrossProtocol),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", CrossProtocol),
        ("*1\r\n$4\r\nPOST\r\n", CrossProtocol),
        ("*2\r\n$5\r\nHOST:\r\n$1\r\nx\r\n", CrossProtocol),
    ];

    /// <summary>Replies of RESP2 and RESP3, and the values in them as <see cref="Torc.Protocols.Resp.RespValue.ToString"/> gives them.</summary>
    internal static readonly (string Input, string Values)[] Replies =
    [
        ("+OK\r\n", "\"OK\""),
        ("+\r\n", "\"\""),
        ("-ERR no such thing\r\n", "(error) ERR no such thing"),
        (":42\r\n:-1\r\n:0\r\n", "(integer) 42;(integer) -1;(integer) 0"),
        (":9223372036854775807\r\n:-9223372036854775808\r\n", "(integer) 9223372036854775807;(integer) -9223372036854775808"),
        ("$5\r\nhello\r\n$0\r\n\r\n$-1\r\n", "\"hello\";\"\";(nil)"),
        ("$4\r\na\r\nb\r\n", "\"a\r\nb\""),
        ("*0\r\n*-1\r\n_\r\n", "[];(nil);(nil)"),
        ("*3\r\n:1\r\n$1\r\na\r\n*2\r\n+x\r\n$-1\r\n", "[(integer) 1, \"a\", [\"x\", (nil)]]"),
        ("*1\r\n*1\r\n*1\r\n*0\r\n", "[[[[]]]]"),
        ("#t\r\n#f\r\n", "(true);(false)"),
        (",1.5\r\n,-0\r\n,10\r\n,1e-7\r\n,inf\r\n,-inf\r\n,nan\r\n", "(double) 1.5;(double) -0;(double) 10;(double) 1e-7;(double) inf;(double) -inf;(double) nan"),
        ("(3492890328409238509324850943850943825024385\r\n(-7\r\n", "(big number) 3492890328409238509324850943850943825024385;(big number) -7"),
        ("!21\r\nSYNTAX invalid syntax\r\n", "(error) SYNTAX invalid syntax"),
        ("=15\r\ntxt:Some string\r\n", "\"Some string\""),
        ("%2\r\n$1\r\na\r\n:1\r\n+b\r\n*2\r\n_\r\n#t\r\n", "{\"a\", (integer) 1, \"b\", [(nil), (true)]}"),
        ("%0\r\n~0\r\n", "{};~[]"),
        ("~2\r\n+a\r\n+b\r\n", "~[\"a\", \"b\"]"),
        (">2\r\n+invalidate\r\n*1\r\n+k\r\n+OK\r\n", ">[\"invalidate\", [\"k\"]];\"OK\""),
        ("|1\r\n+ttl\r\n:3600\r\n*2\r\n|0\r\n:1\r\n|1\r\n+a\r\n|1\r\n+b\r\n:0\r\n+c\r\n:2\r\n", "[(integer) 1, (integer) 2]"),
        ("+OK\r\n*2\r\n:1\r\n", "\"OK\";…"),
    ];

    internal static readonly string[] ReplyErrors =
    [
        "x\r\n", "\r\n", ":\r\n", ":1x\r\n", ":1.0\r\n", ":+1\r\n", "$x\r\n", "$-2\r\n", "$?\r\n", "*?\r\n", "*-2\r\n", "%-1\r\n", "~-1\r\n",
        "#x\r\n", "#\r\n", "_x\r\n", ",\r\n", ",abc\r\n", ", 1\r\n", "(\r\n", "(1.5\r\n", "(-\r\n", "=2\r\nab\r\n", "=3\r\nabc\r\n", "=5\r\nabcde\r\n",
        "$3\r\nabcd\r\n", "$3\r\nabc\rx", "+a\rb\r\n", ":1\rx", "|0\r\n|1\r\n+a\r\n+b\r\n|0\r\n:1\r\n",
    ];

    internal const string CrossProtocol =
        "ERR Protocol error: possible cross protocol attack: this is an HTTP request, and the port speaks RESP";

    internal static byte[] Bytes(string text)
    {
        foreach (char c in text)
        {
            if (c > 0xFF)
                throw new XunitException($"not Latin-1: {c}");
        }
        return Encoding.Latin1.GetBytes(text);
    }
}
