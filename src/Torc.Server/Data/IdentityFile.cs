using Torc.Base;
using Torc.Storage.Disk;

namespace Torc.Server.Data;

/// <summary>
/// Reads and replaces the identity of a data directory. A replacement is written beside the old file, synced,
/// renamed over it, and the directory synced: after a power loss at any instant one of the two is there, whole.
/// </summary>
public static class IdentityFile
{
    public const string FileName = "IDENTITY";
    public const string TemporaryName = "IDENTITY.new";

    /// <summary>Null when the directory has no identity. Throws <see cref="DataDirectoryException"/> when it cannot be understood.</summary>
    public static Identity? Read(IDisk disk, string directory)
    {
        if (!disk.List().Any(static file => file.Name == FileName))
            return null;
        using IDiskFile file = disk.Open(FileName);
        string path = Path.Combine(directory, FileName);
        if (file.Length is 0 or > Identity.BytesMax)
            throw new DataDirectoryException($"{path} has {file.Length} bytes: the file is damaged. {WhatToDo}");
        byte[] bytes = new byte[file.Length];
        if (file.Read(0, bytes) != DiskOutcome.Done)
            throw new DataDirectoryException($"{path} cannot be read from the disk. {WhatToDo}");
        if (!Identity.TryDecode(bytes, out Identity? identity, out string problem))
            throw new DataDirectoryException($"{path}: {problem}. {WhatToDo}");
        return identity;
    }

    private const string WhatToDo = "Nothing was changed. Start with another --data, or with the torc that made this one.";

    /// <summary>Durable when it returns <see cref="DiskOutcome.Done"/>; otherwise the old identity is still in place.</summary>
    public static DiskOutcome Write(IDisk disk, Identity identity)
    {
        if (disk.List().Any(static file => file.Name == TemporaryName))
            disk.Delete(TemporaryName);
        using var bytes = new ByteWriter();
        identity.Encode(bytes);
        DiskOutcome outcome = disk.Create(TemporaryName, 0, out IDiskFile? file);
        if (outcome != DiskOutcome.Done)
            return outcome;
        using (file)
        {
            outcome = file!.Write(0, bytes.Written);
            if (outcome == DiskOutcome.Done)
                file.Sync();
        }
        if (outcome != DiskOutcome.Done)
        {
            disk.Delete(TemporaryName);
            return outcome;
        }
        disk.Rename(TemporaryName, FileName);
        disk.SyncDirectory();
        return DiskOutcome.Done;
    }
}
