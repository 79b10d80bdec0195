using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Torc.Base;
using Torc.Node;
using Torc.Node.Sessions;

namespace Torc.Server.Hosting.Clients;

/// <summary>The client connections of a node: finds the one that a reply is for, counts, and ends those that overstay.</summary>
internal sealed class ClientRegistry
{
    private readonly ConcurrentDictionary<long, ClientConnection> _clients = new();
    private long _received;
    private long _rejected;
    private long _pastInputBytes;
    private long _pastOutputBytes;
    private long _pastCommands;

    internal int Count => _clients.Count;

    internal long Received => Interlocked.Read(ref _received);

    internal long Rejected => Interlocked.Read(ref _rejected);

    internal long InputBytes => Interlocked.Read(ref _pastInputBytes) + _clients.Values.Sum(static client => client.InputBytes);

    internal long OutputBytes => Interlocked.Read(ref _pastOutputBytes) + _clients.Values.Sum(static client => client.OutputBytes);

    internal long Commands => Interlocked.Read(ref _pastCommands) + _clients.Values.Sum(static client => client.CommandsReceived);

    internal IReadOnlyList<ClientConnection> All => [.. _clients.Values.OrderBy(static client => client.Id)];

    /// <summary>A number for a new connection; they are never given twice.</summary>
    internal long NextId() => Interlocked.Increment(ref _received);

    internal void CountRejected() => Interlocked.Increment(ref _rejected);

    internal void Add(ClientConnection client) => _clients[client.Id] = client;

    internal void Remove(ClientConnection client)
    {
        if (!_clients.TryRemove(client.Id, out _))
            return;
        Interlocked.Add(ref _pastInputBytes, client.InputBytes);
        Interlocked.Add(ref _pastOutputBytes, client.OutputBytes);
        Interlocked.Add(ref _pastCommands, client.CommandsReceived);
    }

    internal bool End(long id, string reason)
    {
        if (!_clients.TryGetValue(id, out ClientConnection? client))
            return false;
        client.End(reason);
        return true;
    }

    /// <summary>Hands an outbox's replies to their connections, runs of one connection together. Those of closed ones are dropped.</summary>
    internal void Deliver(Outbox outbox) => Deliver(outbox, outbox.Replies);

    /// <summary>Some of an outbox's replies.</summary>
    internal void Deliver(Outbox outbox, List<SessionReply> replies)
    {
        Instant now = HostClock.Now;
        ReadOnlySpan<SessionReply> rest = CollectionsMarshal.AsSpan(replies);
        while (!rest.IsEmpty)
        {
            Session session = rest[0].Request.Session!;
            int count = SessionReply.OfOneSession(rest);
            if (_clients.TryGetValue(session.Id, out ClientConnection? client))
                client.Deliver(outbox, rest[..count], now);
            rest = rest[count..];
        }
    }

    /// <summary>Ends clients that were idle too long (0: never), and those that take none of their replies.</summary>
    internal void EndOverdue(long nowMicros, long idleSecondsMax, long stallSecondsMax)
    {
        const long microsPerSecond = 1_000 * Instant.MicrosPerMs;
        foreach ((_, ClientConnection client) in _clients)
        {
            long idleSince = client.IdleSinceMicros;
            if (idleSecondsMax > 0 && idleSince > 0 && nowMicros - idleSince > idleSecondsMax * microsPerSecond)
                client.End("idle for longer than the setting timeout allows");
            long stalledSince = client.StalledSinceMicros;
            if (stalledSince > 0 && nowMicros - stalledSince > stallSecondsMax * microsPerSecond)
                client.End("it takes none of the replies that wait for it");
        }
    }

    /// <summary>Lets every client have the replies to what it already asked, for a bounded time, and ends those that remain.</summary>
    internal async Task FinishAll(TimeSpan patience)
    {
        const int pollMs = 10;
        foreach ((_, ClientConnection client) in _clients)
            client.Finish();
        using var deadline = new CancellationTokenSource(patience);
        while (!_clients.IsEmpty && !deadline.IsCancellationRequested)
            await Task.Delay(pollMs);
        EndAll("the node stops");
    }

    private void EndAll(string reason)
    {
        foreach ((_, ClientConnection client) in _clients)
            client.End(reason);
    }
}
