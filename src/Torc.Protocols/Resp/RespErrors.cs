namespace Torc.Protocols.Resp;

/// <summary>
/// Every error that <see cref="RespCommandReader"/> can answer with. The words are Redis' own, for programs and people
/// that know them; where Torc has a limit that Redis has not, the limit is named after them.
/// </summary>
internal static class RespErrors
{
    /// <summary>A line after <c>*</c> that is not a number. Nothing to do but to mend the client.</summary>
    internal static readonly RespError InvalidMultibulkLength = Malformed("invalid multibulk length");

    /// <summary>A line after <c>$</c> that is not a length.</summary>
    internal static readonly RespError InvalidBulkLength = Malformed("invalid bulk length");

    /// <summary>
    /// A length or an argument that is not followed by CR LF: the client counted its bytes wrongly. Redis 7.2 skips two
    /// bytes unseen and takes the next argument's bytes for commands; Torc stops.
    /// </summary>
    internal static readonly RespError InvalidLineEnd = Malformed("invalid CRLF in request");

    internal static readonly RespError UnbalancedQuotes = Malformed("unbalanced quotes in request");

    internal static readonly RespError TooBigInline = TooLarge("too big inline request");

    internal static readonly RespError TooBigMultibulkCount = TooLarge("too big mbulk count string");

    internal static readonly RespError TooBigBulkCount = TooLarge("too big bulk count string");

    /// <summary>More arguments than a connection may send before AUTH.</summary>
    internal static readonly RespError UnauthenticatedMultibulkLength =
        new(RespErrorKind.Unauthenticated, "ERR Protocol error: unauthenticated multibulk length");

    /// <summary>A longer argument than a connection may send before AUTH.</summary>
    internal static readonly RespError UnauthenticatedBulkLength =
        new(RespErrorKind.Unauthenticated, "ERR Protocol error: unauthenticated bulk length");

    internal static readonly RespError CrossProtocol = new(
        RespErrorKind.CrossProtocol,
        "ERR Protocol error: possible cross protocol attack: this is an HTTP request, and the port speaks RESP");

    internal static RespError ExpectedBulk(byte got) => Malformed($"expected '$', got '{Printable(got)}'");

    internal static RespError TooManyArguments(long count, int argumentsMax) =>
        TooLarge($"invalid multibulk length: {count} arguments are over the limit of {argumentsMax}");

    internal static RespError BulkTooLong(long bytes, int bulkBytesMax) =>
        TooLarge($"invalid bulk length: {bytes} bytes are over the limit of {bulkBytesMax} bytes for one argument");

    internal static RespError CommandTooLong(int commandBytesMax) =>
        TooLarge($"too big command: its arguments are over the limit of {commandBytesMax} bytes for one command");

    private static RespError Malformed(string what) => new(RespErrorKind.Malformed, "ERR Protocol error: " + what);

    private static RespError TooLarge(string what) => new(RespErrorKind.TooLarge, "ERR Protocol error: " + what);

    private static string Printable(byte value) => value switch
    {
        (byte)'\r' or (byte)'\n' => " ",
        >= 0x20 and < 0x7F => ((char)value).ToString(),
        _ => $"\\x{value:x2}",
    };
}
