namespace Torc.Storage.Directory;

/// <summary>One entry to fill a <see cref="KeyDirectory"/> with.</summary>
public readonly record struct DirectoryEntry(ulong Hash, long Address);
