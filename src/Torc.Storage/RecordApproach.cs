using Torc.Storage.Directory;

namespace Torc.Storage;

/// <summary>
/// How far a key's record has been brought towards the processor's cache; see <see cref="ShardStore.Approach"/>. Holds no references.
/// Forget it when the store changes.
/// </summary>
public struct RecordApproach
{
    internal RecordApproach(BucketWalk walk) => Walk = walk;

    internal BucketWalk Walk;

    /// <summary>There is more to ask the memory for.</summary>
    public readonly bool IsUnderWay => Walk.IsActive;
}
