using System.Globalization;
using Torc.Base;
using Torc.Core.Consensus;
using Torc.Server.Disks;
using Torc.Storage.Disk;

namespace Torc.Server.Data;

/// <summary>What a node asks of a directory before it uses it.</summary>
/// <param name="FirstNodes">Peer addresses of the first nodes, sorted, joined by commas.</param>
/// <param name="ShardCount">Shards to make when the directory is new.</param>
/// <param name="SegmentBytes">Bytes of a segment when the directory is new.</param>
public sealed record DataDirectoryWish(string FirstNodes, ushort ShardCount, long SegmentBytes);

/// <summary>
/// The directory of one node, locked for this process: the identity, the vote, a reserve of space for those, and one subdirectory for each shard's log.
/// <see cref="Open"/> changes nothing but the lock file; <see cref="BeginStart"/> makes the start's incarnation
/// durable, and no version may be stamped before it returned.
/// </summary>
public sealed class DataDirectory : IDisposable
{
    private readonly DirectoryLock _lock;
    private readonly LibcDisk _disk;
    private readonly SpaceReserve _reserve;
    private readonly List<LibcDisk> _shardDisks = [];
    private readonly Identity _found;

    private DataDirectory(string path, DirectoryLock directoryLock, LibcDisk disk, Identity found, bool isNew)
    {
        Path = path;
        _lock = directoryLock;
        _disk = disk;
        _reserve = new SpaceReserve(disk);
        _found = found;
        Identity = found;
        IsNew = isNew;
    }

    public string Path { get; }

    public Identity Identity { get; private set; }

    /// <summary>True when the directory was empty: nothing was ever acknowledged out of it.</summary>
    public bool IsNew { get; }

    /// <summary>
    /// Locks the directory and reads its identity. Throws <see cref="DataDirectoryException"/> when another process
    /// has it, when it belongs to another cluster or format, or when it holds files that are not Torc's.
    /// </summary>
    public static DataDirectory Open(string path, DataDirectoryWish wish, SeededRandom random)
    {
        string full = System.IO.Path.GetFullPath(path);
        RefuseForeignFiles(full);
        LibcDisk disk = LibcDisk.OpenDirectory(full);
        DirectoryLock? directoryLock = null;
        try
        {
            directoryLock = DirectoryLock.TryTake(full, out int holder)
                ?? throw new DataDirectoryException(
                    $"{full} is in use by {(holder == 0 ? "another process" : $"process {holder}")}. Stop that node, or start this one with another --data.");
            Identity? identity = IdentityFile.Read(disk, full);
            // A member finds its cluster by its map: one that joined was told none, and later starts need not be told any.
            bool isMember = identity is { Map.IsEmpty: false } && (identity.FirstNodes.Length == 0 || wish.FirstNodes.Length == 0);
            if (identity is not null && !isMember && identity.FirstNodes != wish.FirstNodes)
                throw new DataDirectoryException(OtherCluster(full, identity.FirstNodes, wish.FirstNodes));
            return new DataDirectory(full, directoryLock, disk, identity ?? Fresh(wish, random), identity is null);
        }
        catch
        {
            directoryLock?.Dispose();
            disk.Dispose();
            throw;
        }
    }

    /// <summary>Counts this start and makes it durable.</summary>
    public void BeginStart(SeededRandom random)
    {
        // The vote first: a directory is one from the moment on that it has an identity, and then it has a vote.
        if (IsNew)
            SaveVote(VoteFile.None);
        Replace(_found.WithNextStart((uint)random.Next()));
    }

    /// <summary>Makes a newer cluster map durable.</summary>
    public void SaveMap(ReadOnlySpan<byte> map) => Replace(Identity.WithMap(map));

    /// <summary>What this node last promised or accepted as a voter; null when it never did.</summary>
    /// <param name="isAlone">By its map no other node votes with it: then a lost vote can break no promise to anybody.</param>
    public AcceptorState? ReadVote(bool isAlone) => IsNew ? null : VoteFile.Read(_disk, Path, mayBeMissing: isAlone || !Identity.HasVote);

    /// <summary>Makes a vote durable.</summary>
    public void SaveVote(AcceptorState vote)
    {
        if (_reserve.Write(VoteFile.FileName, VoteFile.Encode(vote)) != DiskOutcome.Done)
            throw new DataDirectoryException($"{Path} has no room for the node's vote. Free some space.");
    }

    /// <summary>The space for maps and votes on a full disk is there.</summary>
    public bool HasReserve => _reserve.IsWhole;

    /// <summary>Takes that space, as far as there is some.</summary>
    public void TakeReserve() => _reserve.TryFill();

    /// <summary>The disk of one shard's log, made when it is missing. Owned by this directory.</summary>
    public IDisk ShardDisk(int shard)
    {
        Check.That(shard >= 0 && shard < Identity.ShardCount);
        LibcDisk disk = LibcDisk.OpenDirectory(System.IO.Path.Combine(Path, ShardName(shard)));
        _shardDisks.Add(disk);
        return disk;
    }

    public void Dispose()
    {
        foreach (LibcDisk disk in _shardDisks)
            disk.Dispose();
        _shardDisks.Clear();
        _reserve.Dispose();
        _disk.Dispose();
        _lock.Dispose();
    }

    private static string ShardName(int shard) => string.Create(CultureInfo.InvariantCulture, $"shard-{shard:00}");

    internal static Identity Fresh(DataDirectoryWish wish, SeededRandom random)
    {
        uint birth = (uint)random.Next();
        return new Identity
        {
            Birth = birth,
            IncarnationSeed = birth,
            StartCounter = 0,
            ShardCount = wish.ShardCount,
            SegmentBytes = wish.SegmentBytes,
            FirstNodes = wish.FirstNodes,
            Map = ReadOnlyMemory<byte>.Empty,
        };
    }

    private static string OtherCluster(string path, string had, string asked) =>
        $"{path} belongs to another cluster: its first nodes are {had}, and this node was told {asked}. "
        + "Nothing was changed. Start with the same --first-nodes (and peer port), or with another --data.";

    /// <summary>A directory without identity must be empty, so that a mistyped --data never mixes with somebody's files.</summary>
    private static void RefuseForeignFiles(string path)
    {
        if (!Directory.Exists(path))
        {
            if (File.Exists(path))
                throw new DataDirectoryException($"{path} is a file. Give --data a directory.");
            return;
        }
        try
        {
            bool identified = File.Exists(System.IO.Path.Combine(path, IdentityFile.FileName));
            string? foreign = identified ? null : Directory.EnumerateFileSystemEntries(path)
                .Select(System.IO.Path.GetFileName)
                .Where(static name => name is not (DirectoryLock.FileName or IdentityFile.TemporaryName or VoteFile.FileName or VoteFile.TemporaryName
                    or SpaceReserve.FileName or "lost+found"))
                .Order(StringComparer.Ordinal)
                .FirstOrDefault();
            if (foreign is not null)
                throw new DataDirectoryException(
                    $"{path} is no data directory of a node: it holds '{foreign}' and no {IdentityFile.FileName}. Nothing was changed. Give --data an empty or a new directory.");
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DataDirectoryException($"{path} cannot be read: {error.Message} Check its owner and rights, or give another --data.");
        }
    }

    private void Replace(Identity identity)
    {
        if (_reserve.Write(IdentityFile.FileName, IdentityFile.Encode(identity)) != DiskOutcome.Done)
            throw new DataDirectoryException($"{Path} has no room for the node's identity. Free some space and start again.");
        Identity = identity;
    }
}
