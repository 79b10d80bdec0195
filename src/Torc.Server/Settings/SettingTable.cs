using System.Net;
using Torc.Core.Placement;
using Torc.Server.Logging;
using static Torc.Server.Settings.SettingTypes;

namespace Torc.Server.Settings;

/// <summary>How the log reaches the disk. Words of the setting; the engine has its own type.</summary>
public enum DurabilityChoice { Always, EverySecond, OperatingSystem }

public enum SloppyChoice { On, Off }

public enum StorageChoice { Log, Memory }

public enum ConsistencyChoice { One, Two, Quorum, All, LocalOne, LocalQuorum, EachQuorum }

/// <summary>Every setting of a node, in the order the help lists them.</summary>
public static class SettingTable
{
    private const string Network = "Network";
    private const string Cluster = "Cluster";
    private const string Requests = "Requests";
    private const string StorageGroup = "Storage";
    private const string ClientsGroup = "Clients";
    private const string Operation = "Operation";
    internal const int ShardsMax = 64;
    private const int EventLoopsMax = 64;
    private const int PartitionsMax = 16384;
    private const int HourMs = 3_600_000;

    public static readonly Setting<int> Port = Number(Network, "port", 6379, 1, 65535, "", "Port for Redis clients.");
    public static readonly Setting<int> PeerPort = Number(Network, "peer-port", 7379, 1, 65535, "", "Port for the other nodes of the cluster.");
    public static readonly Setting<int> HttpPort = Number(Network, "http-port", 8379, 1, 65535, "", "Port for health, metrics and status over HTTP.");
    public static readonly Setting<string> Bind = Words(Network, "bind", "127.0.0.1", "an IP address", "Address that all three ports listen on; 0.0.0.0 for every interface.", static text => IPAddress.TryParse(text, out _));
    public static readonly Setting<int> EventLoops = Number(Network, "event-loops", 0, 0, EventLoopsMax, "; 0: one for two processors", "Threads that serve clients and peers.");
    public static readonly Setting<string> Advertise = Words(Network, "advertise", "", "a host name or an IP address", "Host under which clients and other nodes reach this node; by default the address of --bind.", static text => text.Length == 0 || Uri.CheckHostName(text) != UriHostNameType.Unknown);

    public static readonly Setting<AddressList> FirstNodes = Addresses(Cluster, "first-nodes", "Peer addresses of all nodes that make the cluster, this one included, the same on each; empty for a cluster of one.");
    public static readonly Setting<AddressList> Seeds = Addresses(Cluster, "seeds", "Peer addresses of some members of a running cluster that the node is to join; it waits until torc join lets it in, and needs them no more then.");
    public static readonly Setting<string> ClusterSecret = Words(Cluster, "cluster-secret", "", "text", "What the nodes of a cluster prove to each other that they know, the same on each; long and random, and rather in a file or the environment than on a command line. Empty: any node that says so is believed.", static text => text.Length <= 512) with { IsSecret = true, Printer = static value => value.Length == 0 ? "" : "(set)" };
    public static readonly Setting<string> DataCentre = Words(Cluster, "dc", "dc1", "1 to 64 letters, digits, '-', '_', '.'", "Data centre that the node is in.", IsLabel);
    public static readonly Setting<string> Rack = Words(Cluster, "rack", "rack1", "1 to 64 letters, digits, '-', '_', '.'", "Rack (failure domain within the data centre) that the node is in.", IsLabel);
    public static readonly Setting<int> Weight = Number(Cluster, "weight", 100, 1, NodeInfo.WeightMax, "", "Capacity of the node relative to the others: one of weight 200 gets twice the partitions of one of 100.");
    public static readonly Setting<int> Partitions = Number(Cluster, "partitions", 256, 1, PartitionsMax, ", a power of two", "Partitions of the ring; fixed when the cluster is made, the same on each first node.");
    public static readonly Setting<CopiesWanted> ReplicationFactor = Copies(Cluster, "replication-factor", "3", "Nodes that keep each key, in all or in each data centre, the same on each first node; a running cluster is changed with torc copies. Also --replicas.") with { Alias = "replicas" };
    public static readonly Setting<int> LevelMax = Number(Cluster, "level-max", ClusterLevel.Newest, ClusterLevel.Oldest, ClusterLevel.Newest, "", "Highest cluster level that the node agrees to; lower while nodes are upgraded one by one and you may want to go back.");
    public static readonly Setting<int> HeartbeatIntervalMs = Number(Cluster, "heartbeat-interval-ms", 250, 10, 60_000, " ms", "Time between two heartbeats to each peer.");
    public static readonly Setting<int> PeerDownMs = Number(Cluster, "peer-down-ms", 2_500, 100, HourMs, " ms", "Silence after which a peer is taken to be down; several heartbeats.");
    public static readonly Setting<int> ClockSkewMaxMs = Number(Cluster, "clock-skew-max-ms", 500, 10, HourMs, " ms", "A node whose clock is further than this from its peers' refuses client writes.");

