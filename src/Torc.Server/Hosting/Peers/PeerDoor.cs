using Microsoft.AspNetCore.Connections;
using Torc.Base;
using Torc.Node;
using Torc.Node.Peers;
using Torc.Server.Hosting.Shards;
using Torc.Server.Logging;

namespace Torc.Server.Hosting.Peers;

/// <summary>
/// Serves connections with peers, dialled or accepted: greets, then hands each frame to the shards and the control plane
/// that it has messages for.
/// </summary>
internal sealed class PeerDoor(TorcNode node, PeerLinks links, ControlHost control, ShardHost[] shards, ILogger log, CancellationToken stopping)
{
    private readonly PeerGreeting _own = new(
        node.Identity.Self.Id, Environment.ProcessId, node.Control.SettingsDigest, node.Identity.Incarnation);

    /// <summary>A connection that a peer opened.</summary>
    internal async Task OnAccepted(ConnectionContext connection)
    {
        string reason = await Serve(connection, null);
        log.PeerConnectionEnded(connection.RemoteEndPoint?.ToString() ?? "", reason);
    }

    /// <summary>Serves a connection until it ends; returns why it did.</summary>
    /// <param name="connection">An open connection.</param>
    /// <param name="expected">The node that was dialled, or null when the peer did.</param>
    internal async Task<string> Serve(ConnectionContext connection, ushort? expected)
    {
        PeerGreeting greeting;
        try
        {
            greeting = await PeerHandshake.Greet(connection.Transport, _own, expected, links.Nodes, stopping);
        }
        catch (PeerRefusedException refused)
        {
            log.PeerRefused(refused.Message);
            return refused.Message;
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or InvalidOperationException or ConnectionAbortedException)
        {
            return error is OperationCanceledException ? "no greeting in time" : error.Message;
        }
        using var link = new PeerLink(greeting, connection.Transport);
        string reason = await links.Serve(link, OnFrame);
        connection.Abort(new ConnectionAbortedException(reason));
        return reason;
    }

    private void OnFrame(PeerLink link, ByteWriter messages)
    {
        Span<bool> addressed = stackalloc bool[shards.Length];
        bool toControl = false;
        int addressees = 0, count = 0;
        var reader = new PeerMessageReader(messages.Written);
        while (reader.TryRead(out PeerMessage message))
        {
            count++;
            ref bool seen = ref toControl;
            if (message.Partition != PeerFrame.ControlPartition)
                seen = ref addressed[node.ShardOf(message.Partition)];
            addressees += seen ? 0 : 1;
            seen = true;
        }
        if (reader.Failed)
            link.End("a frame whose messages do not add up");
        if (reader.Failed || addressees == 0)
        {
            new ReceivedFrame(link, messages, count, 1).Release();
            return;
        }
        var frame = new ReceivedFrame(link, messages, count, addressees);
        if (toControl)
            control.OnFrame(frame);
        for (int shard = 0; shard < shards.Length; shard++)
        {
            if (addressed[shard])
                shards[shard].OnFrame(frame);
        }
    }
}
