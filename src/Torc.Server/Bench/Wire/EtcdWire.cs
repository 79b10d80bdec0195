using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace Torc.Server.Bench.Wire;

/// <summary>
/// As much of gRPC over HTTP/2 as etcd's Put and Range need, one request at a time on a connection: what this program compares
/// Torc with, in the same loop. Header blocks are written without compression, so that they need no state, and are not read:
/// a response that has a message succeeded, one that ends without is an error (gRPC sends its status alone then).
/// <code>
/// frame    | length 3 | type 1 | flags 1 | stream 4 | payload |          numbers are big-endian
/// message  | compressed 1 = 0 | length 4 | protobuf |                    in DATA frames
/// </code>
/// Sources: RFC 9113 (HTTP/2), RFC 7541 (HPACK), gRPC's PROTOCOL-HTTP2.md, etcd's rpc.proto.
/// </summary>
internal sealed class EtcdWire(string authority) : IWireProtocol
{
    private const int FrameHeadBytes = 9;
    private const int MessageHeadBytes = 5;
    private const byte DataFrame = 0;
    private const byte HeadersFrame = 1;
    private const byte ResetFrame = 3;
    private const byte SettingsFrame = 4;
    private const byte PingFrame = 6;
    private const byte GoAwayFrame = 7;
    private const byte WindowUpdateFrame = 8;
    private const byte EndStream = 1;
    private const byte Acknowledgement = 1;
    private const byte EndHeaders = 4;

    /// <summary>Bytes received before the server is told that it may send as many more; a quarter of HTTP/2's first window.</summary>
    private const int WindowUpdateBytes = 16 * 1024;

    private static ReadOnlySpan<byte> Preface => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8;

    private readonly byte[] _putHeaders = HeaderBlock("/etcdserverpb.KV/Put", authority);
    private readonly byte[] _rangeHeaders = HeaderBlock("/etcdserverpb.KV/Range", authority);
    private uint _stream = 1;
    private int _received;
    private bool _hasMessage;
    private bool _isEmptyRange;
    private bool _isRange;

    public void Greet(ArrayBufferWriter<byte> output)
    {
        output.Put(Preface);
        PutFrame(output, SettingsFrame, 0, 0, []);
    }

    public void Get(long key, ArrayBufferWriter<byte> output)
    {
        Span<byte> message = stackalloc byte[2 + WireText.KeyBytes];
        WriteKeyField(message, key);
        _isRange = true;
        PutRequest(output, _rangeHeaders, message, []);
    }

    public void Set(long key, ReadOnlySpan<byte> value, ArrayBufferWriter<byte> output)
    {
        // The value is the second field: its tag (2, bytes), its length as a varint, itself.
        Span<byte> head = stackalloc byte[2 + WireText.KeyBytes + 6];
        WriteKeyField(head, key);
        int at = 2 + WireText.KeyBytes;
        head[at++] = 0x12;
        uint length = (uint)value.Length;
        for (; length >= 0x80; length >>= 7)
            head[at++] = (byte)(length | 0x80);
        head[at++] = (byte)length;
        _isRange = false;
        PutRequest(output, _putHeaders, head[..at], value);
    }

    public void Scan(long key, int count, ArrayBufferWriter<byte> output) => throw new NotSupportedException();

    public void WaitForReplicas(int replicas, ArrayBufferWriter<byte> output) => throw new NotSupportedException();

    public WireReply Read(ref ReadOnlySpan<byte> input, ArrayBufferWriter<byte> output, out long number, out string error)
    {
        number = 0;
        error = "";
        while (input.Length >= FrameHeadBytes)
        {
            int length = input[0] << 16 | input[1] << 8 | input[2];
            if (input.Length < FrameHeadBytes + length)
                return WireReply.NeedMore;
            byte type = input[3], flags = input[4];
            ReadOnlySpan<byte> payload = input.Slice(FrameHeadBytes, length);
            input = input[(FrameHeadBytes + length)..];
            switch (type)
            {
                case SettingsFrame when (flags & Acknowledgement) == 0:
                    PutFrame(output, SettingsFrame, Acknowledgement, 0, []);
                    break;
                case PingFrame when (flags & Acknowledgement) == 0:
                    PutFrame(output, PingFrame, Acknowledgement, 0, payload);
                    break;
                case GoAwayFrame:
                    return WireReply.Broken;
                case DataFrame:
                    TakeData(payload, output);
                    break;
            }
            if (type == ResetFrame || (type is DataFrame or HeadersFrame && (flags & EndStream) != 0))
                return Finish(type == ResetFrame, out error);
        }
        return WireReply.NeedMore;
    }

