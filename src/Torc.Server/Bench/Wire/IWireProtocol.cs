using System.Buffers;

namespace Torc.Server.Bench.Wire;

/// <summary>
/// How requests and replies of one connection look. Replies come in the order of the requests. What a reader takes it removes
/// from its input's front; with <see cref="WireReply.NeedMore"/> it may leave the rest to be offered again with more behind it.
/// </summary>
internal interface IWireProtocol
{
    /// <summary>What a connection begins with, as often as not nothing; it has no reply.</summary>
    void Greet(ArrayBufferWriter<byte> output);

    void Get(long key, ArrayBufferWriter<byte> output);

    void Set(long key, ReadOnlySpan<byte> value, ArrayBufferWriter<byte> output);

    /// <summary>Reads consecutive keys with one request that has one reply.</summary>
    void Scan(long key, int count, ArrayBufferWriter<byte> output);

    /// <summary>Asks for a reply once so many replicas have what this connection wrote.</summary>
    void WaitForReplicas(int replicas, ArrayBufferWriter<byte> output);

    /// <param name="output">Takes what the protocol itself has to answer.</param>
    /// <param name="number">The reply, if it is an integer.</param>
    /// <param name="error">The first word of an error.</param>
    WireReply Read(ref ReadOnlySpan<byte> input, ArrayBufferWriter<byte> output, out long number, out string error);
}
