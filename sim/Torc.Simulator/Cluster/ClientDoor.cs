using System.Buffers;
using Torc.Node;
using Torc.Node.Commands;
using Torc.Node.Sessions;
using Torc.Simulator.Network;

namespace Torc.Simulator.Cluster;

/// <summary>The client connections of one node: real RESP bytes in and out of its sessions.</summary>
internal sealed class ClientDoor(NodeHost host)
{
    private long _lastId;

    private readonly Dictionary<Session, ClientConnection> _connections = new(ReferenceEqualityComparer.Instance);

    public IConnectionHandler Accept(ConnectionEnd end)
    {
        Session session = host.Node.OpenSession(++_lastId, $"10.0.1.{end.RemoteHost}:1", $"10.0.0.{host.Id}:6379");
        var connection = new ClientConnection(host, this, end, session);
        _connections.Add(session, connection);
        return connection;
    }

    /// <summary>A shard's replies, ranges of the bytes; those of connections that are gone are dropped.</summary>
    public void Deliver(ReadOnlySpan<byte> bytes, ReadOnlySpan<SessionReply> replies)
    {
        while (!replies.IsEmpty)
        {
            int count = SessionReply.OfOneSession(replies);
            if (_connections.TryGetValue(replies[0].Request.Session!, out ClientConnection? connection))
                connection.Deliver(bytes, replies[..count]);
            replies = replies[count..];
        }
    }

    public void Forget(Session session) => _connections.Remove(session);
}

/// <summary>One client connection.</summary>
internal sealed class ClientConnection(NodeHost host, ClientDoor door, ConnectionEnd end, Session session) : IConnectionHandler
{
    private readonly ReceiveBuffer _received = new();
    private readonly List<Request> _requests = [];
    private bool _closed;

    public void Received(ConnectionEnd source, ReadOnlySpan<byte> bytes)
    {
        _received.Append(bytes);
        host.WhenAwake(Advance);
    }

    public void Closed(ConnectionEnd source) => host.WhenAwake(Close);

    /// <summary>What the replies let through goes on.</summary>
    internal void Deliver(ReadOnlySpan<byte> bytes, ReadOnlySpan<SessionReply> replies)
    {
        while (!_closed && !replies.IsEmpty)
        {
            replies = replies[session.Deliver(bytes, replies, host.Now)..];
            Advance();
        }
    }

    private void Advance()
    {
        if (_closed)
            return;
        ReceiveFromBuffer();
        Dispatch();
        if (_closed || !end.IsOpen)
            return;
        end.Send(session.Output.Written);
        session.Output.Clear();
        if (session.CloseAfterOutput)
        {
            end.Close();
            Close();
        }
    }

    private void ReceiveFromBuffer()
    {
        if (_received.Length == 0)
            return;
        var input = new ReadOnlySequence<byte>(_received.Rest);
        long before = input.Length;
        session.Receive(ref input, host.Now);
        _received.Skip((int)(before - input.Length));
    }

    /// <summary>Runs what the session has for shards. Replies of a turn come back through <see cref="Deliver"/>, possibly during it.</summary>
    private void Dispatch()
    {
        for (int shard = 0; shard < host.Shards.Count && !_closed; shard++)
        {
            if (!session.HasDispatched)
                return;
            _requests.Clear();
            session.TakeDispatched(shard, _requests);
            if (_requests.Count == 0)
                continue;
            Request[] batch = [.. _requests];
            host.Shards[shard].Turn(target =>
            {
                int brought = 0;
                for (int index = 0; index < batch.Length; index++)
                {
                    if (index == brought)
                        brought += target.Approaches.Bring(batch.AsSpan(index));
                    target.Execute(batch[index]);
                }
            });
        }
    }

    private void Close()
    {
        if (_closed)
            return;
        _closed = true;
        door.Forget(session);
        session.Dispose();
    }
}
