using System.Buffers;
using Torc.Protocols.Resp;

namespace Torc.Server.Bench.Wire;

/// <summary>
/// RESP. The two replies that nearly all are made of, +OK and a whole string of the length that was written, are recognised in
/// place; everything else, and every reply that arrives in pieces, goes through <see cref="RespReplyReader"/>, which makes objects.
/// </summary>
internal sealed class RespWire : IWireProtocol
{
    private static ReadOnlySpan<byte> Fine => "+OK\r\n"u8;

    private readonly RespReplyReader _reader = new();
    private readonly byte[] _stringHead;
    private readonly int _stringBytes;
    private bool _isWithinReply;

    internal RespWire(int valueBytes)
    {
        _stringHead = System.Text.Encoding.ASCII.GetBytes($"${valueBytes}\r\n");
        _stringBytes = _stringHead.Length + valueBytes + 2;
    }

    public void Greet(ArrayBufferWriter<byte> output)
    {
    }

    public void Get(long key, ArrayBufferWriter<byte> output)
    {
        output.Put("*2\r\n$3\r\nGET\r\n$16\r\n"u8);
        output.PutKey(key);
        output.Put("\r\n"u8);
    }

    public void Set(long key, ReadOnlySpan<byte> value, ArrayBufferWriter<byte> output)
    {
        output.Put("*3\r\n$3\r\nSET\r\n$16\r\n"u8);
        output.PutKey(key);
        output.Put("\r\n"u8);
        output.Put(_stringHead);
        output.Put(value);
        output.Put("\r\n"u8);
    }

    public void Scan(long key, int count, ArrayBufferWriter<byte> output)
    {
        output.Put("*"u8);
        output.PutNumber(count + 1);
        output.Put("\r\n$4\r\nMGET\r\n"u8);
        for (int i = 0; i < count; i++)
        {
            output.Put("$16\r\n"u8);
            output.PutKey(key + i);
            output.Put("\r\n"u8);
        }
    }

    public void WaitForReplicas(int replicas, ArrayBufferWriter<byte> output)
    {
        output.Put("*3\r\n$4\r\nWAIT\r\n$1\r\n"u8);
        output.PutNumber(replicas);
        output.Put("\r\n$1\r\n0\r\n"u8);
    }

    public WireReply Read(ref ReadOnlySpan<byte> input, ArrayBufferWriter<byte> output, out long number, out string error)
    {
        number = 0;
        error = "";
        if (!_isWithinReply)
        {
            if (input.StartsWith(Fine))
            {
                input = input[Fine.Length..];
                return WireReply.Done;
            }
            if (input.Length >= _stringBytes && input.StartsWith(_stringHead))
            {
                input = input[_stringBytes..];
                return WireReply.Done;
            }
        }
        return ReadAny(ref input, out number, out error);
    }

    private WireReply ReadAny(ref ReadOnlySpan<byte> input, out long number, out string error)
    {
        number = 0;
        error = "";
        switch (_reader.Read(ref input, out RespValue? reply, out _))
        {
            case ReplyOutcome.NeedMore:
                _isWithinReply = true;
                return WireReply.NeedMore;
            case ReplyOutcome.Error:
                return WireReply.Broken;
        }
        _isWithinReply = false;
        if (reply!.IsError)
        {
            error = WireText.FirstWord(reply.Bytes.Span);
            return WireReply.Failed;
        }
        number = reply.Integer;
        return reply.IsNull ? WireReply.Missing : WireReply.Done;
    }
}
