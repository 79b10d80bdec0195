using System.Buffers;

namespace Torc.Tests.Protocols.Resp;

/// <summary>Sequences of many segments, as a pipe hands them out.</summary>
internal static class Pieces
{
    internal static ReadOnlySequence<byte> Cut(byte[] data, int split) => Of(data.AsMemory(0, split), data.AsMemory(split));

    internal static ReadOnlySequence<byte> EachByte(byte[] data) =>
        Of([.. Enumerable.Range(0, data.Length).Select(index => (ReadOnlyMemory<byte>)data.AsMemory(index, 1))]);

    private static ReadOnlySequence<byte> Of(params ReadOnlyMemory<byte>[] pieces)
    {
        if (pieces.Length == 0)
            return ReadOnlySequence<byte>.Empty;
        var first = new Segment(pieces[0], 0);
        Segment last = first;
        foreach (ReadOnlyMemory<byte> piece in pieces.AsSpan(1))
            last = last.Append(piece);
        return new ReadOnlySequence<byte>(first, 0, last, last.Memory.Length);
    }

    private sealed class Segment : ReadOnlySequenceSegment<byte>
    {
        internal Segment(ReadOnlyMemory<byte> memory, long start)
        {
            Memory = memory;
            RunningIndex = start;
        }

        internal Segment Append(ReadOnlyMemory<byte> memory)
        {
            var next = new Segment(memory, RunningIndex + Memory.Length);
            Next = next;
            return next;
        }
    }
}
