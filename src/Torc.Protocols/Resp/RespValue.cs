using System.Text;

namespace Torc.Protocols.Resp;

/// <summary>The type of a reply, RESP2's and RESP3's.</summary>
public enum RespKind : byte
{
    SimpleString,
    Error,
    Integer,
    Bulk,
    Null,
    Array,
    Boolean,
    Double,
    BigNumber,
    BulkError,
    Verbatim,
    Map,
    Set,
    Push,
}

/// <summary>
/// One reply as a small immutable tree, for clients: the simulator, <c>torc status</c>, tests. The server never makes one.
/// </summary>
public sealed class RespValue
{
    private const int VerbatimFormatLength = 3;

    internal RespValue(RespKind kind, byte[]? bytes = null, RespValue[]? items = null, long integer = 0, double number = 0)
    {
        Kind = kind;
        Bytes = bytes ?? [];
        Items = items ?? [];
        Integer = integer;
        Double = number;
    }

    public RespKind Kind { get; }

    /// <summary>
    /// The text of a simple string, error, bulk, big number or double as it was sent; of a verbatim string without its
    /// format.
    /// </summary>
    public ReadOnlyMemory<byte> Bytes { get; private init; }

    /// <summary>Elements of an array, set or push; of a map its keys and values in turn.</summary>
    public IReadOnlyList<RespValue> Items { get; }

    /// <summary>The value of an integer; 1 or 0 for a boolean.</summary>
    public long Integer { get; }

    /// <summary>The value of a double.</summary>
    public double Double { get; }

    /// <summary>Of a verbatim string: <c>txt</c> or <c>mkd</c>; else empty.</summary>
    public string Format { get; private init; } = "";

    /// <summary>Attributes that were sent with the reply: names and values in turn; empty as a rule.</summary>
    public IReadOnlyList<RespValue> Attributes { get; internal set; } = [];

    public bool IsNull => Kind == RespKind.Null;

    public bool IsError => Kind is RespKind.Error or RespKind.BulkError;

    /// <summary><see cref="Bytes"/> as UTF-8.</summary>
    public string Text => Encoding.UTF8.GetString(Bytes.Span);

    /// <summary>The value under a text key of a map, or of the flat array that RESP2 sends for one; null when there is none.</summary>
    public RespValue? this[string key]
    {
        get
        {
            for (int index = 0; index + 1 < Items.Count; index += 2)
            {
                if (Items[index].Text == key)
                    return Items[index + 1];
            }
            return null;
        }
    }

    /// <summary>Makes a verbatim string of <c>txt:…</c>.</summary>
    internal static RespValue? TryVerbatim(byte[] payload)
    {
        if (payload.Length <= VerbatimFormatLength || payload[VerbatimFormatLength] != ':')
            return null;
        return new RespValue(RespKind.Verbatim)
        {
            Bytes = payload.AsMemory(VerbatimFormatLength + 1),
            Format = Encoding.Latin1.GetString(payload, 0, VerbatimFormatLength),
        };
    }

    /// <summary>For people and failure messages, in the manner of redis-cli.</summary>
    public override string ToString() => Kind switch
    {
        RespKind.Null => "(nil)",
        RespKind.Integer => $"(integer) {Integer}",
        RespKind.Boolean => Integer != 0 ? "(true)" : "(false)",
        RespKind.Double => $"(double) {Text}",
        RespKind.BigNumber => $"(big number) {Text}",
        RespKind.Error or RespKind.BulkError => $"(error) {Text}",
        RespKind.Array => $"[{string.Join(", ", Items)}]",
        RespKind.Map => $"{{{string.Join(", ", Items)}}}",
        RespKind.Set => $"~[{string.Join(", ", Items)}]",
        RespKind.Push => $">[{string.Join(", ", Items)}]",
        _ => $"\"{Text}\"",
    };
}
