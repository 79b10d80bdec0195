using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Torc.Base;
using Torc.Node;
using Torc.Node.Commands;
using Torc.Node.Sessions;
using Torc.Server.Hosting.Shards;
using Torc.Server.Sockets;

namespace Torc.Server.Hosting.Clients;

/// <summary>
/// One client's socket and its session. Input is read by one loop; replies come from whatever threads finish them. The
/// session has one lock, <c>_gate</c>: under it requests are put into the shards' queues, so that their order is kept, and
/// outside it the shards run.
/// </summary>
internal sealed class ClientConnection
{
    private readonly ConnectionContext _connection;
    private readonly Session _session;
    private readonly ShardHost[] _shards;
    private readonly PipeSender _sender;
    private readonly Lock _gate = new();
    private readonly long _openedMicros = HostClock.MonotonicMicros;
    private TaskCompletionSource? _whenFewer;
    private long _activeMicros = HostClock.MonotonicMicros;
    private long _inputBytes;
    private long _outputBytes;
    private int _wakeAtOutstanding;
    private readonly CancellationTokenSource _ending = new();
    private volatile bool _closed;
    private string _endReason = "";

    internal ClientConnection(ConnectionContext connection, Session session, ShardHost[] shards, long outputBytesMax)
    {
        _connection = connection;
        _session = session;
        _shards = shards;
        _sender = new PipeSender(connection.Transport.Output, outputBytesMax, End);
    }

    internal long Id => _session.Id;

    internal string Address => _session.Address;

    internal string EndReason => _endReason;

    /// <summary>The client is gone, or is being sent away: what it asked for is not run any more.</summary>
    internal bool IsClosed => _closed || _endReason.Length > 0;

    internal long InputBytes => Interlocked.Read(ref _inputBytes);

    internal long OutputBytes => Interlocked.Read(ref _outputBytes);

    internal long WaitingBytes => _sender.WaitingBytes;

    internal long StalledSinceMicros => _sender.StalledSinceMicros;

    internal long CommandsReceived => _session.CommandsReceived;

    /// <summary>When the client last sent something, or 0 while it waits for replies: then it is not idle.</summary>
    internal long IdleSinceMicros => _session.Outstanding > 0 ? 0 : Interlocked.Read(ref _activeMicros);

    /// <summary>Reads and runs commands until the client leaves, asked to, or broke the protocol or a limit.</summary>
    internal async Task Run()
    {
        PipeReader input = _connection.Transport.Input;
        try
        {
            while (true)
            {
                ReadResult read = await input.ReadAsync();
                ReadOnlySequence<byte> bytes = read.Buffer;
                Take(ref bytes, out bool full, out bool close);
                input.AdvanceTo(bytes.Start, full || close ? bytes.Start : bytes.End);
                if (close || read.IsCanceled || (read.IsCompleted && bytes.IsEmpty))
                    break;
                // Input may still come while the session takes none: a command that must be alone mostly is the last one.
                if (full && !bytes.IsEmpty)
                    await WhenOutstandingAtMost(Session.CommandsOutstandingMax / 2);
            }
            // Also when the client closed its side: it may have closed only that one, and waits for its replies.
            await WhenOutstandingAtMost(0);
            await _sender.WhenEmpty();
        }
        catch (Exception error) when (error is IOException or InvalidOperationException or OperationCanceledException or ConnectionAbortedException)
        {
            // The client is gone, or it was ended: nothing is left to say to it.
        }
        finally
        {
            Close();
        }
    }

    /// <summary>Delivers replies of an outbox, which are all this connection's.</summary>
    internal void Deliver(Outbox outbox, ReadOnlySpan<SessionReply> replies, Instant now)
    {
        int dispatched;
        TaskCompletionSource? reader;
        lock (_gate)
        {
            if (_closed)
                return;
            while (!replies.IsEmpty)
            {
                replies = replies[_session.Deliver(outbox.ReplyBytes.Written, replies, now)..];
                if (!replies.IsEmpty)
                    SendOutput();
            }
            dispatched = QueueDispatched();
            SendOutput();
            reader = TakeReaderIfFewer();
        }
        if (dispatched > 0)
            PumpShards(dispatched);
        if (reader is not null)
            LetGoOn(reader);
    }

