using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Connections;
using Torc.Base;

namespace Torc.Server.Sockets;

/// <summary>An address that is served by event loops, not by the transport that HTTP uses.</summary>
internal sealed class LoopEndPoint(IPAddress address, int port) : IPEndPoint(address, port);

/// <summary>
/// Kestrel's transport for clients and peers: connections are spread over the event loops in turn. HTTP keeps Kestrel's own
/// transport, so that no request of it runs on a loop; TLS is a layer of Kestrel's between this and the handler.
/// </summary>
internal sealed class LoopTransport : IConnectionListenerFactory, IConnectionListenerFactorySelector, IDisposable
{
    private readonly EventLoop[] _loops;
    private int _next;

    internal LoopTransport(int loops, Func<Instant> clock, Action<Exception> fail)
    {
        _loops = new EventLoop[loops];
        for (int i = 0; i < loops; i++)
        {
            _loops[i] = new EventLoop(i, clock, fail);
            _loops[i].Start();
        }
    }

    /// <summary>The loop that is home to the shard of this index.</summary>
    internal EventLoop LoopFor(int shard) => _loops[shard % _loops.Length];

    public bool CanBind(EndPoint endpoint) => endpoint is LoopEndPoint;

    public ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default)
    {
        const int backlog = 4_096;
        var socket = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(endpoint);
            socket.Listen(backlog);
        }
        catch (SocketException error)
        {
            socket.Dispose();
            if (error.SocketErrorCode == SocketError.AddressAlreadyInUse)
                throw new AddressInUseException(error.Message, error);
            throw;
        }
        return ValueTask.FromResult<IConnectionListener>(new Listener(this, socket));
    }

    /// <summary>Takes over a connected socket.</summary>
    internal ConnectionContext Adopt(Socket socket)
    {
        uint next = (uint)Interlocked.Increment(ref _next);
        socket.NoDelay = true;
        return new LoopConnection(new LoopSocket(_loops[next % (uint)_loops.Length], socket), socket.LocalEndPoint, socket.RemoteEndPoint);
    }

    public void Dispose()
    {
        foreach (EventLoop loop in _loops)
            loop.Dispose();
    }

    private sealed class Listener(LoopTransport transport, Socket socket) : IConnectionListener
    {
        public EndPoint EndPoint { get; } = socket.LocalEndPoint!;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            while (true)
            {
                try
                {
                    return transport.Adopt(await socket.AcceptAsync(cancellationToken));
                }
                catch (SocketException error) when (error.SocketErrorCode is not (SocketError.OperationAborted or SocketError.Interrupted))
                {
                    // It left before it was taken, or descriptors ran out: the next one is not its business.
                    await Task.Delay(1, cancellationToken);
                }
                catch (Exception error) when (error is SocketException or ObjectDisposedException or OperationCanceledException)
                {
                    return null;
                }
            }
        }

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default)
        {
            socket.Dispose();
            return ValueTask.CompletedTask;
        }

        public ValueTask DisposeAsync()
        {
            socket.Dispose();
            return ValueTask.CompletedTask;
        }
    }

    private sealed class LoopConnection : DefaultConnectionContext
    {
        private readonly LoopSocket _socket;

        internal LoopConnection(LoopSocket socket, EndPoint? local, EndPoint? remote)
            : base(Guid.NewGuid().ToString("N"))
        {
            _socket = socket;
            LocalEndPoint = local;
            RemoteEndPoint = remote;
            Transport = new Pipes(socket.Reader, socket.Writer);
        }

        public override void Abort(ConnectionAbortedException abortReason) => _socket.Abort(abortReason);

        public override ValueTask DisposeAsync()
        {
            _socket.Close();
            return base.DisposeAsync();
        }

        private sealed record Pipes(PipeReader Input, PipeWriter Output) : IDuplexPipe;
    }
}
