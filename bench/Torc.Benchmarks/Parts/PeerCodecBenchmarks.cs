using BenchmarkDotNet.Attributes;
using Torc.Base;
using Torc.Core.Cells;
using Torc.Node.Peers;
using Version = Torc.Core.Clocks.Version;

namespace Torc.Benchmarks.Parts;

/// <summary>A frame of 64 messages to a peer and back out of its bytes, checksum included. One operation is one message.</summary>
public class PeerCodecBenchmarks
{
    private const int Messages = 64;
    private static readonly Version Stamp = new(1UL << 40, 1);

    private readonly PeerBuffer _buffer = new();
    private readonly byte[] _key = [.. "key:000000000042"u8];
    private readonly byte[] _row = MakeRow();

    [Benchmark(OperationsPerInvoke = Messages)]
    public ulong WriteMessages()
    {
        _buffer.Clear();
        for (ulong operation = 0; operation < Messages; operation++)
            WriteMessage.Write(_buffer, partition: 5, operation, keyspace: 0, _key, Stamp, _row);
        var reader = new PeerMessageReader(Open(_buffer.Seal()));
        ulong sum = 0;
        while (reader.TryRead(out PeerMessage message))
        {
            Check.That(WriteMessage.TryRead(message.Body, out WriteMessage write));
            sum += write.Operation + (ulong)write.Delta.StringValue.Length;
        }
        Check.That(sum == Messages * (Messages - 1) / 2 + Messages * 100);
        return sum;
    }

    [Benchmark(OperationsPerInvoke = Messages)]
    public ulong ReadMessages()
    {
        _buffer.Clear();
        for (ulong operation = 0; operation < Messages; operation++)
            ReadMessage.Write(_buffer, partition: 5, operation, keyspace: 0, wantsData: false, _key);
        var reader = new PeerMessageReader(Open(_buffer.Seal()));
        ulong sum = 0;
        while (reader.TryRead(out PeerMessage message))
        {
            Check.That(ReadMessage.TryRead(message.Body, out ReadMessage read));
            sum += read.Operation;
        }
        Check.That(sum == Messages * (Messages - 1) / 2);
        return sum;
    }

    private static ReadOnlySpan<byte> Open(ReadOnlySpan<byte> frame)
    {
        Check.That(PeerFrame.TryReadHeader(frame, out int length, out uint checksum));
        ReadOnlySpan<byte> messages = frame.Slice(PeerFrame.HeaderBytes, length);
        Check.That(PeerFrame.Verify(messages, checksum));
        return messages;
    }

    private static byte[] MakeRow()
    {
        var to = new ByteWriter();
        RowWriter.String(to, Stamp, new byte[100], deadlineMs: 0);
        return to.Written.ToArray();
    }
}
