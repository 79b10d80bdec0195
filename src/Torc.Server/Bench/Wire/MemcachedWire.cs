using System.Buffers;
using System.Buffers.Text;

namespace Torc.Server.Bench.Wire;

/// <summary>memcached's text protocol: what this program compares Torc with, in the same loop.</summary>
internal sealed class MemcachedWire : IWireProtocol
{
    private static ReadOnlySpan<byte> LineEnd => "\r\n"u8;

    private static ReadOnlySpan<byte> Value => "VALUE "u8;

    private static ReadOnlySpan<byte> End => "END\r\n"u8;

    public void Greet(ArrayBufferWriter<byte> output)
    {
    }

    public void Get(long key, ArrayBufferWriter<byte> output)
    {
        output.Put("get "u8);
        output.PutKey(key);
        output.Put(LineEnd);
    }

    public void Set(long key, ReadOnlySpan<byte> value, ArrayBufferWriter<byte> output)
    {
        output.Put("set "u8);
        output.PutKey(key);
        output.Put(" 0 0 "u8);
        output.PutNumber(value.Length);
        output.Put(LineEnd);
        output.Put(value);
        output.Put(LineEnd);
    }

    public void Scan(long key, int count, ArrayBufferWriter<byte> output) => throw new NotSupportedException();

    public void WaitForReplicas(int replicas, ArrayBufferWriter<byte> output) => throw new NotSupportedException();

    /// <summary>Takes whole replies only: a line, or a value's line, its bytes and END.</summary>
    public WireReply Read(ref ReadOnlySpan<byte> input, ArrayBufferWriter<byte> output, out long number, out string error)
    {
        number = 0;
        error = "";
        int length = input.IndexOf(LineEnd);
        if (length < 0)
            return WireReply.NeedMore;
        ReadOnlySpan<byte> line = input[..length];
        ReadOnlySpan<byte> rest = input[(length + LineEnd.Length)..];
        if (line.StartsWith(Value))
        {
            if (!Utf8Parser.TryParse(line[(line.LastIndexOf((byte)' ') + 1)..], out int bytes, out _) || bytes < 0)
                return WireReply.Broken;
            int whole = bytes + LineEnd.Length + End.Length;
            if (rest.Length < whole)
                return WireReply.NeedMore;
            if (!rest[(bytes + LineEnd.Length)..whole].SequenceEqual(End))
                return WireReply.Broken;
            input = rest[whole..];
            return WireReply.Done;
        }
        input = rest;
        if (line.SequenceEqual("STORED"u8))
            return WireReply.Done;
        if (line.SequenceEqual("END"u8))
            return WireReply.Missing;
        error = WireText.FirstWord(line);
        return WireReply.Failed;
    }
}
