using System.Diagnostics;
using Torc.Base;

namespace Torc.Server.Hosting;

/// <summary>The one place where a node reads the machine's clocks. Read once per turn and passed on.</summary>
internal static class HostClock
{
    private static readonly long Start = Stopwatch.GetTimestamp();

    internal static Instant Now => new(MonotonicMicros, DateTimeOffset.UtcNow.ToUnixTimeMilliseconds());

    internal static long MonotonicMicros => Stopwatch.GetElapsedTime(Start).Ticks / TimeSpan.TicksPerMicrosecond;
}
