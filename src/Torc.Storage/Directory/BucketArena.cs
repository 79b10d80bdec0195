namespace Torc.Storage.Directory;

/// <summary>The memory of all key directories of a shard.</summary>
public sealed class BucketArena : IDisposable
{
    public BucketArena(long bytesMax) => BytesMax = bytesMax;

    public long BytesMax { get; }

    /// <summary>Native memory held, in use or free.</summary>
    public long MappedBytes { get; private set; }

    /// <summary>True while any single insert is sure to find memory; ask before <see cref="KeyDirectory.Insert"/>.</summary>
    public bool HasRoom => true;

    public void Dispose() => MappedBytes = 0;
}
