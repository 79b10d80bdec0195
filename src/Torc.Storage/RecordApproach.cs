using Torc.Storage.Directory;

namespace Torc.Storage;

/// <summary>
/// How far a key's record has been brought towards the processor's cache; see <see cref="ShardStore.Approach"/>. Holds no references.
/// Forget it when the store changes.
/// </summary>
public struct RecordApproach
{
    internal DirectoryApproach Way;

    /// <summary>Where the way leads.</summary>
    internal int Directory;

    /// <summary>The record will make way for another, appended one: little of it is looked at, and it is marked dead.</summary>
    internal bool IsReplaced;

    /// <summary>There is more to ask the memory for.</summary>
    public readonly bool IsUnderWay => Way.IsUnderWay;

    /// <summary>There is nothing to ask for.</summary>
    public void End() => Way.End();
}
