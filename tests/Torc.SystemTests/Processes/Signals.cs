using System.Runtime.InteropServices;

namespace Torc.SystemTests.Processes;

/// <summary>Signals that .NET cannot send to another process.</summary>
internal static partial class Signals
{
    internal const int Interrupt = 2;
    internal const int Terminate = 15;
    internal const int Continue = 18;
    internal const int Pause = 19;

    internal static void Send(int processId, int signal)
    {
        if (KillProcess(processId, signal) != 0)
            throw new InvalidOperationException($"signal {signal} to process {processId}: errno {Marshal.GetLastPInvokeError()}");
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int KillProcess(int processId, int signal);
}
