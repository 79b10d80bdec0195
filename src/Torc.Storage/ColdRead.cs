using Torc.Storage.Disk;

namespace Torc.Storage;

/// <summary>
/// A read of records that are not in memory. Made under the shard's lock, run outside it on any thread, then passed back to the call
/// that made it as <c>finished</c>. It may also simply be dropped.
/// </summary>
public sealed class ColdRead
{
    /// <summary>Reads. Never throws for a record that cannot be read: the call it is passed back to says <see cref="FindOutcome.Damaged"/>.</summary>
    public void Run(IDisk disk) => throw new NotImplementedException();
}
