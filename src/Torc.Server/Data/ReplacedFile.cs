using Torc.Storage.Disk;

namespace Torc.Server.Data;

/// <summary>
/// A small file that is replaced whole. The new bytes are written beside the old file, synced, renamed over it, and the directory synced:
/// after a power loss at any instant one of the two is there, whole.
/// </summary>
internal static class ReplacedFile
{
    /// <summary>The name that a file has until it takes the place of the old one.</summary>
    internal static string TemporaryNameOf(string name) => name + ".new";

    /// <summary>Null when there is no such file. Throws <see cref="DataDirectoryException"/> when it cannot be read whole.</summary>
    internal static byte[]? Read(IDisk disk, string directory, string name, int bytesMax, string whatToDo)
    {
        if (!disk.List().Any(file => file.Name == name))
            return null;
        using IDiskFile file = disk.Open(name);
        string path = Path.Combine(directory, name);
        if (file.Length is 0 || file.Length > bytesMax)
            throw new DataDirectoryException($"{path} has {file.Length} bytes: the file is damaged. {whatToDo}");
        byte[] bytes = new byte[file.Length];
        return file.Read(0, bytes) == DiskOutcome.Done ? bytes : throw new DataDirectoryException($"{path} cannot be read from the disk. {whatToDo}");
    }

    /// <summary>Durable when it returns <see cref="DiskOutcome.Done"/>; otherwise the old file is still in place.</summary>
    internal static DiskOutcome Write(IDisk disk, string name, ReadOnlySpan<byte> bytes)
    {
        string temporary = TemporaryNameOf(name);
        if (disk.List().Any(file => file.Name == temporary))
            disk.Delete(temporary);
        DiskOutcome outcome = disk.Create(temporary, 0, out IDiskFile? file);
        if (outcome != DiskOutcome.Done)
            return outcome;
        using (file)
        {
            outcome = file!.Write(0, bytes);
            if (outcome == DiskOutcome.Done)
                file.Sync();
        }
        if (outcome != DiskOutcome.Done)
        {
            disk.Delete(temporary);
            return outcome;
        }
        disk.Rename(temporary, name);
        disk.SyncDirectory();
        return DiskOutcome.Done;
    }
}
