using System.Net.Sockets;
using System.Text;
using Torc.Base;
using Torc.Protocols.Resp;

namespace Torc.SystemTests.Wire;

/// <summary>
/// A connection that shows each byte and each reply, for tests that the real clients are too polite for. It blocks;
/// every read and write is bounded.
/// </summary>
internal sealed class RespClient : IDisposable
{
    private const int TimeLimitMs = 15_000;
    private const int ReadBytes = 64 << 10;
    private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly RespReplyReader _reader = new();
    private readonly ByteWriter _output = new();
    private readonly byte[] _input = new byte[ReadBytes];
    private int _inputStart;
    private int _inputEnd;

    internal RespClient(int port, string host = "127.0.0.1")
    {
        _socket.SendTimeout = TimeLimitMs;
        _socket.ReceiveTimeout = TimeLimitMs;
        try
        {
            _socket.Connect(host, port);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    internal Socket Socket => _socket;

    /// <summary>One command and its reply.</summary>
    internal RespValue Call(params ReadOnlySpan<string> arguments)
    {
        Append(arguments);
        Flush();
        return ReadReply();
    }

    /// <summary>The reply as text; nil is null.</summary>
    internal string? Text(params ReadOnlySpan<string> arguments) => TextOf(Call(arguments));

    internal static string? TextOf(RespValue reply) => reply.Kind switch
    {
        RespKind.Null => null,
        RespKind.Integer => $"{reply.Integer}",
        _ => Encoding.UTF8.GetString(reply.Bytes.Span),
    };

    internal static bool IsError(RespValue reply) => reply.Kind is RespKind.Error or RespKind.BulkError;

    /// <summary>Adds a command to what the next <see cref="Flush"/> sends.</summary>
    internal void Append(params ReadOnlySpan<string> arguments)
    {
        Line('*', arguments.Length);
        foreach (string argument in arguments)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(argument);
            Line('$', bytes.Length);
            _output.Write(bytes);
            _output.Write("\r\n"u8);
        }
    }

    internal void Flush()
    {
        try
        {
            Send(_output.Written);
        }
        finally
        {
            _output.Clear();
        }
    }

    internal void Send(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
            bytes = bytes[_socket.Send(bytes)..];
    }

    /// <summary>The next reply. Throws <see cref="EndOfStreamException"/> when the node closed the connection.</summary>
    internal RespValue ReadReply()
    {
        while (true)
        {
            ReadOnlySpan<byte> input = _input.AsSpan(_inputStart.._inputEnd);
            ReplyOutcome outcome = _reader.Read(ref input, out RespValue? reply, out RespError? error);
            _inputStart = _inputEnd - input.Length;
            if (outcome == ReplyOutcome.Reply)
                return reply!;
            if (outcome == ReplyOutcome.Error)
                throw new InvalidDataException(error!.Message);
            _inputStart = 0;
            _inputEnd = _socket.Receive(_input);
            if (_inputEnd == 0)
                throw new EndOfStreamException("the node closed the connection");
        }
    }

    /// <summary>True when the node closed the connection and nothing more is to be read.</summary>
    internal bool IsClosedByNode()
    {
        try
        {
            ReadReply();
            return false;
        }
        catch (EndOfStreamException)
        {
            return true;
        }
        catch (SocketException error) when (error.SocketErrorCode == SocketError.ConnectionReset)
        {
            return true;
        }
    }

    public void Dispose()
    {
        _socket.Dispose();
        _output.Dispose();
    }

    private void Line(char mark, int number) => _output.Write(Encoding.ASCII.GetBytes($"{mark}{number}\r\n"));
}
