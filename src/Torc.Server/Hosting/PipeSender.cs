using System.IO.Pipelines;
using Torc.Base;
using Torc.Server.Sockets;

namespace Torc.Server.Hosting;

/// <summary>
/// Sends bytes in order over one connection, from any thread, without ever waiting. While the connection takes bytes
/// as they come they go straight to its pipe; otherwise they gather here, up to a limit, and over it the connection is
/// ended: a peer that does not read costs a bounded amount of memory and nobody's time. On an event loop everything
/// that one round sends leaves in one write, at the round's end.
/// </summary>
internal sealed class PipeSender(PipeWriter pipe, long waitingBytesMax, Action<string> end) : IRoundWork, IDisposable
{
    private const int RetainedBytesMax = 64 * 1024;

    /// <summary>A round that sends more than this to one connection begins to send before its end.</summary>
    private const int FlushAtBytes = 1 << 20;
    private readonly Lock _gate = new();
    private ByteWriter _waiting = new();
    private ByteWriter _spare = new();
    private TaskCompletionSource? _whenEmpty;
    private long _bytesInPipe;
    private long _flushingSinceMicros;
    private bool _flushing;
    private bool _flushesInRound;
    private bool _ended;

    /// <summary>Bytes that the connection has not taken yet.</summary>
    internal long WaitingBytes
    {
        get
        {
            lock (_gate)
                return _flushing ? _waiting.Length + _bytesInPipe : 0;
        }
    }

    /// <summary>Since when the connection takes nothing, by the monotonic clock; 0 when it does.</summary>
    internal long StalledSinceMicros
    {
        get
        {
            lock (_gate)
                return _flushing ? _flushingSinceMicros : 0;
        }
    }

    internal void Send(ReadOnlySpan<byte> bytes)
    {
        if (bytes.IsEmpty)
            return;
        lock (_gate)
        {
            if (_ended)
                return;
            if (_flushing)
            {
                if (_waiting.Length + _bytesInPipe + bytes.Length > Math.Min(waitingBytesMax, Array.MaxLength))
                    EndLocked("it does not read what is sent to it: over the limit of waiting bytes");
                else
                    _waiting.Write(bytes);
                return;
            }
            System.Buffers.BuffersExtensions.Write(pipe, bytes);
            _bytesInPipe += bytes.Length;
            if (_flushesInRound && _bytesInPipe < FlushAtBytes)
                return;
            if (!_flushesInRound && EventLoop.Current is { } loop)
            {
                _flushesInRound = true;
                loop.FlushInRound(this);
                return;
            }
            BeginFlush();
        }
        Flush();
    }

    /// <summary>The end of a round: what gathered in it is sent.</summary>
    void IRoundWork.RunInRound()
    {
        lock (_gate)
        {
            _flushesInRound = false;
            if (_ended || _flushing || _bytesInPipe == 0)
                return;
            BeginFlush();
        }
        Flush();
    }

    /// <summary>Completes when everything sent so far was taken, or the connection ended.</summary>
    internal Task WhenEmpty()
    {
        lock (_gate)
        {
            if ((!_flushing && !_flushesInRound) || _ended)
                return Task.CompletedTask;
            _whenEmpty ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            return _whenEmpty.Task;
        }
    }

    /// <summary>Takes nothing more and forgets what waits.</summary>
    public void Dispose()
    {
        lock (_gate)
            EndLocked(null);
    }

    private void BeginFlush()
    {
        _flushing = true;
        _flushingSinceMicros = HostClock.RoundNow.MonotonicMicros;
    }

    private void Flush()
    {
        while (true)
        {
            ValueTask<FlushResult> flush;
            try
            {
                flush = pipe.FlushAsync();
            }
            catch (InvalidOperationException)
            {
                // The connection's own end completed the pipe.
                Dispose();
                return;
            }
            if (!flush.IsCompletedSuccessfully)
            {
                _ = FinishFlush(this, flush);
                return;
            }
            if (!OnFlushed(flush.Result))
                return;
        }
    }

    private static async Task FinishFlush(PipeSender sender, ValueTask<FlushResult> flush)
    {
        try
        {
            if (sender.OnFlushed(await flush))
                sender.Flush();
        }
        catch (Exception error) when (error is IOException or InvalidOperationException or OperationCanceledException)
        {
            sender.Dispose();
        }
    }

    /// <summary>True when more was waiting and is in the pipe now, to be flushed.</summary>
    private bool OnFlushed(FlushResult result)
    {
        lock (_gate)
        {
            if (_ended)
                return false;
            if (result.IsCompleted || result.IsCanceled)
            {
                EndLocked(null);
                return false;
            }
            if (_waiting.Length > 0)
            {
                (_waiting, _spare) = (_spare, _waiting);
                System.Buffers.BuffersExtensions.Write(pipe, _spare.Written);
                _bytesInPipe = _spare.Length;
                _flushingSinceMicros = HostClock.MonotonicMicros;
                Recycle(_spare);
                return true;
            }
            _flushing = false;
            _bytesInPipe = 0;
            _whenEmpty?.TrySetResult();
            _whenEmpty = null;
            return false;
        }
    }

    private void EndLocked(string? why)
    {
        if (_ended)
            return;
        _ended = true;
        _whenEmpty?.TrySetResult();
        _waiting.Dispose();
        _spare.Dispose();
        if (why is not null)
            end(why);
    }

    /// <summary>A buffer that grew large goes back to the pool; it grows again when needed.</summary>
    private static void Recycle(ByteWriter buffer)
    {
        if (buffer.Length > RetainedBytesMax)
            buffer.Dispose();
        else
            buffer.Clear();
    }
}
