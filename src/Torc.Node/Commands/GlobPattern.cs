namespace Torc.Node.Commands;

/// <summary>
/// Patterns as in Redis' KEYS, SCAN MATCH and CONFIG GET (its <c>stringmatchlen</c>): <c>*</c> any run, <c>?</c> any byte,
/// <c>[a-z]</c> and <c>[^x]</c> one byte of a class, <c>\</c> takes the next byte as it is. An unclosed class ends with the pattern.
/// </summary>
/// <remarks>
/// After a mismatch only the last star is tried again with one byte more, so the work is at most pattern length times text
/// length; trying every star again, as a recursive matcher does, is exponential for patterns like <c>*a*a*a*a*b</c>.
/// </remarks>
internal static class GlobPattern
{
    public static bool Matches(ReadOnlySpan<byte> pattern, ReadOnlySpan<byte> text, bool ignoreCase = false)
    {
        int at = 0, position = 0;
        int afterStar = -1, starPosition = 0;
        while (true)
        {
            if (at < pattern.Length && pattern[at] == '*')
            {
                afterStar = ++at;
                starPosition = position;
                continue;
            }
            if (position == text.Length)
                return at == pattern.Length;
            if (at < pattern.Length && MatchesOne(pattern, ref at, text[position], ignoreCase))
            {
                position++;
                continue;
            }
            if (afterStar < 0)
                return false;
            at = afterStar;
            position = ++starPosition;
        }
    }

    /// <summary>Matches one byte with the element at <paramref name="at"/>, and steps behind that element.</summary>
    private static bool MatchesOne(ReadOnlySpan<byte> pattern, ref int at, byte value, bool ignoreCase)
    {
        switch (pattern[at])
        {
            case (byte)'?':
                at++;
                return true;
            case (byte)'[':
                return MatchesClass(pattern, ref at, value, ignoreCase);
            case (byte)'\\' when at + 1 < pattern.Length:
                at++;
                break;
        }
        return Fold(pattern[at++], ignoreCase) == Fold(value, ignoreCase);
    }

    private static bool MatchesClass(ReadOnlySpan<byte> pattern, ref int at, byte value, bool ignoreCase)
    {
        at++;
        bool negated = at < pattern.Length && pattern[at] == '^';
        if (negated)
            at++;
        bool found = false;
        byte folded = Fold(value, ignoreCase);
        while (at < pattern.Length && pattern[at] != ']')
        {
            if (pattern[at] == '\\' && at + 1 < pattern.Length)
            {
                found |= pattern[at + 1] == value;
                at += 2;
            }
            else if (at + 2 < pattern.Length && pattern[at + 1] == '-')
            {
                byte first = Fold(pattern[at], ignoreCase), last = Fold(pattern[at + 2], ignoreCase);
                found |= folded >= Math.Min(first, last) && folded <= Math.Max(first, last);
                at += 3;
            }
            else
            {
                found |= Fold(pattern[at], ignoreCase) == folded;
                at++;
            }
        }
        at = Math.Min(at + 1, pattern.Length);
        return found != negated;
    }

    private static byte Fold(byte value, bool ignoreCase) =>
        ignoreCase && value is >= (byte)'A' and <= (byte)'Z' ? (byte)(value | 0x20) : value;
}
