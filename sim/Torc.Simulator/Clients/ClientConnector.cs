using Torc.Base;
using Torc.Protocols.Resp;
using Torc.Simulator.Network;

namespace Torc.Simulator.Clients;

/// <summary>A client's connection: commands out, replies in order. One at a time; after it is lost, connect again.</summary>
internal sealed class ClientConnector(SimulatedNetwork network, int address) : IConnectionHandler
{
    private readonly RespReplyReader _reader = new();
    private ConnectionEnd? _end;
    private int _attempt;

    public bool IsConnected => _end is { IsOpen: true };

    /// <summary>A reply to the oldest unanswered command.</summary>
    public required Action<RespValue> OnReply { get; init; }

    public required Action OnLost { get; init; }

    public void Connect(int nodeAddress, Action<bool> connected)
    {
        Check.That(!IsConnected);
        int attempt = ++_attempt;
        network.Connect(address, nodeAddress, this, end =>
        {
            if (attempt != _attempt)
            {
                end?.Close();
                return;
            }
            _end = end;
            _reader.Reset();
            connected(IsConnected);
        });
    }

    public void Send(ReadOnlySpan<byte> bytes) => _end!.Send(bytes);

    /// <summary>Gives the connection up; <see cref="OnLost"/> is not called.</summary>
    public void Drop()
    {
        _attempt++;
        _end?.Close();
        _end = null;
    }

    public void Received(ConnectionEnd end, ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<byte> rest = bytes;
        while (end == _end && !rest.IsEmpty)
        {
            ReplyOutcome outcome = _reader.Read(ref rest, out RespValue? reply, out RespError? error);
            if (outcome == ReplyOutcome.Error)
                throw new InvariantException($"a node sent what is no reply: {error!.Message}");
            if (outcome == ReplyOutcome.Reply)
                OnReply(reply!);
        }
    }

    public void Closed(ConnectionEnd end)
    {
        if (end != _end)
            return;
        _end = null;
        OnLost();
    }
}