    public static readonly Setting<ConsistencyChoice> ReadConsistency = Level("read-consistency", "Replicas that answer a read before its reply, unless the connection chose with TORC.CONSISTENCY.");
    public static readonly Setting<ConsistencyChoice> WriteConsistency = Level("write-consistency", "Replicas that have a write before its reply, unless the connection chose with TORC.CONSISTENCY.");
    public static readonly Setting<int> ReadTimeoutMs = Number(Requests, "read-timeout-ms", 2_000, 10, HourMs, " ms", "A read that has not met its level by then answers TIMEOUT.");
    public static readonly Setting<int> WriteTimeoutMs = Number(Requests, "write-timeout-ms", 3_000, 10, HourMs, " ms", "A write that has not met its level by then answers TIMEOUT: its outcome is unknown.");
    public static readonly Setting<int> SpeculativeRetryMs = Number(Requests, "speculative-retry-ms", 50, 1, HourMs, " ms", "A read asks one more replica when the chosen ones took longer than this, or than the 99th percentile.");

    public static readonly Setting<SloppyChoice> SloppyQuorum = Choice(Requests, "sloppy-quorum", SloppyChoice.On, "Whether a write that another node keeps for a replica that is down counts towards its level (plain writes below ALL); off: only replicas count. Fixed when the cluster is made, the same on each first node.", ("on", SloppyChoice.On), ("off", SloppyChoice.Off));
    public static readonly Setting<long> HintBytesMax = Size(Requests, "hint-bytes-max", "1gb", "0", "1tb", "Bytes of writes that this node keeps for one replica that is down; beyond, it refuses to keep more.");
    public static readonly Setting<int> HintLifetimeMinutes = Number(Requests, "hint-lifetime-minutes", 180, 0, 100_000, " minutes", "No new writes are kept for a replica that is down for longer; those that were kept stay until it has them.");

    public static readonly Setting<long> RepairBytesPerSecondMax = Size(Requests, "repair-bytes-per-second-max", "64mb", "64kb", "64gb", "Bytes of rows that this node pulls from others in a second, for repairs and for partitions that move to it.");

    public static readonly Setting<int> TombstoneAgeMinutes = Number(StorageGroup, "tombstone-age-minutes", 60, 0, 1_000_000, " minutes; 0: never", "Deletes older than this are forgotten, and give their space back, once every replica has them; all nodes must be up for that.");

    public static readonly Setting<string> Data = Words(StorageGroup, "data", "./torc-data", "a directory", "Directory of the node's data; one node each.", static text => text.Length > 0);
    public static readonly Setting<DurabilityChoice> Durability = Choice(StorageGroup, "durability", DurabilityChoice.Always, "When a write is on disk: before its reply, within a second, or when the operating system likes. Before its reply the operating system has it in any case.", ("always", DurabilityChoice.Always), ("everysec", DurabilityChoice.EverySecond), ("os", DurabilityChoice.OperatingSystem));
    public static readonly Setting<StorageChoice> Storage = Choice(StorageGroup, "storage", StorageChoice.Log, "Keep data in log files, or in memory only (gone when the node stops).", ("log", StorageChoice.Log), ("memory", StorageChoice.Memory));
    public static readonly Setting<int> Shards = Number(StorageGroup, "shards", 0, 0, ShardsMax, "; 0: one an event loop", "Slices of the node, each with its own lock and log; fixed when the data directory is made.");
    public static readonly Setting<long> SegmentBytes = Size(StorageGroup, "segment-bytes", "64mb", "1mb", "1gb", "Size of a log file; a key with its value may be half of one. Fixed when the data directory is made.");
    public static readonly Setting<long> ResidentBytesMax = Size(StorageGroup, "resident-bytes-max", "0", "0", "64tb", "Memory for records, over all shards; colder ones are read from disk. 0: half of the memory the process may use.");
    public static readonly Setting<int> CompactionLivePercentMax = Number(StorageGroup, "compaction-live-percent-max", 50, 1, 95, " percent", "Log files are rewritten while less than this of them is live data.");
    public static readonly Setting<long> UnflushedBytesMax = Size(StorageGroup, "unflushed-bytes-max", "64mb", "1mb", "16gb", "Log bytes per shard that may wait for the disk; writes beyond wait.");

