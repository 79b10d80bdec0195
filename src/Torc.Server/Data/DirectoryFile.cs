using Torc.Storage.Disk;

namespace Torc.Server.Data;

/// <summary>Reads the small files of a data directory.</summary>
internal static class DirectoryFile
{
    /// <summary>Null when there is no such file. Throws <see cref="DataDirectoryException"/> when it cannot be read whole.</summary>
    internal static byte[]? Read(IDisk disk, string directory, string name, int bytesMax, string whatToDo)
    {
        byte[]? bytes = ReplacedFile.Read(disk, name, bytesMax, out string problem);
        return problem.Length == 0 ? bytes : throw new DataDirectoryException($"{Path.Combine(directory, name)} {problem} {whatToDo}");
    }
}
