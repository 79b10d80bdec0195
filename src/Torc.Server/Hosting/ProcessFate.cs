using System.Runtime.InteropServices;
using Torc.Server.CommandLine;
using Torc.Server.Logging;
using Torc.Storage.Disk;

namespace Torc.Server.Hosting;

/// <summary>
/// Ends the process at once on a fault that no reply may follow. The C library's <c>_exit</c> is used, not .NET's exit: no
/// handler runs and no other thread can still send an acknowledgement.
/// </summary>
internal sealed partial class ProcessFate(ILogger log) : INodeFate
{
    private int _failed;

    public void Fail(Exception error)
    {
        // Only the first fault is told; what other threads meet after it is its consequence.
        if (Interlocked.Exchange(ref _failed, 1) != 0)
        {
            Thread.Sleep(Timeout.Infinite);
            return;
        }
        DiskFailedException? disk = error as DiskFailedException ?? (error as AggregateException)?.InnerExceptions.OfType<DiskFailedException>().FirstOrDefault();
        if (disk is not null)
            log.DiskFailed(disk.Message);
        else
            log.Broken(error);
        ExitNow(disk is null ? ExitCode.Broken : ExitCode.DiskFailed);
    }

    [LibraryImport("libc", EntryPoint = "_exit")]
    private static partial void ExitNow(int code);
}
