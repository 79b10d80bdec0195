// The numbers of INCRBYFLOAT: x87 extended precision, which is what `long double` means to Redis on the machines it is measured on.
//
// Redis parses with strtold, adds, prints with "%.17Lf" and cuts trailing zeros. Clients compare those texts, and .NET has no such
// type, so it is computed here with integers: a value is mantissa * 2^exponent with at most 64 significant bits, rounded half to even
// after each step. Not fast, but exact, and INCRBYFLOAT is no hot path. Subnormals are not told apart: they print as 0.

using System.Numerics;
using System.Text;

namespace Torc.Node.Commands.Strings;

internal readonly struct ExtendedFloat
{
    private const int MantissaBits = 64;
    private const int FractionDigits = 17;

    /// <summary>Redis' own bound for the text of a long double.</summary>
    private const int TextBytesMax = 5 * 1024;

    /// <summary>The greatest value is below 2^16384; the smallest that counts is above 10^-5000.</summary>
    private const int ExponentMax = 16_384;

    private const int DecimalExponentMax = 12_000;

    private readonly BigInteger _mantissa;
    private readonly int _exponent;
    private readonly int _infinity;

    private ExtendedFloat(BigInteger mantissa, int exponent, int infinity = 0)
    {
        _mantissa = mantissa;
        _exponent = exponent;
        _infinity = infinity;
    }

    public bool IsFinite => _infinity == 0;

    public static ExtendedFloat operator +(ExtendedFloat left, ExtendedFloat right)
    {
        // An infinity stays one, and opposite ones make no number: neither is finite, and that is all that is asked of them.
        if (!left.IsFinite || !right.IsFinite)
            return new ExtendedFloat(0, 0, 1);
        int exponent = Math.Min(left._exponent, right._exponent);
        BigInteger sum = (left._mantissa << (left._exponent - exponent)) + (right._mantissa << (right._exponent - exponent));
        return Round(sum, BigInteger.One, exponent);
    }

    /// <summary>Digits with an optional sign, point and exponent, or an infinity; nothing around them.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out ExtendedFloat value)
    {
        value = default;
        if (text.Length is 0 or >= TextBytesMax)
            return false;
        bool negative = text[0] == '-';
        ReadOnlySpan<byte> unsigned = text[0] is (byte)'-' or (byte)'+' ? text[1..] : text;
        if (unsigned.Is("inf"u8) || unsigned.Is("infinity"u8))
        {
            value = new ExtendedFloat(0, 0, negative ? -1 : 1);
            return true;
        }
        if (!TryDigits(unsigned, out string digits, out long scale))
            return false;
        BigInteger number = BigInteger.Parse(digits, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture);
        if (negative)
            number = -number;
        if (number.IsZero)
            return true;
        // Out of range is no valid number, too small as well as too great: strtold's ERANGE.
        if (Math.Abs(scale) > DecimalExponentMax)
            return false;
        if (scale >= 0)
            value = Round(number * BigInteger.Pow(10, (int)scale), BigInteger.One, 0);
        else
            value = Round(number, BigInteger.Pow(10, (int)-scale), 0);
        return value.IsFinite;
    }

    /// <summary>Appends the value with up to 17 digits behind the point and no trailing zeros.</summary>
    public void Format(ByteWriter to)
    {
        Check.That(IsFinite);
        BigInteger scaled = BigInteger.Abs(_mantissa) * BigInteger.Pow(10, FractionDigits);
        scaled = _exponent >= 0 ? scaled << _exponent : DivideHalfToEven(scaled, BigInteger.One << -_exponent);
        string digits = scaled.ToString(System.Globalization.CultureInfo.InvariantCulture).PadLeft(FractionDigits + 1, '0');
        string text = string.Concat(digits.AsSpan(0, digits.Length - FractionDigits), ".", digits.AsSpan(digits.Length - FractionDigits));
        text = text.TrimEnd('0').TrimEnd('.');
        bool negative = _mantissa.Sign < 0 && text != "0";
        to.Write(Encoding.ASCII.GetBytes(negative ? "-" + text : text));
    }

    /// <summary>Splits "12.5e3" into the digits "125" and the power of ten 2.</summary>
    private static bool TryDigits(ReadOnlySpan<byte> text, out string digits, out long scale)
    {
        var collected = new StringBuilder();
        scale = 0;
        int at = 0;
        bool afterPoint = false;
        for (; at < text.Length; at++)
        {
            byte value = text[at];
            if (value == '.' && !afterPoint)
                afterPoint = true;
            else if (value is >= (byte)'0' and <= (byte)'9')
                collected.Append((char)value);
            else
                break;
            scale -= afterPoint && value != '.' ? 1 : 0;
        }
        digits = collected.ToString();
        if (digits.Length == 0)
            return false;
        if (at == text.Length)
            return true;
        return text[at] is (byte)'e' or (byte)'E' && TryExponent(text[(at + 1)..], ref scale);
    }

    private static bool TryExponent(ReadOnlySpan<byte> text, ref long scale)
    {
        bool negative = text.Length > 0 && text[0] == '-';
        if (text.Length > 0 && text[0] is (byte)'-' or (byte)'+')
            text = text[1..];
        if (text.IsEmpty || text.ContainsAnyExceptInRange((byte)'0', (byte)'9'))
            return false;
        long exponent = 0;
        foreach (byte digit in text)
            exponent = Math.Min(exponent * 10 + (digit - '0'), 10 * DecimalExponentMax);
        scale += negative ? -exponent : exponent;
        return true;
    }

    /// <summary>numerator / denominator * 2^exponent, rounded to the bits that a mantissa has.</summary>
    private static ExtendedFloat Round(BigInteger numerator, BigInteger denominator, int exponent)
    {
        if (numerator.IsZero)
            return default;
        BigInteger magnitude = BigInteger.Abs(numerator);
        // Dropping this many bits leaves a quotient of 64 or 65 bits; rounding up may make it 2^64, which needs one bit only.
        int dropped = (int)(magnitude.GetBitLength() - denominator.GetBitLength()) - MantissaBits;
        if (Shift(magnitude, -dropped) / Shift(denominator, dropped) >= BigInteger.One << MantissaBits)
            dropped++;
        BigInteger mantissa = DivideHalfToEven(Shift(magnitude, -dropped), Shift(denominator, dropped));
        exponent = checked(exponent + dropped);
        if (exponent + MantissaBits > ExponentMax)
            return new ExtendedFloat(0, 0, numerator.Sign);
        return new ExtendedFloat(numerator.Sign * mantissa, exponent);
    }

    /// <summary>value * 2^bits for positive bits, else the value as it is.</summary>
    private static BigInteger Shift(BigInteger value, int bits) => bits > 0 ? value << bits : value;

    private static BigInteger DivideHalfToEven(BigInteger numerator, BigInteger denominator)
    {
        BigInteger quotient = BigInteger.DivRem(numerator, denominator, out BigInteger remainder);
        int order = (remainder << 1).CompareTo(denominator);
        return order > 0 || (order == 0 && !quotient.IsEven) ? quotient + 1 : quotient;
    }
}
