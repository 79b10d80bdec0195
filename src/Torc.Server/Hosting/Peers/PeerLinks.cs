using Torc.Base;
using Torc.Node;

namespace Torc.Server.Hosting.Peers;

/// <summary>
/// The open link to each peer, by node id. A newer link takes the place of an older one, which ends: the peer would not
/// have opened it if it still had the other. Told the control plane about in order, link by link.
/// </summary>
internal sealed class PeerLinks(int nodes, Action<ushort> onUp, Action<ushort> onDown)
{
    private readonly PeerLink?[] _links = new PeerLink?[nodes];
    private readonly Lock _gate = new();

    internal int Nodes => nodes;

    internal int Open
    {
        get
        {
            int open = 0;
            for (int node = 0; node < nodes; node++)
                open += Of((ushort)node) is null ? 0 : 1;
            return open;
        }
    }

    internal PeerLink? Of(ushort node) => node < nodes ? Volatile.Read(ref _links[node]) : null;

    /// <summary>Sends an outbox's frames of one kind. Without a link they are lost: who waits for an answer times out.</summary>
    internal void SendImmediate(Outbox outbox)
    {
        for (int i = 0; i < outbox.ImmediateNodes.Count; i++)
        {
            ushort node = outbox.ImmediateNodes[i];
            Of(node)?.Send(outbox.ImmediateFrames(node));
        }
    }

    internal void SendGated(Outbox outbox)
    {
        for (int i = 0; i < outbox.GatedNodes.Count; i++)
        {
            ushort node = outbox.GatedNodes[i];
            Of(node)?.Send(outbox.GatedFrames(node));
        }
    }

    /// <summary>Serves a link that was greeted until it ends; returns why it did.</summary>
    internal async Task<string> Serve(PeerLink link, Action<PeerLink, ByteWriter> onFrame)
    {
        lock (_gate)
        {
            if (_links[link.Node] is { } older)
            {
                older.End("the peer opened another connection");
                onDown(link.Node);
            }
            Volatile.Write(ref _links[link.Node], link);
            onUp(link.Node);
        }
        string reason = await link.Receive(onFrame);
        lock (_gate)
        {
            if (_links[link.Node] == link)
            {
                Volatile.Write(ref _links[link.Node], null);
                onDown(link.Node);
            }
        }
        return reason;
    }

    /// <summary>Ends links whose peer was silent for longer than a living one ever is.</summary>
    internal void EndSilent(long nowMicros, long silenceMsMax)
    {
        for (int node = 0; node < nodes; node++)
        {
            if (Of((ushort)node) is { } link && nowMicros - link.HeardMicros > silenceMsMax * Instant.MicrosPerMs)
                link.End("nothing was heard for too long");
        }
    }

    internal void EndAll(string reason)
    {
        for (int node = 0; node < nodes; node++)
            Of((ushort)node)?.End(reason);
    }
}
