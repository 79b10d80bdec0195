using System.Buffers;
using System.Net.Sockets;
using Torc.Server.Bench.Wire;

namespace Torc.Server.Bench.Driving;

/// <summary>
/// One connection: requests to be written, requests whose replies are to come, and what arrived of those. It is filled with a
/// whole pipeline, and again once every reply of that one is here, as redis-benchmark does it.
/// </summary>
internal sealed class Connection(int index, Socket socket, IWireProtocol protocol) : IDisposable
{
    internal const int InputBytesMax = 256 * 1024 * 1024;
    private const int InputBytes = 64 * 1024;

    private byte[] _input = new byte[InputBytes];
    private int _inputLength;
    private int _sent;

    internal int Index { get; } = index;

    internal Socket Socket { get; } = socket;

    internal IWireProtocol Protocol { get; } = protocol;

    internal ArrayBufferWriter<byte> Output { get; } = new();

    internal Queue<Pending> Pending { get; } = new();

    /// <summary>Writes that were answered and wait for the WAIT behind them.</summary>
    internal List<Pending> Held { get; } = [];

    /// <summary>Read-modify-writes whose write goes with the next pipeline.</summary>
    internal List<Pending> Halves { get; } = [];

    internal bool IsLost { get; set; }

    internal bool IsIdle => Pending.Count == 0 && !IsLost;

    /// <summary>Whether the thread was asked to say when the socket takes more.</summary>
    internal bool WantsWritable { get; set; }

    internal bool HasUnsent => _sent < Output.WrittenCount;

    /// <summary>Writes what the socket takes; false when the connection is gone.</summary>
    internal bool Send()
    {
        while (HasUnsent)
        {
            int sent = Socket.Send(Output.WrittenSpan[_sent..], SocketFlags.None, out SocketError error);
            if (error == SocketError.WouldBlock)
                return true;
            if (error != SocketError.Success)
                return false;
            _sent += sent;
        }
        Output.ResetWrittenCount();
        _sent = 0;
        return true;
    }

    /// <summary>Takes what arrived, once; false when the connection is gone.</summary>
    internal bool Receive()
    {
        if (_inputLength == _input.Length)
        {
            if (_input.Length >= InputBytesMax)
                return false;
            Array.Resize(ref _input, _input.Length * 2);
        }
        int received = Socket.Receive(_input.AsSpan(_inputLength), SocketFlags.None, out SocketError error);
        if (error == SocketError.WouldBlock)
            return true;
        _inputLength += received;
        return error == SocketError.Success && received > 0;
    }

    /// <summary>The next reply among what arrived.</summary>
    internal WireReply Read(ref int at, out long number, out string error)
    {
        ReadOnlySpan<byte> input = _input.AsSpan(at, _inputLength - at);
        WireReply reply = Protocol.Read(ref input, Output, out number, out error);
        at = _inputLength - input.Length;
        return reply;
    }

    /// <summary>Forgets what was read.</summary>
    internal void Consume(int read)
    {
        _input.AsSpan(read, _inputLength - read).CopyTo(_input);
        _inputLength -= read;
    }

    public void Dispose() => Socket.Dispose();
}
