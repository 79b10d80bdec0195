using Torc.Base;
using Torc.Node;
using Torc.Node.Peers;

namespace Torc.Server.Hosting.Peers;

/// <summary>
/// The open link to each peer, by node id, and to guests by the number that they get here. A newer link takes the place of an older one, which ends: the
/// peer would not have opened it if it still had the other. Told the control plane about in order, link by link.
/// </summary>
internal sealed class PeerLinks(Action<ushort> onUp, Action<ushort> onDown)
{
    private readonly Lock _gate = new();
    private PeerLink?[] _links = new PeerLink?[GuestLinks.Max]; // replaced when it grows; GuestLinks.PlaceOf says what is where

    /// <summary>Links with members and with those that are to be.</summary>
    internal int Open => All().Count(static link => !GuestLinks.IsGuest(link.Node));

    internal PeerLink? Of(ushort node)
    {
        PeerLink?[] links = Volatile.Read(ref _links);
        int place = GuestLinks.PlaceOf(node);
        return place < links.Length ? Volatile.Read(ref links[place]) : null;
    }

    internal IEnumerable<PeerLink> All() => Volatile.Read(ref _links).OfType<PeerLink>();

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
            if (link.IsGuest && !TryFindGuestNumber(link))
                return "too many nodes that are no members";
            int place = GuestLinks.PlaceOf(link.Node);
            if (place >= _links.Length)
            {
                PeerLink?[] longer = new PeerLink?[place + 1];
                _links.CopyTo(longer, 0);
                Volatile.Write(ref _links, longer);
            }
            if (_links[place] is { } older)
            {
                older.End("the peer opened another connection");
                onDown(link.Node);
            }
            Volatile.Write(ref _links[place], link);
            onUp(link.Node);
        }
        string reason = await link.Receive(onFrame);
        lock (_gate)
        {
            int place = GuestLinks.PlaceOf(link.Node);
            if (_links[place] == link)
            {
                Volatile.Write(ref _links[place], null);
                onDown(link.Node);
            }
        }
        return reason;
    }

    /// <summary>Ends links whose peer was silent for longer than a living one ever is.</summary>
    internal void EndSilent(long nowMicros, long silenceMsMax)
    {
        foreach (PeerLink link in All())
        {
            if (nowMicros - link.HeardMicros > silenceMsMax * Instant.MicrosPerMs)
                link.End("nothing was heard for too long");
        }
    }

    internal void End(ushort node, string reason) => Of(node)?.End(reason);

    internal void EndAll(string reason)
    {
        foreach (PeerLink link in All())
            link.End(reason);
    }

    private bool TryFindGuestNumber(PeerLink link)
    {
        int free = Array.IndexOf(_links, null, 0, GuestLinks.Max);
        if (free >= 0)
            link.Node = (ushort)(GuestLinks.First + free);
        return free >= 0;
    }
}
