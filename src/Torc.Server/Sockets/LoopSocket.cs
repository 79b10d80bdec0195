using System.Net.Sockets;

namespace Torc.Server.Sockets;

/// <summary>
/// A connected socket on its loop: what it waits for, and its two directions. It is closed on the loop's thread, under the
/// gate that sends take, so that no call can reach a descriptor that is somebody else's by then.
/// </summary>
internal sealed class LoopSocket
{
    private readonly Socket _socket;
    private readonly Lock _gate = new();
    private uint _interest;
    private bool _isRegistered;
    private bool _isClosed;

    internal LoopSocket(EventLoop loop, Socket socket)
    {
        Loop = loop;
        _socket = socket;
        Descriptor = (int)socket.Handle;
        Reader = new LoopReader(this);
        Writer = new LoopWriter(this);
        loop.Post(Register);
    }

    internal EventLoop Loop { get; }

    internal int Descriptor { get; }

    internal LoopReader Reader { get; }

    internal LoopWriter Writer { get; }

    /// <summary>What this socket's events carry, so that a late event of its predecessor in the same slot is known.</summary>
    internal ulong EventData { get; private set; }

    internal void OnEvents(uint events)
    {
        const uint ended = Epoll.HangUp | Epoll.Error;
        if ((events & (Epoll.Readable | ended)) != 0 && !Reader.OnReadable())
            Pause((events & ended) != 0);
        if ((events & (Epoll.Writable | ended)) != 0)
            Writer.OnWritable();
    }

    /// <summary>From any thread, by who waits now: tells when a direction is ready.</summary>
    internal void Want(uint direction)
    {
        lock (_gate)
        {
            if ((_interest & direction) != 0 && _isRegistered)
                return;
            _interest |= direction;
            if (_isClosed)
                return;
            if (_isRegistered)
                Loop.SetInterest(Descriptor, _interest, EventData);
            else if (EventData != 0)
                Loop.Post(Register);
        }
    }

    /// <summary>On the loop: nothing waits to be sent any more, unless somebody began to in this moment.</summary>
    internal void StopWriting()
    {
        lock (_gate)
        {
            if (!Writer.IsFlushing)
                Drop(Epoll.Writable);
        }
    }

    /// <summary>From any thread: both directions end now, what waits to be sent is dropped.</summary>
    internal void Abort(Exception why)
    {
        Reader.FailNext(why);
        Shutdown();
        Loop.Post(() => Reader.Fail(why));
        Writer.End();
    }

    /// <summary>From any thread: says goodbye and gives the descriptor back.</summary>
    internal void Close()
    {
        Shutdown();
        Loop.Post(CloseNow);
    }

    private void Shutdown()
    {
        lock (_gate)
        {
            if (_isClosed)
                return;
            try
            {
                _socket.Shutdown(SocketShutdown.Both);
            }
            catch (SocketException)
            {
                // The other side ended it already.
            }
        }
    }

    private void Register()
    {
        lock (_gate)
        {
            if (_isClosed || _isRegistered)
                return;
            EventData = Loop.Add(this, Descriptor, _interest);
            _isRegistered = true;
        }
    }

    /// <summary>
    /// Nobody waits for input, unless somebody began to in this moment. An end is reported without being asked for: then the
    /// socket leaves epoll until somebody asks.
    /// </summary>
    private void Pause(bool isEnded)
    {
        lock (_gate)
        {
            if (Reader.IsWaiting)
                return;
            if (isEnded)
                Unregister();
            else
                Drop(Epoll.Readable);
        }
    }

    private void Drop(uint direction)
    {
        if (!_isRegistered || (_interest & direction) == 0)
            return;
        _interest &= ~direction;
        Loop.SetInterest(Descriptor, _interest, EventData);
    }

    private void Unregister()
    {
        if (!_isRegistered)
            return;
        Loop.Remove(Descriptor, EventData);
        _isRegistered = false;
        _interest = 0;
    }

    private void CloseNow()
    {
        Writer.End();
        Reader.Fail(new IOException("the connection is closed"));
        lock (_gate)
        {
            Unregister();
            _isClosed = true;
        }
        _socket.Dispose();
    }
}
