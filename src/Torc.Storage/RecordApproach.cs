using Torc.Storage.Directory;

namespace Torc.Storage;

/// <summary>
/// How far a key's record has been brought towards the processor's cache; see <see cref="ShardStore.Approach"/>. Holds no references.
/// Forget it when the store changes.
/// </summary>
public struct RecordApproach
{
    internal RecordApproach(DirectoryApproach way, bool isReplaced) => (Way, IsReplaced) = (way, isReplaced);

    internal DirectoryApproach Way;

    /// <summary>The record will make way for another, appended one: little of it is looked at, and it is marked dead.</summary>
    internal readonly bool IsReplaced;

    /// <summary>There is more to ask the memory for.</summary>
    public readonly bool IsUnderWay => Way.IsUnderWay;
}
