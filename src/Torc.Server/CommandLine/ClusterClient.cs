using System.Net.Sockets;
using Torc.Base;
using Torc.Protocols.Resp;
using Torc.Server.Settings;

namespace Torc.Server.CommandLine;

/// <summary>What a node answered that is no success, or that none answered; the message is one line for the operator.</summary>
internal sealed class ClusterCommandException(string message) : Exception(message);

/// <summary>Sends commands to one node where clients connect, one at a time, for the commands that change a cluster.</summary>
internal sealed class ClusterClient : IDisposable
{
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(10);

    private readonly TcpClient _socket;
    private readonly string _address;
    private readonly RespReplyReader _reader = new();
    private readonly byte[] _buffer = new byte[64 << 10];

    private ClusterClient(TcpClient socket, string address)
    {
        _socket = socket;
        _address = address;
    }

    /// <summary>Connects, and authenticates unless <paramref name="password"/> is empty.</summary>
    internal static async Task<ClusterClient> Connect(string address, string password, CancellationToken cancelled)
    {
        if (!HostAndPort.TryParse(address, out HostAndPort place))
            throw new SettingException($"--at '{address}' is not host:port. Give the address where clients connect to a node, for example {ClusterChangeCommands.DefaultNode}.");
        var socket = new TcpClient { NoDelay = true };
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancelled);
            limit.CancelAfter(AnswerTimeout);
            await socket.ConnectAsync(place.Host, place.Port, limit.Token);
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException && !cancelled.IsCancellationRequested)
        {
            socket.Dispose();
            throw new ClusterCommandException($"no node answers at {address}. Is it running? --at takes the address where clients connect to a node (its --port).");
        }
        var client = new ClusterClient(socket, address);
        if (password.Length > 0)
            await client.Call(["AUTH", password], cancelled);
        return client;
    }

    /// <summary>A reply that is no error; an error of the node is thrown in its words.</summary>
    internal async Task<RespValue> Call(string[] command, CancellationToken cancelled)
    {
        using var bytes = new ByteWriter();
        bytes.Command(command);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancelled);
        limit.CancelAfter(AnswerTimeout);
        try
        {
            NetworkStream stream = _socket.GetStream();
            await stream.WriteAsync(bytes.Written.ToArray(), limit.Token);
            while (true)
            {
                int read = await stream.ReadAsync(_buffer, limit.Token);
                if (read == 0)
                    throw new ClusterCommandException($"the node at {_address} closed the connection.");
                if (TryTake(read, out RespValue? reply))
                    return reply is { IsError: true } ? throw new ClusterCommandException(Words(reply.Text)) : reply!;
            }
        }
        catch (Exception error) when (error is IOException or SocketException)
        {
            throw new ClusterCommandException($"the connection to the node at {_address} broke.");
        }
        catch (OperationCanceledException) when (!cancelled.IsCancellationRequested)
        {
            throw new ClusterCommandException($"the node at {_address} gave no answer within {AnswerTimeout.TotalSeconds} s.");
        }
    }

    public void Dispose() => _socket.Dispose();

    private bool TryTake(int read, out RespValue? reply)
    {
        ReadOnlySpan<byte> input = _buffer.AsSpan(0, read);
        return _reader.Read(ref input, out reply, out RespError? error) switch
        {
            ReplyOutcome.Reply => true,
            ReplyOutcome.NeedMore => false,
            _ => throw new ClusterCommandException($"what answers at {_address} does not speak the Redis protocol ({error!.Message})."),
        };
    }

    private static string Words(string error) => error.StartsWith("ERR ", StringComparison.Ordinal) ? error[4..] : error;
}
