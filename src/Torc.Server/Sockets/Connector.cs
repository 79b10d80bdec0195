using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Torc.Server.Sockets;

/// <summary>
/// Connects sockets that an event loop will own. Not by <see cref="Socket.ConnectAsync(string, int)"/>: that leaves the socket with the
/// runtime's own poller for good, which then wakes, and wakes a thread of the pool, for every byte that the loop receives.
/// </summary>
internal static class Connector
{
    private const int PauseMsMax = 50;
    private const int StreamType = 1;
    private const int InProgress = 115;

    /// <summary>
    /// A connected socket, to the first address of the host that takes it. SocketException: none did, or the name has none;
    /// OperationCanceledException: not in time.
    /// </summary>
    internal static async Task<Socket> Connect(string host, int port, CancellationToken cancelled)
    {
        SocketException last = new((int)SocketError.HostNotFound);
        foreach (IPAddress address in await Dns.GetHostAddressesAsync(host, cancelled))
        {
            try
            {
                return await Connect(new IPEndPoint(address, port), cancelled);
            }
            catch (SocketException error)
            {
                last = error;
            }
        }
        throw last;
    }

    private static async Task<Socket> Connect(IPEndPoint endpoint, CancellationToken cancelled)
    {
        Socket socket = Begin(endpoint);
        try
        {
            for (int pauseMs = 1; !socket.Poll(0, SelectMode.SelectWrite); pauseMs = Math.Min(pauseMs * 2, PauseMsMax))
                await Task.Delay(pauseMs, cancelled);
            if (socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error) is int error && error != 0)
                throw new SocketException(error);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static unsafe Socket Begin(IPEndPoint endpoint)
    {
        SocketAddress address = endpoint.Serialize();
        // The first two bytes are the system's number of the address family.
        int family = MemoryMarshal.Read<ushort>(address.Buffer.Span);
        int descriptor = Epoll.CreateSocket(family, StreamType | Epoll.NonBlocking | Epoll.CloseOnExecute, 0);
        if (descriptor < 0)
            throw LastError();
        int result;
        fixed (byte* bytes = address.Buffer.Span)
            result = Epoll.Connect(descriptor, bytes, address.Size);
        int error = Marshal.GetLastPInvokeError();
        var socket = new Socket(new SafeSocketHandle(descriptor, ownsHandle: true));
        if (result == 0 || error == InProgress)
            return socket;
        socket.Dispose();
        throw new SocketException((int)SocketError.NotConnected, Marshal.GetPInvokeErrorMessage(error));
    }

    private static SocketException LastError() =>
        new((int)SocketError.SocketError, Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError()));
}
