using Torc.Base;
using Torc.Core.Consensus;
using Torc.Storage.Disk;

namespace Torc.Server.Data;

/// <summary>
/// What this node promised and accepted as a voter on the cluster map: <see cref="AcceptorState"/>, then a CRC-32C of it. A node without the file
/// never voted; one with a damaged file must not start, because it could break its word.
/// </summary>
public static class VoteFile
{
    public const string FileName = "VOTE";

    private const int BytesMax = ConsensusMessage.ValueBytesMax + 1024;

    private const string WhatToDo =
        "Nothing was changed. Start the node with an empty data directory: it comes back under the same address as a new one, and the other replicas fill it.";

    /// <summary>Null when the node never voted. Throws <see cref="DataDirectoryException"/> when the file cannot be trusted.</summary>
    public static AcceptorState? Read(IDisk disk, string directory)
    {
        if (DirectoryFile.Read(disk, directory, FileName, BytesMax, WhatToDo) is not { } bytes)
            return null;
        int checkedBytes = bytes.Length - sizeof(uint);
        if (checkedBytes < 0 || new ByteReader(bytes.AsSpan(checkedBytes)).ReadUInt32() != Crc32C.Compute(bytes.AsSpan(0, checkedBytes))
            || !AcceptorState.TryDecode(bytes.AsSpan(0, checkedBytes), out AcceptorState? vote))
            throw new DataDirectoryException($"{Path.Combine(directory, FileName)}: its checksum does not match: the file is damaged. {WhatToDo}");
        return vote;
    }

    public static byte[] Encode(AcceptorState vote)
    {
        using var bytes = new ByteWriter();
        vote.Encode(bytes);
        bytes.WriteUInt32(Crc32C.Compute(bytes.Written));
        return bytes.Written.ToArray();
    }
}
