using System.Buffers;
using System.Buffers.Text;
using System.Text;
using Torc.Base;

namespace Torc.Server.Bench.Wire;

/// <summary>Bytes that the protocols share: keys, numbers, words.</summary>
internal static class WireText
{
    /// <summary>Of every key: <c>user</c> and its number in 12 digits.</summary>
    internal const int KeyBytes = 16;

    private const int NumberDigits = 12;

    internal static void Put(this ArrayBufferWriter<byte> output, ReadOnlySpan<byte> bytes)
    {
        bytes.CopyTo(output.GetSpan(bytes.Length));
        output.Advance(bytes.Length);
    }

    internal static void PutNumber(this ArrayBufferWriter<byte> output, long number)
    {
        Span<byte> into = output.GetSpan(20);
        bool fits = Utf8Formatter.TryFormat(number, into, out int written);
        Check.That(fits);
        output.Advance(written);
    }

    internal static void PutKey(this ArrayBufferWriter<byte> output, long key)
    {
        Span<byte> into = output.GetSpan(KeyBytes)[..KeyBytes];
        "user"u8.CopyTo(into);
        for (int place = KeyBytes - 1; place >= KeyBytes - NumberDigits; place--)
        {
            (key, long digit) = Math.DivRem(key, 10);
            into[place] = (byte)('0' + digit);
        }
        output.Advance(KeyBytes);
    }

    internal static string FirstWord(ReadOnlySpan<byte> text)
    {
        int end = text.IndexOf((byte)' ');
        return Encoding.UTF8.GetString(end < 0 ? text : text[..end]);
    }
}