    /// <summary>The message begins with its head; a Range without keys has only its header field, and no key-value field (2).</summary>
    private void TakeData(ReadOnlySpan<byte> payload, ArrayBufferWriter<byte> output)
    {
        if (!_hasMessage && payload.Length >= MessageHeadBytes)
        {
            _hasMessage = true;
            ReadOnlySpan<byte> message = payload[MessageHeadBytes..];
            int header = message is [0x0A, var bytes, ..] && bytes < 0x80 ? 2 + bytes : 0;
            _isEmptyRange = _isRange && message.Length <= header;
        }
        _received += payload.Length;
        if (_received < WindowUpdateBytes)
            return;
        Span<byte> increment = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteInt32BigEndian(increment, _received);
        PutFrame(output, WindowUpdateFrame, 0, 0, increment);
        _received = 0;
    }

    private WireReply Finish(bool wasReset, out string error)
    {
        bool succeeded = _hasMessage && !wasReset;
        error = succeeded ? "" : wasReset ? "RST_STREAM" : "GRPC";
        _hasMessage = false;
        return !succeeded ? WireReply.Failed : _isEmptyRange ? WireReply.Missing : WireReply.Done;
    }

    private void PutRequest(ArrayBufferWriter<byte> output, byte[] headers, ReadOnlySpan<byte> message, ReadOnlySpan<byte> value)
    {
        uint stream = _stream;
        _stream += 2;
        _isEmptyRange = false;
        PutFrame(output, HeadersFrame, EndHeaders, stream, headers);
        int length = message.Length + value.Length;
        PutFrameHead(output, DataFrame, EndStream, stream, MessageHeadBytes + length);
        Span<byte> head = output.GetSpan(MessageHeadBytes)[..MessageHeadBytes];
        head[0] = 0;
        BinaryPrimitives.WriteInt32BigEndian(head[1..], length);
        output.Advance(MessageHeadBytes);
        output.Put(message);
        output.Put(value);
    }

    private static void PutFrame(ArrayBufferWriter<byte> output, byte type, byte flags, uint stream, ReadOnlySpan<byte> payload)
    {
        PutFrameHead(output, type, flags, stream, payload.Length);
        output.Put(payload);
    }

    private static void PutFrameHead(ArrayBufferWriter<byte> output, byte type, byte flags, uint stream, int length)
    {
        Span<byte> head = output.GetSpan(FrameHeadBytes)[..FrameHeadBytes];
        BinaryPrimitives.WriteUInt32BigEndian(head, (uint)length << 8 | type);
        head[4] = flags;
        BinaryPrimitives.WriteUInt32BigEndian(head[5..], stream);
        output.Advance(FrameHeadBytes);
    }

    /// <summary>Field 1, bytes: the key, in both requests.</summary>
    private static void WriteKeyField(Span<byte> into, long key)
    {
        var text = new ArrayBufferWriter<byte>(WireText.KeyBytes);
        text.PutKey(key);
        into[0] = 0x0A;
        into[1] = WireText.KeyBytes;
        text.WrittenSpan.CopyTo(into[2..]);
    }

    /// <summary>HPACK: indexed method and scheme; path, authority, content-type and te as literals that enter no table.</summary>
    private static byte[] HeaderBlock(string path, string authority) =>
    [
        0x83, 0x86,
        0x04, .. Literal(path),
        0x01, .. Literal(authority),
        0x0F, 0x10, .. Literal("application/grpc"),
        0x00, .. Literal("te"), .. Literal("trailers"),
    ];

    private static byte[] Literal(string text) => [(byte)text.Length, .. Encoding.ASCII.GetBytes(text)];
}
