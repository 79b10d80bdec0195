using System.Buffers.Text;

namespace Torc.Node.Commands;

/// <summary>
/// Reads the replies to a plan's own requests in place. They come from this program's handlers, so that anything unexpected is a
/// bug; replies of other servers are read by <see cref="Protocols.Resp.RespReplyReader"/>.
/// </summary>
internal ref struct ReplyReader(ReadOnlySpan<byte> reply)
{
    private ReadOnlySpan<byte> _rest = reply;

    public static bool IsError(ReadOnlySpan<byte> reply) => reply[0] == (byte)'-';

    /// <summary>Whether the reply is a null, in either protocol.</summary>
    public static bool IsNull(ReadOnlySpan<byte> reply) =>
        reply[0] == (byte)'_' || (reply[0] is (byte)'$' or (byte)'*' && reply[1] == (byte)'-');

    /// <summary>The text of an error reply.</summary>
    public static ReadOnlySpan<byte> ErrorText(ReadOnlySpan<byte> reply) => reply[1..reply.IndexOf("\r\n"u8)];

    /// <summary>The number in an integer reply.</summary>
    public static long IntegerOf(ReadOnlySpan<byte> reply) => new ReplyReader(reply).Integer();

    /// <summary>The bytes in a string reply.</summary>
    public static ReadOnlySpan<byte> BulkOf(ReadOnlySpan<byte> reply) => new ReplyReader(reply).Bulk();

    public long Integer() => Number((byte)':');

    /// <summary>The number of elements that follow.</summary>
    public int ArrayHeader() => (int)Number((byte)'*');

    public ReadOnlySpan<byte> Bulk()
    {
        int length = (int)Number((byte)'$');
        ReadOnlySpan<byte> value = _rest[..length];
        _rest = _rest[(length + 2)..];
        return value;
    }

    /// <summary>A string that holds an integer.</summary>
    public ulong BulkNumber()
    {
        bool parsed = Utf8Parser.TryParse(Bulk(), out ulong value, out _);
        Check.That(parsed);
        return value;
    }

    private long Number(byte mark)
    {
        Check.That(_rest.Length > 0 && _rest[0] == mark);
        int end = _rest.IndexOf("\r\n"u8);
        bool parsed = Utf8Parser.TryParse(_rest[1..end], out long value, out _);
        Check.That(parsed);
        _rest = _rest[(end + 2)..];
        return value;
    }
}
