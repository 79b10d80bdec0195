namespace Torc.Storage.Disk;

/// <summary>
/// A small file that is replaced whole. The new bytes are written beside the old file, synced, renamed over it, and the directory synced:
/// after a power loss at any instant one of the two is there, whole.
/// </summary>
public static class ReplacedFile
{
    /// <summary>The name that a file has until it takes the place of the old one.</summary>
    public static string TemporaryNameOf(string name) => name + ".new";

    /// <summary>Null when there is no such file, or when it cannot be read whole: then <paramref name="problem"/> says why.</summary>
    public static byte[]? Read(IDisk disk, string name, int bytesMax, out string problem)
    {
        problem = "";
        if (!disk.List().Any(file => file.Name == name))
            return null;
        using IDiskFile file = disk.Open(name);
        if (file.Length is 0 || file.Length > bytesMax)
        {
            problem = $"has {file.Length} bytes: the file is damaged.";
            return null;
        }
        byte[] bytes = new byte[file.Length];
        if (file.Read(0, bytes) == DiskOutcome.Done)
            return bytes;
        problem = "cannot be read from the disk.";
        return null;
    }

    /// <summary>Durable when it returns <see cref="DiskOutcome.Done"/>; otherwise the old file is still in place.</summary>
    public static DiskOutcome Write(IDisk disk, string name, ReadOnlySpan<byte> bytes)
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
