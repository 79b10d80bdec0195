using System.Globalization;
using Torc.Base;
using Torc.Protocols.Resp;

namespace Torc.Tests.Node.Sessions;

/// <summary>A dictionary that answers commands one after another, as words: what a pipeline has to answer.</summary>
internal sealed class PipelineModel
{
    private const int Keys = 5;
    private readonly SortedDictionary<string, string> _rows = new(StringComparer.Ordinal);

    public static string Draw(SeededRandom random)
    {
        string key = $"k{random.Below(Keys)}", other = $"k{random.Below(Keys)}";
        int value = random.Below(100);
        return random.Below(20) switch
        {
            0 or 1 or 2 => $"SET {key} {value}",
            3 or 4 => $"GET {key}",
            5 or 6 => $"APPEND {key} {value}",
            7 => $"DEL {key}",
            8 => $"DEL {key} {other}",
            9 => $"MGET {key} {other} {key}",
            10 => $"MSET {key} {value} {other} {value + 1}",
            11 or 12 => $"MSETNX {key} {value} {other} {value + 1}",
            13 => $"EXISTS {key} {other}",
            14 or 15 => $"RENAME {key} {other}",
            16 => $"RENAMENX {key} {other}",
            17 => key == other ? "DBSIZE" : $"COPY {key} {other}{(value % 2 == 0 ? " REPLACE" : "")}",
            18 => "DBSIZE",
            _ => value < 20 ? "FLUSHALL" : value < 60 ? "KEYS *" : $"GETDEL {key}",
        };
    }

    public string Answer(string command)
    {
        string[] words = command.Split(' ');
        switch (words[0])
        {
            case "SET":
                _rows[words[1]] = words[2];
                return "OK";
            case "GET":
                return Value(words[1]);
            case "GETDEL":
                string value = Value(words[1]);
                _rows.Remove(words[1]);
                return value;
            case "APPEND":
                _rows[words[1]] = _rows.GetValueOrDefault(words[1], "") + words[2];
                return Number(_rows[words[1]].Length);
            case "DEL":
                return Number(words[1..].Count(_rows.Remove));
            case "EXISTS":
                return Number(words[1..].Count(_rows.ContainsKey));
            case "MGET":
                return $"[{string.Join(',', words[1..].Select(Value).Order(StringComparer.Ordinal))}]";
            case "MSET":
                return SetAll(words[1..], "OK");
            case "MSETNX":
                return _rows.ContainsKey(words[1]) || _rows.ContainsKey(words[3]) ? "0" : SetAll(words[1..], "1");
            case "DBSIZE":
                return Number(_rows.Count);
            case "KEYS":
                return $"[{string.Join(',', _rows.Keys)}]";
            case "FLUSHALL":
                _rows.Clear();
                return "OK";
            default:
                return Move(words);
        }
    }

    /// <summary>A reply in the same words; lists are sorted, since the order of KEYS is nobody's promise.</summary>
    public static string Show(RespValue reply) => reply.Kind switch
    {
        RespKind.Null => "nil",
        RespKind.Integer => Number(reply.Integer),
        RespKind.Array => $"[{string.Join(',', reply.Items.Select(Show).Order(StringComparer.Ordinal))}]",
        _ => reply.Text,
    };

    private string Move(string[] words)
    {
        string from = words[1], to = words[2];
        bool copies = words[0] == "COPY";
        if (!_rows.TryGetValue(from, out string? value))
            return copies ? "0" : "ERR no such key";
        bool overwrites = words[0] == "RENAME" || words.Length > 3;
        if (!overwrites && _rows.ContainsKey(to))
            return "0";
        if (!copies)
            _rows.Remove(from);
        _rows[to] = value;
        return words[0] == "RENAME" ? "OK" : "1";
    }

    private string SetAll(string[] pairs, string reply)
    {
        for (int i = 0; i < pairs.Length; i += 2)
            _rows[pairs[i]] = pairs[i + 1];
        return reply;
    }

    private string Value(string key) => _rows.GetValueOrDefault(key, "nil");

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
