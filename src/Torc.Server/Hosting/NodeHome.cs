using System.Security.Cryptography;
using Torc.Base;
using Torc.Core.Consensus;
using Torc.Core.Placement;
using Torc.Server.Data;
using Torc.Server.Disks;
using Torc.Server.Settings;
using Torc.Storage.Disk;

namespace Torc.Server.Hosting;

/// <summary>
/// Where a node keeps what makes it this node: its data directory, or with <c>storage = memory</c> nothing at all. A node
/// in memory is born anew at every start, so that the cluster knows that it lost everything.
/// </summary>
internal sealed class NodeHome : IDisposable
{
    private readonly SeededRandom _random = new(BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(sizeof(ulong))));
    private readonly DataDirectory? _directory;
    private readonly List<LibcDisk> _disks = [];
    private Identity _identity;

    private NodeHome(SettingValues settings)
    {
        int shards = settings.Get(SettingTable.Shards) is > 0 and int given ? given : Math.Min(settings.EventLoops, SettingTable.ShardsMax);
        var wish = new DataDirectoryWish(settings.FirstNodes.ToString(), (ushort)shards, settings.Get(SettingTable.SegmentBytes));
        if (settings.Get(SettingTable.Storage) == StorageChoice.Log)
            _directory = DataDirectory.Open(settings.Get(SettingTable.Data), wish, _random);
        _identity = _directory?.Identity ?? DataDirectory.Fresh(wish, _random);
        Map = DecodeMap(_identity.Map.Span, _directory?.Path);
        Vote = _directory?.ReadVote(isAlone: Map is { Voters.Count: 1 });
        NodeId = FindId(Map, Identity.Birth, settings);
    }

    /// <summary>The directory's path, or a word for people when there is none.</summary>
    internal string Name => _directory?.Path ?? "memory";

    internal Identity Identity => _directory?.Identity ?? _identity;

    /// <summary>The map of the last run, or null.</summary>
    internal ClusterMap? Map { get; }

    /// <summary>By birth in the map of the last run; without one, the place among the first nodes; none before the node has joined.</summary>
    internal ushort NodeId { get; }

    /// <summary>The last vote of an earlier run, or null.</summary>
    internal AcceptorState? Vote { get; }

    /// <summary>Locks and checks the directory; changes nothing in it.</summary>
    internal static NodeHome Open(SettingValues settings) => new(settings);

    /// <summary>Makes this start's incarnation durable. Before it nothing may be stamped.</summary>
    internal void BeginStart()
    {
        if (_directory is null)
            _identity = _identity.WithNextStart((uint)_random.Next());
        else
            _directory.BeginStart(_random);
    }

    internal void SaveMap(ClusterMap map)
    {
        using var bytes = new ByteWriter();
        map.Encode(bytes);
        if (_directory is null)
            _identity = _identity.WithMap(bytes.Written);
        else
            _directory.SaveMap(bytes.Written);
    }

    /// <summary>A node in memory has nothing to save: its next start has another birth, under which it has promised nothing.</summary>
    internal void SaveVote(AcceptorState vote) => _directory?.SaveVote(vote);

    /// <summary>Maps and votes can be saved on a full disk.</summary>
    internal bool HasReserve => _directory?.HasReserve ?? true;

    /// <summary>Takes space for that, as far as there is some.</summary>
    internal void TakeReserve() => _directory?.TakeReserve();

    /// <summary>The disk of one shard's log. A shard in memory gets one too, and leaves it alone.</summary>
    internal IDisk ShardDisk(int shard)
    {
        if (_directory is not null)
            return _directory.ShardDisk(shard);
        LibcDisk disk = LibcDisk.OpenDirectory(Path.GetTempPath());
        _disks.Add(disk);
        return disk;
    }

    public void Dispose()
    {
        foreach (LibcDisk disk in _disks)
            disk.Dispose();
        _directory?.Dispose();
    }

    private static ushort FindId(ClusterMap? map, ulong birth, SettingValues settings)
    {
        int fallback = settings.PlaceAmongFirstNodes is >= 0 and int place ? place : NodeInfo.NoId;
        if (map is null)
            return (ushort)fallback;
        if (map.Nodes.FirstOrDefault(node => node.Birth == birth) is { } listed)
            return listed.Id;
        foreach (RemovedNode removed in map.Removed)
        {
            if (removed.Birth == birth)
                return removed.Id;
        }
        // The map of a wiped node lists it under its old birth until the others took it in again.
        return map.Nodes.FirstOrDefault(node => node.PeerAddress == settings.PeerAddress.ToString())?.Id ?? (ushort)fallback;
    }

    private static ClusterMap? DecodeMap(ReadOnlySpan<byte> bytes, string? path)
    {
        if (bytes.IsEmpty)
            return null;
        if (bytes[0] > ClusterLevel.Newest)
            throw new DataDirectoryException($"{path}: its cluster is at level {bytes[0]}, and this torc knows levels up to {ClusterLevel.Newest}. Nothing was changed. Start with a torc as new as the one that ran here last.");
        return ClusterMap.TryDecode(bytes, out ClusterMap? map)
            ? map
            : throw new DataDirectoryException($"{path}: the cluster map in it cannot be read. Nothing was changed. Start with the torc that made this directory.");
    }
}
