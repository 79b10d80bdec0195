using System.Buffers;
using System.IO.Pipelines;
using System.Threading.Tasks.Sources;
using Microsoft.AspNetCore.Connections;
using Torc.Server.Disks;

namespace Torc.Server.Sockets;

/// <summary>
/// The input of a connection. While nothing is unread the loop's shared buffer is read into, and who waits is called from the loop
/// itself; what it leaves unread is copied to a buffer of the connection's own. While nobody waits nothing is read, so
/// that the network holds back a client that sends faster than it is served.
/// </summary>
internal sealed class LoopReader(LoopSocket socket) : PipeReader, IValueTaskSource<ReadResult>
{
    private const int FreeBytesMin = 4_096;
    private readonly Lock _gate = new();
    private ManualResetValueTaskSourceCore<ReadResult> _source;
    private byte[]? _bytes;
    private int _start;
    private int _end;
    private bool _isShared;
    private bool _isAllExamined = true;
    private bool _isWaiting;
    private bool _isCancelled;
    private bool _isEnded;
    private Exception? _error;

    public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
    {
        if (cancellationToken.IsCancellationRequested)
            return ValueTask.FromCanceled<ReadResult>(cancellationToken);
        lock (_gate)
        {
            if (_error is not null)
                return ValueTask.FromException<ReadResult>(_error);
            if (IsReady)
                return ValueTask.FromResult(TakeResult());
            _source.Reset();
            _isWaiting = true;
        }
        socket.Want(Epoll.Readable);
        var read = new ValueTask<ReadResult>(this, _source.Version);
        return cancellationToken.CanBeCanceled ? WithCancellation(read, cancellationToken) : read;
    }

    public override bool TryRead(out ReadResult result)
    {
        lock (_gate)
        {
            bool ready = _error is null && IsReady;
            result = ready ? TakeResult() : default;
            return ready;
        }
    }

    public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

    public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
    {
        lock (_gate)
        {
            if (_bytes is null)
                return;
            _isAllExamined = examined.GetObject() is null || examined.GetInteger() == _end;
            _start = consumed.GetObject() is null ? _start : consumed.GetInteger();
            if (_start == _end)
                ReleaseBuffer();
            else if (_isShared)
                MoveToOwnBuffer();
        }
    }

    public override void CancelPendingRead() => socket.Loop.Post(() =>
    {
        ReadResult result;
        lock (_gate)
        {
            _isCancelled = true;
            if (!_isWaiting)
                return;
            _isWaiting = false;
            result = TakeResult();
        }
        _source.SetResult(result);
    });

    public override void Complete(Exception? exception = null)
    {
        lock (_gate)
            ReleaseBuffer();
    }

    /// <summary>Somebody has to be called when there is input.</summary>
    internal bool IsWaiting => Volatile.Read(ref _isWaiting);

    /// <summary>From any thread: whatever the network says from now on, the reader is told this.</summary>
    internal void FailNext(Exception why)
    {
        lock (_gate)
            _error ??= why;
    }

    /// <summary>On the loop: reads once and calls who waits. False: nobody waits.</summary>
    internal bool OnReadable()
    {
        if (!IsWaiting)
            return false;
        int free = MakeRoom();
        nint received = Receive(_bytes!, _end, free);
        int error = received < 0 ? Libc.LastError : 0;
        if (error is Libc.WouldBlock or Libc.Interrupted)
        {
            lock (_gate)
            {
                if (_isShared)
                    ReleaseBuffer();
            }
            return true;
        }
        if (error != 0 || Volatile.Read(ref _error) is not null)
        {
            Fail(Volatile.Read(ref _error) ?? new ConnectionResetException($"the connection broke: {Libc.Describe(error)}"));
            return true;
        }
        ReadResult result;
        lock (_gate)
        {
            _end += (int)received;
            _isEnded = received == 0;
            _isAllExamined = false;
            _isWaiting = false;
            result = TakeResult();
        }
        _source.SetResult(result);
        KeepWhatIsStillRead();
        return true;
    }

    /// <summary>On the loop: the connection is over; who waits, or reads next, is told why.</summary>
    internal void Fail(Exception why)
    {
        bool wasWaiting;
        lock (_gate)
        {
            why = _error ??= why;
            wasWaiting = _isWaiting;
            _isWaiting = false;
        }
        if (wasWaiting)
            _source.SetException(why);
    }

    ReadResult IValueTaskSource<ReadResult>.GetResult(short token) => _source.GetResult(token);

    ValueTaskSourceStatus IValueTaskSource<ReadResult>.GetStatus(short token) => _source.GetStatus(token);

    void IValueTaskSource<ReadResult>.OnCompleted(Action<object?> continuation, object? state, short token, ValueTaskSourceOnCompletedFlags flags) =>
        _source.OnCompleted(continuation, state, token, flags);

    private bool IsReady => (_end > _start && !_isAllExamined) || _isEnded || _isCancelled;

    private static async ValueTask<ReadResult> WithCancellation(ValueTask<ReadResult> read, CancellationToken cancellationToken) =>
        await read.AsTask().WaitAsync(cancellationToken);

    private ReadResult TakeResult()
    {
        ReadOnlySequence<byte> unread = _end > _start ? new ReadOnlySequence<byte>(_bytes!, _start, _end - _start) : ReadOnlySequence<byte>.Empty;
        var result = new ReadResult(unread, _isCancelled, _isEnded);
        _isCancelled = false;
        return result;
    }

    /// <summary>Only the loop fills the buffer, and only while somebody waits: nobody reads it then.</summary>
    private int MakeRoom()
    {
        lock (_gate)
        {
            if (_bytes is null)
            {
                _bytes = socket.Loop.ReadBuffer;
                _isShared = true;
                _start = _end = 0;
            }
            else if (_bytes.Length - _end < FreeBytesMin)
            {
                int unread = _end - _start;
                byte[] larger = ArrayPool<byte>.Shared.Rent(unread + Math.Max(unread, EventLoop.ReadBytesMax));
                _bytes.AsSpan(_start, unread).CopyTo(larger);
                ReleaseBuffer();
                _bytes = larger;
                _end = unread;
            }
            return _bytes.Length - _end;
        }
    }

    private unsafe nint Receive(byte[] into, int from, int count)
    {
        fixed (byte* first = &into[from])
            return Epoll.Receive(socket.Descriptor, first, count, Epoll.DontWait);
    }

    private void ReleaseBuffer()
    {
        if (_bytes is not null && !_isShared)
            ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = null;
        _isShared = false;
        _start = _end = 0;
    }

    private void MoveToOwnBuffer()
    {
        int unread = _end - _start;
        byte[] own = ArrayPool<byte>.Shared.Rent(unread + FreeBytesMin);
        _bytes.AsSpan(_start, unread).CopyTo(own);
        _bytes = own;
        _isShared = false;
        _start = 0;
        _end = unread;
    }

    /// <summary>Who was called went elsewhere with the shared buffer: it is the connection's own from now on.</summary>
    private void KeepWhatIsStillRead()
    {
        lock (_gate)
        {
            if (!_isShared || _bytes != socket.Loop.ReadBuffer)
                return;
            socket.Loop.GiveReadBufferAway();
            _isShared = false;
        }
    }
}
