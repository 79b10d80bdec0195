using Torc.Base;

namespace Torc.Server.Hosting.Peers;

/// <summary>
/// The messages of one frame from a peer, on their way to the shards they address. Each addressee releases it once;
/// the last one returns the memory and lets the link read on.
/// </summary>
internal sealed class ReceivedFrame(PeerLink link, ByteWriter messages, int messageCount, int addressees)
{
    private int _addressees = addressees;

    internal int MessageCount => messageCount;

    internal ushort From => link.Node;

    /// <summary>False once a newer connection of the same peer has taken over: what the older one still carried is of the past.</summary>
    internal bool IsCurrent(PeerLinks links) => links.Of(link.Node) == link;

    internal ReadOnlySpan<byte> Messages => messages.Written;

    internal void Release()
    {
        if (Interlocked.Decrement(ref _addressees) > 0)
            return;
        int bytes = messages.Length;
        messages.Dispose();
        link.OnFrameDone(bytes);
    }
}
