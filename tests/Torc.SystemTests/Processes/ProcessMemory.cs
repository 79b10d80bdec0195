using System.Globalization;

namespace Torc.SystemTests.Processes;

/// <summary>Resident memory of a process, from /proc.</summary>
internal static class ProcessMemory
{
    private const int BytesPerKilobyte = 1024;

    internal static long ResidentBytes(int processId) => Field(processId, "VmRSS:");

    /// <summary>The most that was resident since the start or since <see cref="ResetPeak"/>.</summary>
    internal static long PeakBytes(int processId) => Field(processId, "VmHWM:");

    internal static void ResetPeak(int processId) => File.WriteAllText($"/proc/{processId}/clear_refs", "5");

    private static long Field(int processId, string name)
    {
        string line = File.ReadLines($"/proc/{processId}/status").Single(line => line.StartsWith(name, StringComparison.Ordinal));
        return long.Parse(line.Split(' ', '\t').First(static word => word.Length > 0 && char.IsAsciiDigit(word[0])), CultureInfo.InvariantCulture) * BytesPerKilobyte;
    }
}
