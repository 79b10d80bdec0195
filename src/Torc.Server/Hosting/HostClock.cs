using System.Diagnostics;
using Torc.Base;
using Torc.Server.Sockets;

namespace Torc.Server.Hosting;

/// <summary>The one place where a node reads the machine's clocks. Read once per turn and passed on.</summary>
internal static class HostClock
{
    private static readonly long Start = Stopwatch.GetTimestamp();

    internal static Instant Now => new(MonotonicMicros, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());

    /// <summary>On an event loop the time when its round began, which is read once for all its sockets; elsewhere the time.</summary>
    internal static Instant RoundNow => EventLoop.Current?.Now ?? Now;

    internal static long MonotonicMicros => Stopwatch.GetElapsedTime(Start).Ticks / TimeSpan.TicksPerMicrosecond;
}
