using System.Globalization;

namespace Torc.Simulator.Checkers;

/// <summary>
/// Written values name the operation that wrote them: <c>id:padding;</c>. Appends make a value a row of tokens, so
/// that every read says exactly which operations it reflects.
/// </summary>
public static class Tokens
{
    private const int ShortLength = 80;

    public static string Make(long operationId, int paddingLength) =>
        $"{operationId.ToString(CultureInfo.InvariantCulture)}:{new string('x', paddingLength)};";

    /// <summary>The tokens of a value, each with its operation's id; false when this is no row of tokens.</summary>
    public static bool TryParse(string value, List<(long OperationId, string Token)> into)
    {
        into.Clear();
        for (int start = 0; start < value.Length;)
        {
            int end = value.IndexOf(';', start);
            if (end < 0)
                return false;
            string token = value[start..(end + 1)];
            int colon = token.IndexOf(':');
            if (colon <= 0 || !long.TryParse(token.AsSpan(0, colon), NumberStyles.None, CultureInfo.InvariantCulture, out long id))
                return false;
            into.Add((id, token));
            start = end + 1;
        }
        return into.Count > 0;
    }

    internal static string Shorten(string? value) => value switch
    {
        null => "(nil)",
        { Length: > ShortLength } => string.Concat(value.AsSpan(0, ShortLength), "..."),
        _ => value,
    };
}