    /// <summary>Ends the connection at once; the first reason counts.</summary>
    internal void End(string reason)
    {
        if (Interlocked.CompareExchange(ref _endReason, reason, "").Length > 0)
            return;
        _connection.Abort(new ConnectionAbortedException(reason));
        _connection.Transport.Input.CancelPendingRead();
        _ending.CancelAsync();
    }

    /// <summary>Takes no more input; the connection closes when the commands under way are answered.</summary>
    internal void Finish() => _connection.Transport.Input.CancelPendingRead();

    /// <summary>
    /// Takes no lock: CLIENT LIST asks from within another connection's lock, and two that list each other would wait for ever.
    /// Each word it reads is whole by itself.
    /// </summary>
    internal ClientDescription Describe()
    {
        long now = HostClock.MonotonicMicros;
        const long microsPerSecond = 1_000 * Instant.MicrosPerMs;
        return new ClientDescription(
            Id, Address, _session.LocalAddress, _session.Name, (now - _openedMicros) / microsPerSecond, (now - Interlocked.Read(ref _activeMicros)) / microsPerSecond,
            _session.Keyspace, (int)_session.Protocol, _session.LastCommand, _session.LibraryName, _session.LibraryVersion, WaitingBytes, 0);
    }

    private void Take(ref ReadOnlySequence<byte> bytes, out bool full, out bool close)
    {
        long length = bytes.Length;
        int dispatched;
        lock (_gate)
        {
            Instant now = HostClock.RoundNow;
            Interlocked.Exchange(ref _activeMicros, now.MonotonicMicros);
            _session.Receive(ref bytes, now);
            dispatched = QueueDispatched();
            SendOutput();
            full = !_session.TakesCommands;
            close = _session.CloseAfterOutput;
        }
        Interlocked.Add(ref _inputBytes, length - bytes.Length);
        if (dispatched > 0)
            PumpShards(dispatched);
    }

    /// <summary>Under the lock: puts the session's requests into the queues of their shards; how many there were.</summary>
    private int QueueDispatched()
    {
        int queued = 0;
        for (int shard = 0; _session.HasDispatched && shard < _shards.Length; shard++)
        {
            RequestBatch batch = RequestBatch.Rent(this);
            _session.TakeDispatched(shard, batch.Requests);
            queued += batch.Requests.Count;
            if (batch.Requests.Count > 0)
                _shards[shard].AddRequests(batch);
            else
                batch.Return();
        }
        return queued;
    }

    private void PumpShards(int requests)
    {
        foreach (ShardHost shard in _shards)
        {
            shard.PumpInRound(requests);
            requests = 0;
        }
    }

    /// <summary>Under the lock, so that output keeps its order. A large buffer goes back to the pool; it grows again when needed.</summary>
    private void SendOutput()
    {
        const int retainedBytesMax = 64 * 1024;
        int length = _session.Output.Length;
        if (length == 0)
            return;
        Interlocked.Add(ref _outputBytes, length);
        _sender.Send(_session.Output.Written);
        if (length > retainedBytesMax)
            _session.Output.Dispose();
        else
            _session.Output.Clear();
    }

    private Task WhenOutstandingAtMost(int outstanding)
    {
        lock (_gate)
        {
            if (_session.Outstanding <= outstanding && !_session.IsHeldUp)
                return Task.CompletedTask;
            _wakeAtOutstanding = outstanding;
            _whenFewer = new TaskCompletionSource();
            return _whenFewer.Task.WaitAsync(_ending.Token);
        }
    }

    /// <summary>Under the lock: who waits until fewer commands are under way, if so few are.</summary>
    private TaskCompletionSource? TakeReaderIfFewer()
    {
        if (_whenFewer is null || _session.Outstanding > _wakeAtOutstanding || _session.IsHeldUp)
            return null;
        TaskCompletionSource reader = _whenFewer;
        _whenFewer = null;
        return reader;
    }

    /// <summary>Outside the lock. On a loop the reader goes on here and now, as after a read; any other thread has work of its own to go on with.</summary>
    private static void LetGoOn(TaskCompletionSource reader)
    {
        if (EventLoop.Current is not null)
            reader.TrySetResult();
        else
            ThreadPool.UnsafeQueueUserWorkItem(static waiting => waiting.TrySetResult(), reader, preferLocal: false);
    }

    private void Close()
    {
        _sender.Dispose();
        lock (_gate)
        {
            _closed = true;
            _session.Dispose();
        }
    }
}
