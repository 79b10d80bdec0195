using System.Net.Sockets;
using Torc.Base;
using Torc.Server.Disks;
using Torc.Server.Sockets;

namespace Torc.Server.Bench.Driving;

/// <summary>
/// Waits for any of a thread's sockets, and for a time with the precision of a nanosecond timer. A load program that awaited
/// each socket would spend its processor on hops between threads, and measure those.
/// </summary>
internal sealed class SocketWaiter : IDisposable
{
    /// <summary>What is reported for the timer instead of a socket.</summary>
    internal const int TimerIndex = -1;

    private const int EventsMax = 256;

    private readonly int _file;
    private readonly int _timer;
    private readonly byte[] _events = new byte[EventsMax * Epoll.EventBytes];

    internal SocketWaiter()
    {
        _file = Checked(Epoll.Create(Epoll.CloseOnExecute));
        _timer = Checked(Epoll.CreateTimer(Epoll.ClockMonotonic, Epoll.CloseOnExecute | Epoll.NonBlocking));
        Control(Epoll.Add, _timer, TimerIndex, Epoll.Readable);
    }

    internal void Watch(Socket socket, int index) => Control(Epoll.Add, (int)socket.Handle, index, Epoll.Readable);

    /// <summary>Also reports when the socket takes more, until told otherwise.</summary>
    internal void WatchWritable(Socket socket, int index, bool wanted) =>
        Control(Epoll.Modify, (int)socket.Handle, index, wanted ? Epoll.Readable | Epoll.Writable : Epoll.Readable);

    internal void Forget(Socket socket) => Control(Epoll.Remove, (int)socket.Handle, 0, 0);

    /// <summary>
    /// The indexes of sockets that have something, or of the timer, into <paramref name="ready"/>; their count. Waits at most
    /// <paramref name="nanoseconds"/>, or without an end if that is negative.
    /// </summary>
    internal unsafe int Wait(Span<int> ready, long nanoseconds)
    {
        if (nanoseconds > 0)
            SetTimer(nanoseconds);
        int count;
        fixed (byte* events = _events)
        {
            do
                count = Epoll.Wait(_file, events, Math.Min(EventsMax, ready.Length), nanoseconds == 0 ? 0 : -1);
            while (count < 0 && Libc.LastError == Libc.Interrupted);
            Checked(count);
            for (int i = 0; i < count; i++)
                ready[i] = (int)Epoll.DataOf(events + i * Epoll.EventBytes);
        }
        if (nanoseconds > 0)
            SetTimer(0);
        return count;
    }

    public void Dispose()
    {
        _ = Libc.Close(_timer);
        _ = Libc.Close(_file);
    }

    /// <summary>Setting it also takes back an expiry that nobody has read; 0 turns it off.</summary>
    private unsafe void SetTimer(long nanoseconds)
    {
        // The period's seconds and nanoseconds, 0 for once; then those of the first expiry.
        long* times = stackalloc long[4];
        times[0] = times[1] = 0;
        (times[2], times[3]) = Math.DivRem(nanoseconds, 1_000_000_000);
        Checked(Epoll.SetTimer(_timer, 0, times, null));
    }

    private unsafe void Control(int operation, int file, int index, uint events)
    {
        byte* record = stackalloc byte[16];
        Epoll.WriteEvent(record, events, (ulong)(long)index);
        Checked(Epoll.Control(_file, operation, file, record));
    }

    private static int Checked(int result)
    {
        Check.That(result >= 0);
        return result;
    }
}