    public static readonly Setting<string> RequirePass = Words(ClientsGroup, "requirepass", "", "text", "Password that clients must give with AUTH; empty for none.", static text => text.Length <= 512) with { IsSecret = true };
    public static readonly Setting<int> MaxClients = Number(ClientsGroup, "maxclients", 10_000, 1, 1_000_000, "", "Client connections at one time; one more is refused with an error.");
    public static readonly Setting<int> Timeout = Number(ClientsGroup, "timeout", 0, 0, 31_536_000, " seconds; 0: never", "A client that is idle for longer is closed.");
    public static readonly Setting<long> OutputBufferLimit = Size(ClientsGroup, "client-output-buffer-limit", "256mb", "1mb", "64gb", "Replies that may wait for one client to read them; beyond, it is closed.");
    public static readonly Setting<int> OutputStallSeconds = Number(ClientsGroup, "client-output-stall-seconds", 60, 1, 86_400, " seconds", "A client that takes none of the replies that wait for it for longer is closed.");
    public static readonly Setting<long> QueryBufferLimit = Size(ClientsGroup, "client-query-buffer-limit", "64mb", "1mb", "4gb", "Bytes of one command, and of commands that wait behind it, from one client; beyond, it is closed.");
    public static readonly Setting<long> BulkLengthMax = Size(ClientsGroup, "proto-max-bulk-len", "0", "0", "512mb", "Greatest argument of a command. 0: half of --segment-bytes, the greatest that can be stored.");

    public static readonly Setting<LineLevel> LogLevel = Choice(Operation, "log-level", LineLevel.Info, "Least important messages that are logged, to standard error.", ("debug", LineLevel.Debug), ("info", LineLevel.Info), ("warning", LineLevel.Warning), ("error", LineLevel.Error));

    /// <summary>All of them, in declaration order.</summary>
    public static IReadOnlyList<Setting> All { get; } =
    [
        Port, PeerPort, HttpPort, Bind, EventLoops, Advertise,
        FirstNodes, Seeds, ClusterSecret, DataCentre, Rack, Weight, Partitions, ReplicationFactor, LevelMax, HeartbeatIntervalMs, PeerDownMs, ClockSkewMaxMs,
        ReadConsistency, WriteConsistency, ReadTimeoutMs, WriteTimeoutMs, SpeculativeRetryMs, SloppyQuorum, HintBytesMax, HintLifetimeMinutes, RepairBytesPerSecondMax,
        Data, Durability, Storage, Shards, SegmentBytes, ResidentBytesMax, CompactionLivePercentMax, UnflushedBytesMax, TombstoneAgeMinutes,
        RequirePass, MaxClients, Timeout, OutputBufferLimit, OutputStallSeconds, QueryBufferLimit, BulkLengthMax,
        LogLevel,
    ];

    private static readonly Dictionary<string, Setting> ByName = All.ToDictionary(static setting => setting.Name, StringComparer.Ordinal);

    private static readonly Dictionary<string, Setting> ByAlias = All.Where(static setting => setting.Alias.Length > 0).ToDictionary(static setting => setting.Alias, StringComparer.Ordinal);

    /// <summary>The setting of that name, or null.</summary>
    public static Setting? Find(string name) => ByName.GetValueOrDefault(name) ?? ByAlias.GetValueOrDefault(name);

    /// <summary>The known name nearest to a mistyped one, or null when none is near.</summary>
    public static string? Nearest(string name) => NearestName.Of(name, ByName.Keys);

    private static Setting<ConsistencyChoice> Level(string name, string meaning) =>
        Choice(Requests, name, ConsistencyChoice.Quorum, meaning, ("one", ConsistencyChoice.One), ("two", ConsistencyChoice.Two), ("quorum", ConsistencyChoice.Quorum), ("all", ConsistencyChoice.All),
            ("local_one", ConsistencyChoice.LocalOne), ("local_quorum", ConsistencyChoice.LocalQuorum), ("each_quorum", ConsistencyChoice.EachQuorum));

    private static bool IsLabel(string text) =>
        text.Length is >= 1 and <= 64 && text.All(static letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.');
}
