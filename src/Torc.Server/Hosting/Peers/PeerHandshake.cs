using System.Buffers;
using System.IO.Pipelines;
using Torc.Base;
using Torc.Node.Peers;

namespace Torc.Server.Hosting.Peers;

/// <summary>A peer that this node does not talk to; the message says why in a few words.</summary>
internal sealed class PeerRefusedException(string message) : Exception(message);

/// <summary>
/// The first bytes of a link: each side sends a greeting, and each refuses a peer of another protocol, another cluster
/// or of an id it did not expect, before any frame is read.
/// </summary>
internal static class PeerHandshake
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <param name="pipe">The new connection.</param>
    /// <param name="own">What this node says of itself.</param>
    /// <param name="expected">The node that was dialled, or null when the peer did.</param>
    /// <param name="nodes">How many nodes there are.</param>
    /// <param name="cancelled">Ends the wait.</param>
    internal static async Task<PeerGreeting> Greet(IDuplexPipe pipe, PeerGreeting own, ushort? expected, int nodes, CancellationToken cancelled)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancelled);
        patience.CancelAfter(Patience);
        using var bytes = new ByteWriter();
        own.Encode(bytes);
        await pipe.Output.WriteAsync(bytes.WrittenMemory, patience.Token);
        ReadResult read = await pipe.Input.ReadAtLeastAsync(PeerGreeting.Bytes, patience.Token);
        if (read.Buffer.Length < PeerGreeting.Bytes)
            throw new PeerRefusedException("it closed the connection before it greeted");
        ReadOnlySequence<byte> first = read.Buffer.Slice(0, PeerGreeting.Bytes);
        PeerGreeting? greeting = PeerGreeting.TryDecode(first.ToArray(), out string problem);
        pipe.Input.AdvanceTo(first.End);
        Check(greeting, problem, own, expected, nodes);
        return greeting!;
    }

    private static void Check(PeerGreeting? greeting, string problem, PeerGreeting own, ushort? expected, int nodes)
    {
        if (greeting is null)
            throw new PeerRefusedException(problem);
        if (greeting.SettingsDigest != own.SettingsDigest)
            throw new PeerRefusedException($"node {greeting.Node} was started with other first nodes, partitions, replication factor or consistency levels");
        if (greeting.Node >= nodes || greeting.Node == own.Node)
            throw new PeerRefusedException($"it says it is node {greeting.Node}, which it cannot be; is its address twice among the first nodes?");
        if (expected is { } wanted && greeting.Node != wanted)
            throw new PeerRefusedException($"node {greeting.Node} answers where node {wanted} should");
    }
}
