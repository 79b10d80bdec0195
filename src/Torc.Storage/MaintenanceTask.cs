using Torc.Base;
using Torc.Storage.Disk;

namespace Torc.Storage;

/// <summary>
/// One bounded step of background work: preparing a segment, writing a hint file, compaction, eviction, removal. Made under the
/// lock, run outside it, ended under it. One at a time.
/// </summary>
public abstract class MaintenanceTask
{
    private protected MaintenanceTask()
    {
    }

    /// <summary>The work outside the lock. Throws <see cref="DiskFailedException"/> when the node must stop.</summary>
    public abstract void Run(IDisk disk);

    /// <summary>The work under the lock afterwards.</summary>
    internal abstract void End(Instant now);
}
