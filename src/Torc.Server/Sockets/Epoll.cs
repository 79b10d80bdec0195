using System.Runtime.InteropServices;

namespace Torc.Server.Sockets;

/// <summary>
/// The calls of the C library that wait for many sockets, and those sockets' own, on 64-bit Linux; see epoll(7) and timerfd_create(2). Numbers are those of
/// x86-64 and arm64 Linux, which agree for everything named here but the layout of an event.
/// </summary>
internal static unsafe partial class Epoll
{
    internal const uint Readable = 0x1;
    internal const uint Writable = 0x4;
    internal const uint Error = 0x8;
    internal const uint HangUp = 0x10;

    internal const int Add = 1;
    internal const int Remove = 2;
    internal const int Modify = 3;

    internal const int CloseOnExecute = 0x80000;
    internal const int NonBlocking = 0x800;
    internal const int ClockMonotonic = 1;
    internal const int DontWait = 0x40;
    internal const int NoSignal = 0x4000;

    /// <summary>Bytes of struct epoll_event: packed on x86-64 only.</summary>
    internal static readonly int EventBytes = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16;

    private static readonly int DataOffset = EventBytes - sizeof(ulong);

    internal static void WriteEvent(byte* place, uint events, ulong data)
    {
        *(uint*)place = events;
        *(ulong*)(place + DataOffset) = data;
    }

    internal static uint EventsOf(byte* place) => *(uint*)place;

    internal static ulong DataOf(byte* place) => *(ulong*)(place + DataOffset);

    [LibraryImport("libc", EntryPoint = "epoll_create1", SetLastError = true)]
    internal static partial int Create(int flags);

    [LibraryImport("libc", EntryPoint = "epoll_ctl", SetLastError = true)]
    internal static partial int Control(int epoll, int operation, int file, byte* happening);

    [LibraryImport("libc", EntryPoint = "epoll_wait", SetLastError = true)]
    internal static partial int Wait(int epoll, byte* events, int eventsMax, int timeoutMs);

    [LibraryImport("libc", EntryPoint = "poll", SetLastError = true)]
    internal static partial int Poll(byte* files, nuint count, int timeoutMs);

    [LibraryImport("libc", EntryPoint = "eventfd", SetLastError = true)]
    internal static partial int CreateCounter(uint first, int flags);

    [LibraryImport("libc", EntryPoint = "timerfd_create", SetLastError = true)]
    internal static partial int CreateTimer(int clock, int flags);

    [LibraryImport("libc", EntryPoint = "timerfd_settime", SetLastError = true)]
    internal static partial int SetTimer(int timer, int flags, long* times, long* before);

    [LibraryImport("libc", EntryPoint = "read", SetLastError = true)]
    internal static partial nint Read(int file, byte* bytes, nint count);

    [LibraryImport("libc", EntryPoint = "write", SetLastError = true)]
    internal static partial nint Write(int file, byte* bytes, nint count);

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    internal static partial int CreateSocket(int family, int typeAndFlags, int protocol);

    [LibraryImport("libc", EntryPoint = "connect", SetLastError = true)]
    internal static partial int Connect(int socket, byte* address, int addressBytes);

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    internal static partial nint Receive(int socket, byte* bytes, nint count, int flags);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    internal static partial nint Send(int socket, byte* bytes, nint count, int flags);
}
