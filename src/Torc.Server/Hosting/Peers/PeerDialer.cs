using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Torc.Server.Logging;
using Torc.Server.Settings;
using Torc.Server.Sockets;

namespace Torc.Server.Hosting.Peers;

/// <summary>
/// Keeps a link open to one peer, or, when it is not known who is there, to whoever answers at an address: connects,
/// greets, serves, and after an end tries again, at growing intervals with some randomness, for ever.
/// </summary>
internal sealed class PeerDialer(
    ushort? peer, HostAndPort address, LoopTransport transport, PeerLinks links, Func<ConnectionContext, ushort?, Task<string>> serve, ILogger log)
{
    private const int FirstPauseMs = 50;
    private const int PauseMsMax = 1_000;
    private static readonly TimeSpan ConnectPatience = TimeSpan.FromSeconds(2);

    internal async Task Run(CancellationToken cancelled)
    {
        int pauseMs = FirstPauseMs;
        string lastReason = "";
        while (!cancelled.IsCancellationRequested)
        {
            long began = HostClock.MonotonicMicros;
            // The peer may have dialled meanwhile.
            string reason = peer is { } node && links.Of(node) is not null ? lastReason : await Once(cancelled);
            if (cancelled.IsCancellationRequested)
                return;
            if (reason != lastReason)
                log.PeerLinkFailed(peer ?? -1, address.ToString(), reason);
            lastReason = reason;
            bool lasted = HostClock.MonotonicMicros - began > PauseMsMax * Base.Instant.MicrosPerMs;
            pauseMs = lasted ? FirstPauseMs : Math.Min(pauseMs * 2, PauseMsMax);
            await Task.Delay(pauseMs / 2 + Random.Shared.Next(pauseMs / 2 + 1), cancelled).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private async Task<string> Once(CancellationToken cancelled)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancelled);
        patience.CancelAfter(ConnectPatience);
        ConnectionContext connection;
        try
        {
            connection = transport.Adopt(await Connector.Connect(address.Host, address.Port, patience.Token));
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException or IOException or ObjectDisposedException)
        {
            return error is OperationCanceledException ? "no connection in time" : error.Message;
        }
        await using (connection)
            return await serve(connection, peer);
    }
}
