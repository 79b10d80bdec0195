using System.Buffers.Text;
using System.Text;

namespace Torc.Node.Commands;

/// <summary>Arguments as Redis reads them.</summary>
internal static class ArgumentText
{
    private const int IntegerBytesMax = 20;

    /// <summary>A 64-bit integer in its one spelling: no plus, no leading zeros, no spaces, no minus zero (Redis' <c>string2ll</c>).</summary>
    public static bool TryInteger(ReadOnlySpan<byte> text, out long value)
    {
        value = 0;
        if (text.Length is 0 or > IntegerBytesMax)
            return false;
        ReadOnlySpan<byte> digits = text[0] == '-' ? text[1..] : text;
        bool hasDigit = digits.Length > 0 && digits[0] is >= (byte)'0' and <= (byte)'9';
        if (!hasDigit || (digits[0] == '0' && text.Length > 1))
            return false;
        return Utf8Parser.TryParse(text, out value, out int used) && used == text.Length;
    }

    /// <summary>The integer in an argument that <see cref="TryInteger"/> accepted before.</summary>
    public static long Integer(ReadOnlySpan<byte> text)
    {
        bool valid = TryInteger(text, out long value);
        Check.That(valid);
        return value;
    }

    /// <summary>Whether an argument is this option, in any letter case.</summary>
    public static bool Is(this ReadOnlySpan<byte> argument, ReadOnlySpan<byte> option) => Ascii.EqualsIgnoreCase(argument, option);

    /// <summary>Client bytes as text for names and error messages; bytes that are not UTF-8 become replacement characters.</summary>
    public static string Text(this ReadOnlySpan<byte> argument) => Encoding.UTF8.GetString(argument);
}
