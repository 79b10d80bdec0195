using Microsoft.Win32.SafeHandles;
using Torc.Server.Disks;

namespace Torc.Server.Sockets;

/// <summary>
/// Wakes one thread that waits for it, by itself or beside sockets; set any number of times it wakes it once. One system call to set it and two to wait: the runtime's
/// own events take several more.
/// </summary>
internal sealed unsafe class WakeUp
{
    private readonly SafeFileHandle _counter; // closed when nobody has this any more, so that no late call meets another file

    internal WakeUp()
    {
        int counter = Epoll.CreateCounter(0, Epoll.CloseOnExecute | Epoll.NonBlocking);
        _counter = counter >= 0 ? new SafeFileHandle(counter, ownsHandle: true) : throw new IOException($"eventfd failed: {Libc.Describe(Libc.LastError)}");
    }

    internal int Descriptor => (int)_counter.DangerousGetHandle();

    /// <summary>From any thread.</summary>
    internal void Set()
    {
        ulong one = 1;
        Epoll.Write(Descriptor, (byte*)&one, sizeof(ulong));
        GC.KeepAlive(this);
    }

    /// <summary>It was noticed.</summary>
    internal void Clear()
    {
        ulong count;
        Epoll.Read(Descriptor, (byte*)&count, sizeof(ulong));
        GC.KeepAlive(this);
    }

    /// <summary>Waits until it is set, or for the time, and clears it.</summary>
    internal void Wait(int timeoutMs)
    {
        ulong interest = (uint)Descriptor | (ulong)Epoll.Readable << 32; // struct pollfd; POLLIN is EPOLLIN
        if (Epoll.Poll((byte*)&interest, 1, timeoutMs) > 0)
            Clear();
        GC.KeepAlive(this);
    }
}
