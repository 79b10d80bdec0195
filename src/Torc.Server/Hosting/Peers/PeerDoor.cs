using System.Security.Cryptography;
using Microsoft.AspNetCore.Connections;
using Torc.Base;
using Torc.Node;
using Torc.Node.Peers;
using Torc.Server.Hosting.Shards;
using Torc.Server.Logging;

namespace Torc.Server.Hosting.Peers;

/// <summary>
/// Serves connections with peers, dialled or accepted: greets and authenticates, then hands each frame to the shards and the
/// control plane that it has messages for.
/// </summary>
internal sealed class PeerDoor(
    TorcNode node, PeerLinks links, ControlHost control, ShardHost[] shards, ClusterSecret? secret, ILogger log, CancellationToken stopping)
{
    /// <summary>Accepted connections that have not shown yet who they are; one more is closed at once.</summary>
    internal const int StrangersMax = 256;

    private readonly RefusalLog _refusals = new(log);
    private int _strangers;

    /// <summary>A connection that a peer opened.</summary>
    internal async Task OnAccepted(ConnectionContext connection)
    {
        string reason = await Serve(connection, null, dialled: false);
        log.PeerConnectionEnded(connection.RemoteEndPoint?.ToString() ?? "", reason);
    }

    /// <summary>A connection that this node opened, to a node or, with null, to whoever answers.</summary>
    internal Task<string> OnDialled(ConnectionContext connection, ushort? expected) => Serve(connection, expected, dialled: true);

    /// <summary>Serves a connection until it ends; returns why it did.</summary>
    /// <param name="connection">An open connection.</param>
    /// <param name="expected">The node that was dialled, or null when that is not known or the peer dialled.</param>
    /// <param name="dialled">Whether this node did.</param>
    private async Task<string> Serve(ConnectionContext connection, ushort? expected, bool dialled)
    {
        PeerGreeting greeting;
        bool isGuest;
        LinkHandshake? handshake = null;
        int stranger = dialled ? 0 : 1;
        try
        {
            if (Interlocked.Add(ref _strangers, stranger) > StrangersMax && stranger > 0)
                throw new PeerRefusedException("too many connections that have not shown who they are");
            UInt128 nonce = BitConverter.ToUInt128(RandomNumberGenerator.GetBytes(sizeof(ulong) * 2));
            LinkPolicy policy = node.Control.Policy;
            PeerGreeting own = node.Greet(policy, Environment.ProcessId, nonce);
            handshake = new LinkHandshake(own, secret, expected, policy, dialsAnyone: dialled && expected is null);
            greeting = await PeerHandshake.Greet(connection.Transport, handshake, stopping);
            isGuest = handshake.IsGuest;
        }
        catch (PeerRefusedException refused)
        {
            _refusals.Add(refused.Message, HostClock.MonotonicMicros);
            if (handshake is { OwnLogWentBack: true })
                control.OnLogWentBack(refused.Message);
            return refused.Message;
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or InvalidOperationException or ConnectionAbortedException)
        {
            return error is OperationCanceledException ? "no greeting in time" : error.Message;
        }
        finally
        {
            Interlocked.Add(ref _strangers, -stranger);
        }
        using var link = new PeerLink(greeting, connection.Transport, isGuest);
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
            if (message.Partition != PeerFrame.ControlPartition && link.IsGuest)
                continue;
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
