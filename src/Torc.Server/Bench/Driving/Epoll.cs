using System.Net.Sockets;
using System.Runtime.InteropServices;
using Torc.Base;

namespace Torc.Server.Bench.Driving;

/// <summary>
/// Waits for any of a thread's sockets, and for a time with the precision of a nanosecond timer. A load program that awaited
/// each socket would spend its processor on hops between threads, and measure those.
/// </summary>
internal sealed partial class Epoll : IDisposable
{
    /// <summary>What is reported for the timer instead of a socket.</summary>
    internal const int TimerIndex = -1;

    private const int Add = 1;
    private const int Modify = 3;
    private const int Remove = 2;
    private const uint Readable = 1;
    private const uint Writable = 4;
    private const int CloseOnExecute = 0x80000;
    private const int NonBlocking = 0x800;
    private const int ClockMonotonic = 1;
    private const int Interrupted = 4;
    private const int EventsMax = 256;

    /// <summary>The kernel's record is packed on x86-64 only: 4 bytes of events, then 8 of data.</summary>
    private static readonly int DataOffset = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;
    private static readonly int EventBytes = DataOffset + sizeof(long);

    private readonly int _file;
    private readonly int _timer;
    private readonly byte[] _events = new byte[EventsMax * EventBytes];

    internal Epoll()
    {
        _file = Checked(Create(CloseOnExecute));
        _timer = Checked(CreateTimer(ClockMonotonic, CloseOnExecute | NonBlocking));
        Control(Add, _timer, TimerIndex, Readable);
    }

    internal void Watch(Socket socket, int index) => Control(Add, (int)socket.Handle, index, Readable);

    /// <summary>Also reports when the socket takes more, until told otherwise.</summary>
    internal void WatchWritable(Socket socket, int index, bool wanted) =>
        Control(Modify, (int)socket.Handle, index, wanted ? Readable | Writable : Readable);

    internal void Forget(Socket socket) => Control(Remove, (int)socket.Handle, 0, 0);

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
                count = WaitForEvents(_file, events, Math.Min(EventsMax, ready.Length), nanoseconds == 0 ? 0 : -1);
            while (count < 0 && Marshal.GetLastPInvokeError() == Interrupted);
            Checked(count);
            for (int i = 0; i < count; i++)
                ready[i] = (int)*(long*)(events + i * EventBytes + DataOffset);
        }
        if (nanoseconds > 0)
            SetTimer(0);
        return count;
    }

    public void Dispose()
    {
        _ = Close(_timer);
        _ = Close(_file);
    }

    /// <summary>Setting it also takes back an expiry that nobody has read; 0 turns it off.</summary>
    private unsafe void SetTimer(long nanoseconds)
    {
        // The period's seconds and nanoseconds, 0 for once; then those of the first expiry.
        long* times = stackalloc long[4];
        times[0] = times[1] = 0;
        (times[2], times[3]) = Math.DivRem(nanoseconds, 1_000_000_000);
        Checked(SetTimer(_timer, 0, times, null));
    }

    private unsafe void Control(int operation, int file, int index, uint events)
    {
        byte* record = stackalloc byte[16];
        *(uint*)record = events;
        *(long*)(record + DataOffset) = index;
        Checked(Control(_file, operation, file, record));
    }

    private static int Checked(int result)
    {
        Check.That(result >= 0);
        return result;
    }

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    private static partial int Create(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    private static unsafe partial int Control(int file, int operation, int of, byte* record);

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    private static unsafe partial int WaitForEvents(int file, byte* records, int recordsMax, int timeoutMs);

    [LibraryImport("libc", EntryPoint = "timerfd_create", SetLastError = true)]
    private static partial int CreateTimer(int clock, int flags);

    [LibraryImport("libc", EntryPoint = "timerfd_settime", SetLastError = true)]
    private static unsafe partial int SetTimer(int file, int flags, long* times, long* before);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int file);
}
