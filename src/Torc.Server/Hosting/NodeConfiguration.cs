using System.Collections.Frozen;
using System.Text;
using Torc.Core.Membership;
using Torc.Core.Placement;
using Torc.Core.Replication;
using Torc.Node;
using Torc.Node.Peers;
using Torc.Protocols.Resp;
using Torc.Server.Settings;
using Torc.Storage;

namespace Torc.Server.Hosting;

/// <summary>Turns a user's settings into the options of the layers below.</summary>
internal static class NodeConfiguration
{
    /// <summary>How much longer a forwarder waits than the coordinator it asked.</summary>
    private const int ForwardGraceMs = 500;

    internal static NodeOptions Options(SettingValues settings) => new()
    {
        OperationTimeoutMs = Math.Max(settings.Get(SettingTable.ReadTimeoutMs), settings.Get(SettingTable.WriteTimeoutMs)),
        ForwardTimeoutMs = Math.Max(settings.Get(SettingTable.ReadTimeoutMs), settings.Get(SettingTable.WriteTimeoutMs)) + ForwardGraceMs,
        SpeculativeReadMs = settings.Get(SettingTable.SpeculativeRetryMs),
        HeartbeatIntervalMs = settings.Get(SettingTable.HeartbeatIntervalMs),
        PeerSilenceMs = settings.Get(SettingTable.PeerDownMs),
        HintBytesPerTargetMax = settings.Get(SettingTable.HintBytesMax),
        HintLifetimeMs = settings.Get(SettingTable.HintLifetimeMinutes) * 60_000L,
        RepairBytesPerSecondMax = settings.Get(SettingTable.RepairBytesPerSecondMax),
        TombstoneAgeMs = settings.Get(SettingTable.TombstoneAgeMinutes) * 60_000L,
        ClockSkewMsMax = settings.Get(SettingTable.ClockSkewMaxMs),
    };

    internal static FormationSettings Formation(SettingValues settings)
    {
        ConsistencyLevel read = Level(settings.Get(SettingTable.ReadConsistency));
        ConsistencyLevel write = Level(settings.Get(SettingTable.WriteConsistency));
        bool sloppy = settings.Get(SettingTable.SloppyQuorum) == SloppyChoice.On;
        return new FormationSettings(
            [.. settings.FirstNodes.Addresses.Select(static address => address.ToString())],
            settings.Get(SettingTable.Partitions), settings.Get(SettingTable.ReplicationFactor),
            [.. Enumerable.Range(0, KeyspaceSettings.UserKeyspacesMax).Select(id => new KeyspaceSettings((byte)id, read, write, sloppy))])
        {
            LevelMax = (byte)settings.Get(SettingTable.LevelMax),
            Seeds = [.. settings.Get(SettingTable.Seeds).Addresses.Select(static address => address.ToString())],
        };
    }

    internal static NodeInfo Self(SettingValues settings, ushort id, ulong birth) => new(
        id, settings.PeerAddress.ToString(), settings.AdvertisedHost,
        settings.Get(SettingTable.Port), settings.Get(SettingTable.HttpPort),
        settings.Get(SettingTable.DataCentre), settings.Get(SettingTable.Rack), settings.Get(SettingTable.Weight), birth);

    internal static StorageOptions Storage(SettingValues settings, long segmentBytes, int shard, int shards) => new()
    {
        SegmentBytes = (int)segmentBytes,
        ResidentBytesMax = ResidentBytes(settings) / shards,
        Durability = Durability(settings),
        Mode = settings.Get(SettingTable.Storage) == StorageChoice.Log ? StorageMode.Log : StorageMode.Memory,
        CompactionLiveRatioMax = settings.Get(SettingTable.CompactionLivePercentMax) / 100.0,
        UnflushedBytesMax = settings.Get(SettingTable.UnflushedBytesMax),
        ShardIndex = shard,
    };

    internal static Durability Durability(SettingValues settings) => settings.Get(SettingTable.Durability) switch
    {
        DurabilityChoice.Always => Torc.Storage.Durability.Always,
        DurabilityChoice.EverySecond => Torc.Storage.Durability.EverySecond,
        _ => Torc.Storage.Durability.OperatingSystem,
    };

    internal static RespLimits Limits(SettingValues settings, long segmentBytes) => new()
    {
        BulkBytesMax = (int)settings.BulkBytesMax(segmentBytes),
        CommandBytesMax = (int)Math.Min(settings.Get(SettingTable.QueryBufferLimit), int.MaxValue / 2),
    };

    /// <summary>Every setting by name, with the names that Redis's clients and tools ask for.</summary>
    internal static FrozenDictionary<string, string> Shown(SettingValues settings)
    {
        var shown = new Dictionary<string, string>(settings.Shown(), StringComparer.Ordinal)
        {
            ["save"] = "",
            ["appendonly"] = settings.Get(SettingTable.Storage) == StorageChoice.Log ? "yes" : "no",
            ["appendfsync"] = settings.Get(SettingTable.Durability) switch
            {
                DurabilityChoice.Always => "always",
                DurabilityChoice.EverySecond => "everysec",
                _ => "no",
            },
            ["databases"] = "16",
            ["cluster-enabled"] = "yes",
            ["maxmemory"] = "0",
            ["maxmemory-policy"] = "noeviction",
            ["dir"] = settings.Get(SettingTable.Data),
        };
        return shown.ToFrozenDictionary(StringComparer.Ordinal);
    }

    internal static byte[]? Password(SettingValues settings) =>
        settings.Get(SettingTable.RequirePass) is { Length: > 0 } password ? Encoding.UTF8.GetBytes(password) : null;

    internal static ClusterSecret? Secret(SettingValues settings) =>
        settings.Get(SettingTable.ClusterSecret) is { Length: > 0 } secret ? new ClusterSecret(secret) : null;

    private static ConsistencyLevel Level(ConsistencyChoice choice) => choice switch
    {
        ConsistencyChoice.One => ConsistencyLevel.One,
        ConsistencyChoice.Two => ConsistencyLevel.Two,
        ConsistencyChoice.All => ConsistencyLevel.All,
        ConsistencyChoice.LocalOne => ConsistencyLevel.LocalOne,
        ConsistencyChoice.LocalQuorum => ConsistencyLevel.LocalQuorum,
        ConsistencyChoice.EachQuorum => ConsistencyLevel.EachQuorum,
        _ => ConsistencyLevel.Quorum,
    };

    private static long ResidentBytes(SettingValues settings) => settings.Get(SettingTable.ResidentBytesMax) is > 0 and long given
        ? given
        : GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2;
}
