using System.Globalization;
using System.Text;
using Torc.Base;

namespace Torc.Protocols.Resp;

/// <summary>
/// Writes replies, and commands for clients. What RESP2 has no type for goes out as Redis sends it to such a client:
/// <code>
/// type            RESP3              RESP2
/// null            _                  $-1  (NullArray: *-1)
/// map of n        %n                 *2n  keys and values in turn
/// set, push of n  ~n  &gt;n             *n
/// boolean         #t #f              :1 :0
/// double          ,1.5               $3   1.5
/// big number      (123               $3   123
/// verbatim        =7  txt:abc        $3   abc
/// </code>
/// A header announces elements; the caller writes as many. Nothing here allocates.
/// </summary>
public static class RespWriter
{
    private const int IntegerTextBytesMax = 20;

    /// <summary><c>+text</c>. CR and LF in the text become spaces.</summary>
    public static void SimpleString(this ByteWriter to, ReadOnlySpan<byte> text) => Line(to, (byte)'+', text);

    /// <inheritdoc cref="SimpleString(ByteWriter, ReadOnlySpan{byte})"/>
    public static void SimpleString(this ByteWriter to, string text) => Line(to, (byte)'+', text);

    /// <summary><c>+OK</c>.</summary>
    public static void Ok(this ByteWriter to) => to.Write("+OK\r\n"u8);

    /// <summary><c>-text</c>: its first word is the code a program tests, for example <c>WRONGTYPE</c>. CR and LF become spaces.</summary>
    public static void Error(this ByteWriter to, ReadOnlySpan<byte> text) => Line(to, (byte)'-', text);

    /// <inheritdoc cref="Error(ByteWriter, ReadOnlySpan{byte})"/>
    public static void Error(this ByteWriter to, string text) => Line(to, (byte)'-', text);

    /// <summary>The last words to a client whose stream makes no sense.</summary>
    public static void Error(this ByteWriter to, RespError error) => Line(to, (byte)'-', error.Message);

    /// <summary><c>:value</c>.</summary>
    public static void Integer(this ByteWriter to, long value) => Header(to, (byte)':', value);

    /// <summary>A string of any bytes.</summary>
    public static void Bulk(this ByteWriter to, ReadOnlySpan<byte> data)
    {
        Header(to, (byte)'$', data.Length);
        to.Write(data);
        EndLine(to);
    }

    /// <summary>A string, as UTF-8.</summary>
    public static void Bulk(this ByteWriter to, string text)
    {
        int length = Encoding.UTF8.GetByteCount(text);
        Header(to, (byte)'$', length);
        to.Advance(Encoding.UTF8.GetBytes(text, to.GetSpan(length)));
        EndLine(to);
    }

    /// <summary>An integer as a bulk string, as in the values of counters.</summary>
    public static void BulkInteger(this ByteWriter to, long value)
    {
        Span<byte> text = stackalloc byte[IntegerTextBytesMax];
        Bulk(to, text[..FormatInteger(value, text)]);
    }

    /// <summary>No value where a string would be.</summary>
    public static void Null(this ByteWriter to, RespProtocol protocol) =>
        to.Write(protocol == RespProtocol.Resp3 ? "_\r\n"u8 : "$-1\r\n"u8);

    /// <summary>No value where an array would be.</summary>
    public static void NullArray(this ByteWriter to, RespProtocol protocol) =>
        to.Write(protocol == RespProtocol.Resp3 ? "_\r\n"u8 : "*-1\r\n"u8);

    /// <summary>An array; <paramref name="count"/> elements follow.</summary>
    public static void ArrayHeader(this ByteWriter to, int count) => CountHeader(to, (byte)'*', count);

    /// <summary>A map; <paramref name="pairs"/> keys, each with its value, follow.</summary>
    public static void MapHeader(this ByteWriter to, int pairs, RespProtocol protocol)
    {
        if (protocol == RespProtocol.Resp3)
            CountHeader(to, (byte)'%', pairs);
        else
            CountHeader(to, (byte)'*', checked(pairs * 2));
    }

    /// <summary>A set; <paramref name="count"/> members follow.</summary>
    public static void SetHeader(this ByteWriter to, int count, RespProtocol protocol) =>
        CountHeader(to, protocol == RespProtocol.Resp3 ? (byte)'~' : (byte)'*', count);

    /// <summary>A message that answers no command; <paramref name="count"/> elements follow.</summary>
    public static void PushHeader(this ByteWriter to, int count, RespProtocol protocol) =>
        CountHeader(to, protocol == RespProtocol.Resp3 ? (byte)'>' : (byte)'*', count);

