using Torc.Base;
using Torc.Core.Consensus;
using Torc.Storage.Disk;

namespace Torc.Server.Data;

/// <summary>
/// What this node promised and accepted as a voter on the cluster map: <see cref="AcceptorState"/>, then a CRC-32C of it. It is made with the data directory,
/// before the identity; a node whose file is damaged or missing must not start, because it could break its word.
/// </summary>
public static class VoteFile
{
    public const string FileName = "VOTE";
    public const string TemporaryName = "VOTE.new";

    private const int BytesMax = ConsensusMessage.ValueBytesMax + 1024;

    private const string WhatToDo =
        "Nothing was changed. Start the node with an empty data directory: it comes back under the same address as a new one, and the other replicas fill it.";

    /// <summary>Of a node that never voted: it belongs to no epoch, so it binds to nothing.</summary>
    public static AcceptorState None { get; } = new(Epoch: 0, Birth: 0, Ballot.None, Ballot.None, ReadOnlyMemory<byte>.Empty);

    /// <summary>Null when there is no file and none is needed. Throws <see cref="DataDirectoryException"/> when the file cannot be trusted.</summary>
    public static AcceptorState? Read(IDisk disk, string directory, bool mayBeMissing)
    {
        if (DirectoryFile.Read(disk, directory, FileName, BytesMax, WhatToDo) is not { } bytes)
        {
            return mayBeMissing
                ? null
                : throw new DataDirectoryException(
                    $"{Path.Combine(directory, FileName)} is missing, and with it what this node promised as a voter. Put the file back if you can. Otherwise: {WhatToDo}");
        }
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
