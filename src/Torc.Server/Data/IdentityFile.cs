using Torc.Base;
using Torc.Storage.Disk;

namespace Torc.Server.Data;

/// <summary>Reads and replaces the identity of a data directory.</summary>
public static class IdentityFile
{
    public const string FileName = "IDENTITY";
    public const string TemporaryName = "IDENTITY.new";

    private const string WhatToDo = "Nothing was changed. Start with another --data, or with the torc that made this one; if the disk did this, with an empty --data: the other copies fill it.";

    /// <summary>Null when the directory has no identity. Throws <see cref="DataDirectoryException"/> when it cannot be understood.</summary>
    public static Identity? Read(IDisk disk, string directory)
    {
        if (DirectoryFile.Read(disk, directory, FileName, Identity.BytesMax, WhatToDo) is not { } bytes)
            return null;
        if (!Identity.TryDecode(bytes, out Identity? identity, out string problem))
            throw new DataDirectoryException($"{Path.Combine(directory, FileName)}: {problem}. {WhatToDo}");
        return identity;
    }

    public static byte[] Encode(Identity identity)
    {
        using var bytes = new ByteWriter();
        identity.Encode(bytes);
        return bytes.Written.ToArray();
    }
}
