namespace Torc.Protocols.Resp;

/// <summary>
/// A decimal number that ends with CR LF, read as its bytes arrive: the rest of a line after <c>*</c>, <c>$</c> or <c>:</c>.
/// It keeps no text, so a long junk line costs nothing. The grammar is Redis' <c>string2ll</c>: an optional minus, no
/// plus, no leading zero, no minus zero, and within 64 bits.
/// </summary>
internal struct NumberLine
{
    internal enum Outcome
    {
        NeedMore,
        Complete,
        TooLong,
        BadLineEnd,
    }

    private const ulong MagnitudeBeforeDigitMax = (ulong.MaxValue - 9) / 10;

    private ulong _magnitude;
    private int _length;
    private bool _negative;
    private bool _malformed;
    private bool _carriageReturn;

    /// <summary>Takes bytes up to and including CR LF from the front of <paramref name="input"/>.</summary>
    internal Outcome Read(ref ReadOnlySpan<byte> input, int bytesMax)
    {
        for (int index = 0; index < input.Length; index++)
        {
            byte value = input[index];
            if (_carriageReturn)
            {
                input = input[(index + 1)..];
                return value == '\n' ? Outcome.Complete : Outcome.BadLineEnd;
            }
            if (value == '\r')
            {
                _carriageReturn = true;
                continue;
            }
            Accept(value);
            if (++_length > bytesMax)
                return Outcome.TooLong;
        }
        input = default;
        return Outcome.NeedMore;
    }

    /// <summary>The number, once the line is complete; false when it is none.</summary>
    internal readonly bool TryGet(out long value)
    {
        value = _negative ? -(long)_magnitude : (long)_magnitude;
        if (_malformed || Digits == 0)
            return false;
        return _negative ? _magnitude is > 0 and <= 1UL << 63 : _magnitude <= long.MaxValue;
    }

    private readonly int Digits => _negative ? _length - 1 : _length;

    private void Accept(byte value)
    {
        uint digit = (uint)(value - '0');
        if (digit <= 9 && _magnitude <= MagnitudeBeforeDigitMax && (_magnitude > 0 || Digits == 0))
            _magnitude = _magnitude * 10 + digit;
        else if (value == '-' && _length == 0)
            _negative = true;
        else
            _malformed = true;
    }
}
