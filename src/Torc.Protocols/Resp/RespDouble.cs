using System.Diagnostics;
using System.Globalization;
using Torc.Base;

namespace Torc.Protocols.Resp;

/// <summary>
/// Doubles as text in the words of Redis 7.2 (<c>d2string</c> over <c>fpconv_dtoa</c>): integers in full, else the
/// shortest digits that read back to the same double; <c>inf</c>, <c>-inf</c>, <c>nan</c>, <c>-0</c>.
/// </summary>
public static class RespDouble
{
    /// <summary>No double is longer: sign, 17 digits, point, and an exponent or at most six zeros.</summary>
    public const int TextBytesMax = 32;

    // Redis prints a double as an integer when it is one within half of the range of 64 bits.
    private const double IntegerMagnitudeMax = long.MaxValue / 2;
    private const int ShortestDigitsMax = 17;

    /// <summary>Writes the text to the front of <paramref name="to"/>, which has room for <see cref="TextBytesMax"/>; returns its length.</summary>
    public static int Format(double value, Span<byte> to)
    {
        Check.That(to.Length >= TextBytesMax);
        if (double.IsNaN(value))
            return Copy("nan"u8, to);
        if (double.IsInfinity(value))
            return Copy(value > 0 ? "inf"u8 : "-inf"u8, to);
        if (value == 0)
            return Copy(double.IsNegative(value) ? "-0"u8 : "0"u8, to);
        if (Math.Abs(value) <= IntegerMagnitudeMax && Math.Truncate(value) == value)
        {
            Check.That(((long)value).TryFormat(to, out int length, default, CultureInfo.InvariantCulture));
            return length;
        }
        return FormatShortest(value, to);
    }

    /// <summary>Reads what <see cref="Format"/> writes and the spellings of other servers; false when it is no number.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out double value)
    {
        ReadOnlySpan<byte> unsigned = text.Length > 0 && text[0] is (byte)'-' or (byte)'+' ? text[1..] : text;
        if (System.Text.Ascii.EqualsIgnoreCase(unsigned, "inf"u8) || System.Text.Ascii.EqualsIgnoreCase(unsigned, "infinity"u8))
        {
            value = text[0] == '-' ? double.NegativeInfinity : double.PositiveInfinity;
            return true;
        }
        if (System.Text.Ascii.EqualsIgnoreCase(unsigned, "nan"u8))
        {
            value = double.NaN;
            return true;
        }
        value = 0;
        bool startsAsNumber = unsigned.Length > 0 && (char.IsAsciiDigit((char)unsigned[0]) || unsigned[0] == '.');
        return startsAsNumber && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out value);
    }

    private static int FormatShortest(double value, Span<byte> to)
    {
        // The runtime finds the shortest digits; only where to put the point differs from Redis.
        Span<byte> text = stackalloc byte[TextBytesMax];
        Span<byte> digits = stackalloc byte[ShortestDigitsMax];
        Check.That(Math.Abs(value).TryFormat(text, out int textLength, "R", CultureInfo.InvariantCulture));
        int digitCount = TakeDigits(text[..textLength], digits, out int exponent);
        int written = 0;
        if (value < 0)
            to[written++] = (byte)'-';
        return written + Place(digits[..digitCount], exponent, to[written..]);
    }

    /// <summary>Splits <c>12.5E-07</c> into its significant digits and the power of ten of the last one.</summary>
    private static int TakeDigits(ReadOnlySpan<byte> text, Span<byte> digits, out int exponent)
    {
        exponent = 0;
        int mark = text.IndexOf((byte)'E');
        if (mark >= 0)
        {
            Check.That(int.TryParse(text[(mark + 1)..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out exponent));
            text = text[..mark];
        }
        int count = 0;
        bool afterPoint = false;
        foreach (byte value in text)
        {
            if (value == '.')
            {
                afterPoint = true;
                continue;
            }
            if (afterPoint)
                exponent--;
            if (count > 0 || value != '0')
                digits[count++] = value;
        }
        while (count > 1 && digits[count - 1] == '0')
        {
            count--;
            exponent++;
        }
        return count;
    }

    /// <summary>Puts the point where fpconv does: plain up to seven zeros behind or a few in front, else scientific.</summary>
    private static int Place(ReadOnlySpan<byte> digits, int exponent, Span<byte> to)
    {
        int scientific = exponent + digits.Length - 1;
        if (exponent >= 0 && scientific < digits.Length + 7)
        {
            digits.CopyTo(to);
            to.Slice(digits.Length, exponent).Fill((byte)'0');
            return digits.Length + exponent;
        }
        if (exponent < 0 && (exponent > -7 || Math.Abs(scientific) < 4))
            return PlacePoint(digits, digits.Length + exponent, to);
        return PlaceScientific(digits, scientific, to);
    }

    private static int PlacePoint(ReadOnlySpan<byte> digits, int integerDigits, Span<byte> to)
    {
        if (integerDigits > 0)
        {
            digits[..integerDigits].CopyTo(to);
            to[integerDigits] = (byte)'.';
            digits[integerDigits..].CopyTo(to[(integerDigits + 1)..]);
            return digits.Length + 1;
        }
        int zeros = -integerDigits;
        "0."u8.CopyTo(to);
        to.Slice(2, zeros).Fill((byte)'0');
        digits.CopyTo(to[(2 + zeros)..]);
        return 2 + zeros + digits.Length;
    }

    private static int PlaceScientific(ReadOnlySpan<byte> digits, int scientific, Span<byte> to)
    {
        int written = 0;
        to[written++] = digits[0];
        if (digits.Length > 1)
        {
            to[written++] = (byte)'.';
            digits[1..].CopyTo(to[written..]);
            written += digits.Length - 1;
        }
        to[written++] = (byte)'e';
        to[written++] = scientific < 0 ? (byte)'-' : (byte)'+';
        if (!Math.Abs(scientific).TryFormat(to[written..], out int length, default, CultureInfo.InvariantCulture))
            throw new UnreachableException();
        return written + length;
    }

    private static int Copy(ReadOnlySpan<byte> text, Span<byte> to)
    {
        text.CopyTo(to);
        return text.Length;
    }
}
