using System.Buffers;
using System.IO.Pipelines;
using Torc.Base;
using Torc.Node.Peers;

namespace Torc.Server.Hosting.Peers;

/// <summary>A peer that this node does not talk to; the message says why in a few words.</summary>
internal sealed class PeerRefusedException(string message) : Exception(message);

/// <summary>Opens a link for real: carries the bytes of a <see cref="LinkHandshake"/>, for a few seconds at most.</summary>
internal static class PeerHandshake
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    /// <param name="pipe">The new connection.</param>
    /// <param name="handshake">This side of the opening.</param>
    /// <param name="cancelled">Ends the wait.</param>
    internal static async Task<PeerGreeting> Greet(IDuplexPipe pipe, LinkHandshake handshake, CancellationToken cancelled)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancelled);
        patience.CancelAfter(Patience);
        using var bytes = new ByteWriter();
        handshake.Start(bytes);
        var outcome = LinkHandshakeOutcome.NeedMore;
        while (true)
        {
            if (bytes.Length > 0)
                await pipe.Output.WriteAsync(bytes.WrittenMemory, patience.Token);
            bytes.Clear();
            if (outcome == LinkHandshakeOutcome.Done)
                return handshake.Peer!;
            if (outcome == LinkHandshakeOutcome.Refused)
                throw new PeerRefusedException(handshake.Problem);
            ReadResult read = await pipe.Input.ReadAsync(patience.Token);
            outcome = Step(handshake, read.Buffer, bytes, out SequencePosition taken);
            pipe.Input.AdvanceTo(taken);
            if (outcome == LinkHandshakeOutcome.NeedMore && read.IsCompleted)
                throw new PeerRefusedException(handshake.ProblemWhenClosed);
        }
    }

    /// <summary>What follows the handshake stays in the pipe: the first frames may be right behind it.</summary>
    private static LinkHandshakeOutcome Step(LinkHandshake handshake, in ReadOnlySequence<byte> input, ByteWriter output, out SequencePosition taken)
    {
        ReadOnlySequence<byte> first = input.Slice(0, Math.Min(input.Length, LinkHandshake.BytesMax));
        byte[] bytes = first.ToArray();
        ReadOnlySpan<byte> rest = bytes;
        LinkHandshakeOutcome outcome = handshake.Step(ref rest, output);
        taken = input.GetPosition(bytes.Length - rest.Length);
        return outcome;
    }
}
