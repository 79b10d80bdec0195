using System.Buffers;
using System.IO.Pipelines;
using System.Threading.Tasks.Sources;
using Torc.Server.Disks;

namespace Torc.Server.Sockets;

/// <summary>
/// The output of a connection. A flush sends at once, on the caller's thread; what the network does not take is sent by the
/// loop when it does, and the flush completes then, on the loop.
/// </summary>
internal sealed class LoopWriter(LoopSocket socket) : PipeWriter, IValueTaskSource<FlushResult>
{
    private const int FirstBytes = 4_096;
    private static readonly FlushResult Sent = new(isCanceled: false, isCompleted: false);
    private static readonly FlushResult Over = new(isCanceled: false, isCompleted: true);
    private readonly Lock _gate = new();
    private ManualResetValueTaskSourceCore<FlushResult> _source;
    private byte[]? _bytes;
    private int _sent;
    private int _length;
    private bool _isFlushing;
    private bool _isEnded;

    public override Memory<byte> GetMemory(int sizeHint = 0)
    {
        MakeRoom(sizeHint);
        return _bytes.AsMemory(_length);
    }

    public override Span<byte> GetSpan(int sizeHint = 0)
    {
        MakeRoom(sizeHint);
        return _bytes.AsSpan(_length);
    }

    public override void Advance(int bytes) => _length += bytes;

    public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            if (_isEnded)
                return ValueTask.FromResult(Over);
            if (SendAll() || _isEnded)
                return ValueTask.FromResult(_isEnded ? Over : Sent);
            _source.Reset();
            _isFlushing = true;
        }
        socket.Want(Epoll.Writable);
        return new ValueTask<FlushResult>(this, _source.Version);
    }

    public override void CancelPendingFlush()
    {
        // Nothing here waits for a flush without end: an abort ends it.
    }

    public override void Complete(Exception? exception = null)
    {
        // What was flushed is sent or being sent; the connection is closed by its own dispose.
    }

    /// <summary>Something waits to be sent.</summary>
    internal bool IsFlushing => Volatile.Read(ref _isFlushing);

    /// <summary>On the loop: the network takes more.</summary>
    internal void OnWritable()
    {
        bool completed;
        lock (_gate)
        {
            completed = _isFlushing && (SendAll() || _isEnded);
            if (completed)
                _isFlushing = false;
            else if (_isFlushing)
                return;
        }
        socket.StopWriting();
        if (completed)
            _source.SetResult(_isEnded ? Over : Sent);
    }

    /// <summary>From any thread: nothing is sent any more.</summary>
    internal void End()
    {
        bool wasFlushing;
        lock (_gate)
        {
            _isEnded = true;
            wasFlushing = _isFlushing;
            _isFlushing = false;
            Release();
        }
        if (wasFlushing)
            _source.SetResult(Over);
    }

    FlushResult IValueTaskSource<FlushResult>.GetResult(short token) => _source.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<FlushResult>.GetStatus(short token) => _source.GetStatus(token);

    void IValueTaskSource<FlushResult>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);

    private void MakeRoom(int sizeHint)
    {
        int needed = Math.Max(sizeHint, 1);
        if (_bytes is null)
        {
            _bytes = ArrayPool<byte>.Shared.Rent(Math.Max(needed, FirstBytes));
            _sent = _length = 0;
        }
        else if (_bytes.Length - _length < needed)
        {
            int unsent = _length - _sent;
            byte[] larger = ArrayPool<byte>.Shared.Rent(unsent + Math.Max(needed, unsent));
            _bytes.AsSpan(_sent, unsent).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(_bytes);
            _bytes = larger;
            _sent = 0;
            _length = unsent;
        }
    }

    /// <summary>True when everything is with the network.</summary>
    private unsafe bool SendAll()
    {
        while (_sent < _length)
        {
            nint sent;
            fixed (byte* first = &_bytes![_sent])
                sent = Epoll.Send(socket.Descriptor, first, _length - _sent, Epoll.DontWait | Epoll.NoSignal);
            if (sent > 0)
            {
                _sent += (int)sent;
                continue;
            }
            switch (Libc.LastError)
            {
                case Libc.Interrupted:
                    continue;
                case Libc.WouldBlock:
                    return false;
                default:
                    // The reading side learns why.
                    _isEnded = true;
                    Release();
                    return false;
            }
        }
        Release();
        return true;
    }

    private void Release()
    {
        if (_bytes is not null)
            ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = null;
        _sent = _length = 0;
    }
}
