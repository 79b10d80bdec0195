using System.Globalization;
using System.Text;
using Torc.Protocols.Resp;

namespace Torc.Tests.Node.Commands;

/// <summary>
/// A golden conversation: <c>&gt; COMMAND "argument\x00"</c> lines, each followed by the reply that is expected, one value a line, what is
/// inside of an aggregate indented. <c>@elapse ms</c> lets time pass, <c>@password word</c> (first) configures one. Lines with # are kept.
/// </summary>
internal static class Conversation
{
    private const string PasswordDirective = "@password ";

    /// <summary>Runs the commands of a conversation against a cluster and gives the conversation with the replies that came.</summary>
    public static string Run(string text, int nodes)
    {
        string[] lines = text.Split('\n');
        string? password = lines.FirstOrDefault(line => line.StartsWith(PasswordDirective, StringComparison.Ordinal))?[PasswordDirective.Length..];
        var cluster = new LoopCluster(nodes, surroundings: new ScriptedSurroundings(password));
        LoopNode node = cluster[nodes - 1];
        var told = new StringBuilder();
        foreach (string line in lines)
        {
            bool isKept = line.Length == 0 || line[0] is '#' or '@' or '>';
            if (!isKept)
                continue;
            told.Append(line).Append('\n');
            if (line.StartsWith("@elapse ", StringComparison.Ordinal))
                cluster.Elapse(int.Parse(line.AsSpan(8), CultureInfo.InvariantCulture));
            if (line.StartsWith("> ", StringComparison.Ordinal))
                Show(node.CallForBytes(Arguments(line[2..])), told);
        }
        return told.ToString().TrimEnd('\n') + "\n";
    }

    private static byte[][] Arguments(string line)
    {
        var arguments = new List<byte[]>();
        int at = 0;
        while (at < line.Length)
        {
            var argument = new List<byte>();
            bool quoted = line[at] == '"';
            at += quoted ? 1 : 0;
            while (at < line.Length && line[at] != (quoted ? '"' : ' '))
            {
                if (!quoted || line[at] != '\\')
                {
                    argument.Add((byte)line[at++]);
                    continue;
                }
                (byte value, int length) = Escape(line.AsSpan(at + 1));
                argument.Add(value);
                at += 1 + length;
            }
            at += quoted ? 2 : 1;
            arguments.Add([.. argument]);
        }
        return [.. arguments];
    }

    private static (byte Value, int Length) Escape(ReadOnlySpan<char> text) => text[0] switch
    {
        'n' => ((byte)'\n', 1),
        'r' => ((byte)'\r', 1),
        'x' => (byte.Parse(text.Slice(1, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture), 3),
        _ => ((byte)text[0], 1),
    };

    private static void Show(byte[] reply, StringBuilder to)
    {
        ReadOnlySpan<byte> rest = reply;
        var reader = new RespReplyReader();
        while (!rest.IsEmpty)
        {
            ReplyOutcome outcome = reader.Read(ref rest, out RespValue? value, out RespError? error);
            outcome.ShouldBe(ReplyOutcome.Reply, error?.Message ?? "a reply that does not end");
            Show(value!, "", to);
        }
        if (reply.Length == 0)
            to.Append("(no reply)\n");
    }

    private static void Show(RespValue value, string indent, StringBuilder to)
    {
        to.Append(indent).Append(Line(value)).Append('\n');
        foreach (RespValue item in value.Items)
            Show(item, indent + "  ", to);
    }

    private static string Line(RespValue value) => value.Kind switch
    {
        RespKind.SimpleString => "+" + value.Text,
        RespKind.Error => "-" + value.Text,
        RespKind.Integer => ":" + value.Integer.ToString(CultureInfo.InvariantCulture),
        RespKind.Null => "(null)",
        RespKind.Array => $"*{value.Items.Count}",
        RespKind.Map => $"%{value.Items.Count / 2}",
        RespKind.Set => $"~{value.Items.Count}",
        RespKind.Verbatim => "=" + Quoted(value.Bytes.Span),
        _ => Quoted(value.Bytes.Span),
    };

    private static string Quoted(ReadOnlySpan<byte> bytes)
    {
        var text = new StringBuilder("\"");
        foreach (byte value in bytes)
        {
            if (value is (byte)'"' or (byte)'\\')
                text.Append('\\').Append((char)value);
            else if (value is >= 0x20 and < 0x7F)
                text.Append((char)value);
            else
                text.Append(CultureInfo.InvariantCulture, $"\\x{value:x2}");
        }
        return text.Append('"').ToString();
    }
}
