using System.Runtime.InteropServices;

namespace Torc.Server.CommandLine;

/// <summary>
/// Ctrl-C on a command that only watches: the first one ends the watching, so that the command can say what goes on without it; a second one ends the
/// process. Not for all commands alike: a node that serves has a stop of its own.
/// </summary>
internal static class Interruption
{
    internal static async Task<int> Watch(Func<CancellationToken, Task<int>> run)
    {
        using var stop = new CancellationTokenSource();
        using PosixSignalRegistration interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => EndOnce(signal, stop));
        using PosixSignalRegistration terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => EndOnce(signal, stop));
        return await run(stop.Token);
    }

    /// <summary>The first signal asks for an end; a second one ends the process.</summary>
    internal static void EndOnce(PosixSignalContext signal, CancellationTokenSource stop)
    {
        signal.Cancel = !stop.IsCancellationRequested;
        stop.Cancel();
    }
}
