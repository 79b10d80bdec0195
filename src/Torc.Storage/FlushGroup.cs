using Torc.Storage.Disk;

namespace Torc.Storage;

/// <summary>
/// Everything appended and not yet written when <see cref="ShardStore.BeginFlush"/> was called: written, and synced when
/// <see cref="Syncs"/>, outside the lock. One at a time.
/// </summary>
public sealed class FlushGroup
{
    /// <summary>The log offset that is on disk once this group ran.</summary>
    public long EndOffset { get; internal set; }

    /// <summary>Whether the group ends with a sync.</summary>
    public bool Syncs { get; internal set; }

    /// <summary>Bytes to write.</summary>
    public long Bytes { get; internal set; }

    /// <summary>Writes and syncs. Throws <see cref="DiskFailedException"/> when a write or sync failed: the node stops.</summary>
    public void Run(IDisk disk) => throw new NotImplementedException();
}
