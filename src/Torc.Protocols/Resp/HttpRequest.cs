using System.Text;

namespace Torc.Protocols.Resp;

/// <summary>
/// Recognises an HTTP request by its first or second line. A web page can make a browser send one to a port on the
/// reader's own machine, with lines in its body that are commands; so the connection ends before they are read.
/// </summary>
internal static class HttpRequest
{
    private static readonly byte[][] Methods =
    [
        [.. "GET"u8], [.. "HEAD"u8], [.. "PUT"u8], [.. "DELETE"u8], [.. "OPTIONS"u8],
        [.. "PATCH"u8], [.. "TRACE"u8], [.. "CONNECT"u8], [.. "PRI"u8],
    ];

    /// <summary>Redis' test, for any command: <c>POST</c> and <c>Host:</c> are no commands and never will be.</summary>
    internal static bool IsAttack(CommandBuffer command) => command[0].Length switch
    {
        4 => Ascii.EqualsIgnoreCase(command[0], "POST"u8),
        5 => Ascii.EqualsIgnoreCase(command[0], "HOST:"u8),
        _ => false,
    };

    /// <summary>A request line: method, target, <c>HTTP/…</c>. For inline commands; none of the methods is a command with two arguments.</summary>
    internal static bool IsRequestLine(CommandBuffer command)
    {
        if (command.Count != 3 || !command[2].StartsWith("HTTP/"u8))
            return false;
        foreach (byte[] method in Methods)
        {
            if (Ascii.EqualsIgnoreCase(command[0], method))
                return true;
        }
        return false;
    }
}
