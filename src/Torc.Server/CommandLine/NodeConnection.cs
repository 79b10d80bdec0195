using System.Net.Sockets;
using System.Text;
using Torc.Base;
using Torc.Protocols.Resp;

namespace Torc.Server.CommandLine;

/// <summary>
/// One connection to a node's door for Redis clients, for the commands of the command line that change something: those take the password
/// that every client needs. It waits for each reply, and not for long.
/// </summary>
internal sealed class NodeConnection : IDisposable
{
    private const int TimeLimitMs = 5_000;
    private const int InputBytes = 16 << 10;
    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, SendTimeout = TimeLimitMs, ReceiveTimeout = TimeLimitMs };
    private readonly RespReplyReader _reader = new();
    private readonly byte[] _input = new byte[InputBytes];
    private int _inputStart, _inputEnd;

    private NodeConnection()
    {
    }

    /// <summary>Throws <see cref="IOException"/> with one line that says what is wrong.</summary>
    internal static NodeConnection Open(string address, string password)
    {
        var connection = new NodeConnection();
        try
        {
            int colon = address.LastIndexOf(':');
            using var limit = new CancellationTokenSource(TimeLimitMs);
            connection._socket.ConnectAsync(address[..colon].Trim('[', ']'), int.Parse(address[(colon + 1)..], System.Globalization.CultureInfo.InvariantCulture), limit.Token)
                .AsTask().GetAwaiter().GetResult();
            connection.Greet(address, password);
            return connection;
        }
        catch (Exception error) when (error is SocketException or OperationCanceledException)
        {
            connection.Dispose();
            throw new IOException($"no connection to {address}", error);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Gives the password, and finds out whether that is a port for Redis clients at all.</summary>
    private void Greet(string address, string password)
    {
        try
        {
            Call(password.Length > 0 ? ["AUTH", password] : ["PING"]);
        }
        catch (RefusedException) when (password.Length == 0)
        {
            // It speaks the protocol. What it refuses it says again.
        }
        catch (IOException error)
        {
            throw new IOException($"what answers at {address} is no port of a Torc node for Redis clients ({error.Message}). Give that port (its --port), not its peer port or HTTP port", error);
        }
    }

    /// <summary>The reply. Throws <see cref="RefusedException"/> for an error, and <see cref="IOException"/> when the node does not answer.</summary>
    internal RespValue Call(params ReadOnlySpan<string> arguments)
    {
        using var command = new ByteWriter();
        command.Command(arguments);
        try
        {
            for (ReadOnlySpan<byte> bytes = command.Written; !bytes.IsEmpty;)
                bytes = bytes[_socket.Send(bytes)..];
            RespValue reply = Read();
            return reply.Kind is RespKind.Error or RespKind.BulkError ? throw new RefusedException(TextOf(reply)) : reply;
        }
        catch (SocketException error)
        {
            throw new IOException(error.Message, error);
        }
    }

    internal static string TextOf(RespValue reply) => Encoding.UTF8.GetString(reply.Bytes.Span);

    public void Dispose() => _socket.Dispose();

    private RespValue Read()
    {
        while (true)
        {
            ReadOnlySpan<byte> input = _input.AsSpan(_inputStart.._inputEnd);
            ReplyOutcome outcome = _reader.Read(ref input, out RespValue? reply, out RespError? error);
            _inputStart = _inputEnd - input.Length;
            if (outcome == ReplyOutcome.Reply)
                return reply!;
            if (outcome == ReplyOutcome.Error)
                throw new IOException(error!.Message);
            _inputStart = 0;
            _inputEnd = _socket.Receive(_input);
            if (_inputEnd == 0)
                throw new IOException("the node closed the connection");
        }
    }
}

/// <summary>A node answered with an error; the message is what it said.</summary>
internal sealed class RefusedException(string message) : Exception(message)
{
    /// <summary>The message without a first word that is for programs.</summary>
    internal string Words => Message.StartsWith("ERR ", StringComparison.Ordinal) || Message.StartsWith("UNAVAILABLE ", StringComparison.Ordinal)
        ? Message[(Message.IndexOf(' ', StringComparison.Ordinal) + 1)..]
        : Message;
}