    public static void Boolean(this ByteWriter to, bool value, RespProtocol protocol)
    {
        if (protocol == RespProtocol.Resp3)
            to.Write(value ? "#t\r\n"u8 : "#f\r\n"u8);
        else
            Integer(to, value ? 1 : 0);
    }

    public static void Double(this ByteWriter to, double value, RespProtocol protocol)
    {
        Span<byte> text = stackalloc byte[RespDouble.TextBytesMax];
        text = text[..RespDouble.Format(value, text)];
        if (protocol == RespProtocol.Resp3)
            Line(to, (byte)',', text);
        else
            Bulk(to, text);
    }

    /// <summary>An integer of any length, as decimal digits.</summary>
    public static void BigNumber(this ByteWriter to, ReadOnlySpan<byte> digits, RespProtocol protocol)
    {
        if (protocol == RespProtocol.Resp3)
            Line(to, (byte)'(', digits);
        else
            Bulk(to, digits);
    }

    /// <summary>Text for people. <paramref name="format"/> has three letters: <c>txt</c> or <c>mkd</c>.</summary>
    public static void VerbatimString(this ByteWriter to, ReadOnlySpan<byte> format, ReadOnlySpan<byte> text, RespProtocol protocol)
    {
        Check.That(format.Length == 3);
        if (protocol == RespProtocol.Resp2)
        {
            Bulk(to, text);
            return;
        }
        Header(to, (byte)'=', checked(text.Length + 4));
        to.Write(format);
        to.WriteByte((byte)':');
        to.Write(text);
        EndLine(to);
    }

    /// <summary>Plain text as a verbatim string, as UTF-8.</summary>
    public static void VerbatimString(this ByteWriter to, string text, RespProtocol protocol)
    {
        if (protocol == RespProtocol.Resp2)
        {
            Bulk(to, text);
            return;
        }
        int length = Encoding.UTF8.GetByteCount(text);
        Header(to, (byte)'=', checked(length + 4));
        to.Write("txt:"u8);
        to.Advance(Encoding.UTF8.GetBytes(text, to.GetSpan(length)));
        EndLine(to);
    }

    /// <summary>A command as a client sends it.</summary>
    public static void Command(this ByteWriter to, CommandBuffer command)
    {
        ArrayHeader(to, command.Count);
        for (int index = 0; index < command.Count; index++)
            Bulk(to, command[index]);
    }

    /// <summary>A command of text arguments as a client sends it, as UTF-8.</summary>
    public static void Command(this ByteWriter to, params ReadOnlySpan<string> arguments)
    {
        ArrayHeader(to, arguments.Length);
        foreach (string argument in arguments)
            Bulk(to, argument);
    }

    private static void Line(ByteWriter to, byte mark, ReadOnlySpan<byte> text)
    {
        to.WriteByte(mark);
        int start = to.Length;
        to.Write(text);
        Flatten(to.Patch(start, text.Length));
        EndLine(to);
    }

    private static void Line(ByteWriter to, byte mark, string text)
    {
        to.WriteByte(mark);
        int start = to.Length;
        int length = Encoding.UTF8.GetByteCount(text);
        to.Advance(Encoding.UTF8.GetBytes(text, to.GetSpan(length)));
        Flatten(to.Patch(start, length));
        EndLine(to);
    }

    private static void Flatten(Span<byte> text)
    {
        text.Replace((byte)'\r', (byte)' ');
        text.Replace((byte)'\n', (byte)' ');
    }

    private static void CountHeader(ByteWriter to, byte mark, int count)
    {
        Check.That(count >= 0);
        Header(to, mark, count);
    }

    private static void Header(ByteWriter to, byte mark, long value)
    {
        Span<byte> line = to.GetSpan(IntegerTextBytesMax + 3);
        line[0] = mark;
        int length = 1 + ((ulong)value < 1_000 ? FormatSmall((uint)value, line[1..]) : FormatInteger(value, line[1..]));
        line[length] = (byte)'\r';
        line[length + 1] = (byte)'\n';
        to.Advance(length + 2);
    }

    /// <summary>Up to three digits: the lengths of nearly all strings.</summary>
    private static int FormatSmall(uint value, Span<byte> to)
    {
        uint tens = value / 10, hundreds = value / 100;
        int length = hundreds > 0 ? 3 : tens > 0 ? 2 : 1;
        to[length - 1] = (byte)('0' + value - tens * 10);
        if (length > 1)
            to[length - 2] = (byte)('0' + tens - hundreds * 10);
        if (length > 2)
            to[0] = (byte)('0' + hundreds);
        return length;
    }

    private static int FormatInteger(long value, Span<byte> to)
    {
        bool fits = value.TryFormat(to, out int length, default, CultureInfo.InvariantCulture);
        Check.That(fits);
        return length;
    }

    private static void EndLine(ByteWriter to) => to.Write("\r\n"u8);
}
