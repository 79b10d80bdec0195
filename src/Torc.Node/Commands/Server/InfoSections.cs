using System.Globalization;
using System.Text;
using Torc.Node.Commands.Cluster;
using Torc.Node.Control;
using Torc.Node.Sessions;

namespace Torc.Node.Commands.Server;

/// <summary>A section of INFO; the name is what clients ask for, the title what they read.</summary>
internal sealed record InfoSection(string Name, string Title, Action<Session, StringBuilder> Write);

/// <summary>
/// The sections and their lines. Names are those of Redis where the value means the same, so that tools find them; what only Torc has
/// begins with <c>torc_</c>. Values that would not be real are left out.
/// </summary>
internal static class InfoSections
{
    public static readonly IReadOnlyList<InfoSection> All =
    [
        new("server", "Server", Server),
        new("clients", "Clients", Clients),
        new("memory", "Memory", Memory),
        new("persistence", "Persistence", Persistence),
        new("stats", "Stats", Statistics),
        new("replication", "Replication", Replication),
        new("repair", "Repair", Repair),
        new("cpu", "CPU", Cpu),
        new("commandstats", "Commandstats", CommandStatistics),
        new("cluster", "Cluster", Cluster),
        new("keyspace", "Keyspace", static (_, _) => { }),
    ];

    public static bool IsDefault(string section) => section != "commandstats";

    private static void Server(Session session, StringBuilder text)
    {
        ProcessDescription process = session.Surroundings.Process;
        Line(text, "redis_version", RedisVersion.Text);
        Line(text, "redis_mode", RedisVersion.Mode);
        Line(text, "torc_version", process.Version);
        Line(text, "os", process.OperatingSystem);
        Line(text, "arch_bits", "64");
        Line(text, "process_id", process.ProcessId);
        Line(text, "run_id", NodeNames.RunId(session.Node));
        Line(text, "tcp_port", process.Port);
        Line(text, "uptime_in_seconds", process.UptimeSeconds);
        Line(text, "uptime_in_days", process.UptimeSeconds / 86_400);
        Line(text, "executable", process.Executable);
        Line(text, "config_file", process.ConfigFile);
        Line(text, "torc_cores", process.Cores);
    }

    private static void Clients(Session session, StringBuilder text)
    {
        TrafficDescription traffic = session.Surroundings.Traffic;
        Line(text, "connected_clients", traffic.ConnectedClients);
        Line(text, "maxclients", traffic.ClientsMax);
        Line(text, "blocked_clients", 0);
    }

    private static void Memory(Session session, StringBuilder text)
    {
        ProcessDescription process = session.Surroundings.Process;
        StorageDescription storage = session.Surroundings.Storage;
        long used = process.ManagedBytes + storage.ResidentBytes + storage.DirectoryBytes;
        Line(text, "used_memory", used);
        Line(text, "used_memory_human", Megabytes(used));
        Line(text, "used_memory_rss", process.ResidentBytes);
        Line(text, "used_memory_rss_human", Megabytes(process.ResidentBytes));
        Line(text, "used_memory_dataset", storage.RecordBytes);
        Line(text, "maxmemory", 0);
        Line(text, "maxmemory_policy", "noeviction");
        Line(text, "torc_managed_bytes", process.ManagedBytes);
        Line(text, "torc_directory_bytes", storage.DirectoryBytes);
        Line(text, "torc_resident_bytes", storage.ResidentBytes);
    }

    private static void Persistence(Session session, StringBuilder text)
    {
        StorageDescription storage = session.Surroundings.Storage;
        // Clients that wait for "loading:0" before they send commands (ioredis) wait until the cluster is formed.
        Line(text, "loading", session.View.IsFormed ? 0 : 1);
        Line(text, "aof_enabled", storage.Mode == "log" ? 1 : 0);
        Line(text, "aof_last_write_status", storage.DiskFull ? "err" : "ok");
        Line(text, "aof_current_size", storage.DiskBytes);
        Line(text, "torc_storage", storage.Mode);
        Line(text, "torc_durability", storage.Durability);
        Line(text, "torc_segments", storage.Segments);
        Line(text, "torc_records", storage.Records);
        Line(text, "torc_live_keys_here", storage.LiveKeys);
        Line(text, "torc_syncs", storage.Syncs);
        Line(text, "torc_compacted_bytes", storage.CompactedBytes);
        Line(text, "torc_damages", storage.DamagesFound);
        Line(text, "torc_hint_bytes", storage.HintBytes);
        Line(text, "torc_tombstones", storage.Tombstones);
        Line(text, "torc_tombstones_collected", storage.TombstonesCollected);
    }

    private static void Statistics(Session session, StringBuilder text)
    {
        TrafficDescription traffic = session.Surroundings.Traffic;
        Line(text, "total_connections_received", traffic.ConnectionsReceived);
        Line(text, "total_commands_processed", traffic.CommandsProcessed);
        Line(text, "total_net_input_bytes", traffic.InputBytes);
        Line(text, "total_net_output_bytes", traffic.OutputBytes);
        Line(text, "rejected_connections", traffic.ConnectionsRejected);
        Line(text, "total_error_replies", traffic.Commands.Sum(command => command.Failed + command.Rejected));
    }

    /// <summary>Every node takes writes, so each is a master to clients that ask; replicas of keys are not replicas of nodes.</summary>
    private static void Replication(Session session, StringBuilder text)
    {
        Line(text, "role", "master");
        Line(text, "connected_slaves", 0);
        DataCentres(session, text);
        Line(text, "torc_replication_factor", session.View.Map?.ReplicationFactor ?? 0);
        if (session.View.Map?.Copies is { IsByDataCentre: true } copies)
            Line(text, "torc_copies", string.Join(',', copies.ByDataCentre.Select(centre => $"{centre.DataCentre}={centre.Copies}")));
    }

    private static void DataCentres(Session session, StringBuilder text)
    {
        foreach (DataCentreLag lag in session.Surroundings.Storage.RemoteDataCentres)
            Line(text, "torc_dc_" + lag.DataCentre, $"behind_ms={lag.BehindMicros / 1_000},hint_bytes={lag.HintBytes}");
    }

    private static void Repair(Session session, StringBuilder text)
    {
        foreach ((string name, long value) in RepairFigures.Of(session.Node).Lines)
            Line(text, "torc_repair_" + name, value);
    }

    private static void Cpu(Session session, StringBuilder text)
    {
        ProcessDescription process = session.Surroundings.Process;
        Line(text, "used_cpu_sys", process.SystemSeconds.ToString("F6", CultureInfo.InvariantCulture));
        Line(text, "used_cpu_user", process.UserSeconds.ToString("F6", CultureInfo.InvariantCulture));
    }

    private static void CommandStatistics(Session session, StringBuilder text)
    {
        foreach (CommandStatistics command in session.Surroundings.Traffic.Commands)
        {
            double average = command.Calls == 0 ? 0 : (double)command.Microseconds / command.Calls;
            string mean = average.ToString("F2", CultureInfo.InvariantCulture);
            Line(text, "cmdstat_" + command.Name,
                $"calls={command.Calls},usec={command.Microseconds},usec_per_call={mean},rejected_calls={command.Rejected},failed_calls={command.Failed}");
        }
    }

    private static void Cluster(Session session, StringBuilder text)
    {
        ClusterView view = session.View;
        Line(text, "cluster_enabled", 1);
        Line(text, "torc_cluster_id", view.Map is { } map ? map.ClusterId.ToString("x16", CultureInfo.InvariantCulture) : "");
        Line(text, "torc_node", view.Self);
        Line(text, "torc_epoch", (long)(view.Map?.Epoch ?? 0));
        Line(text, "torc_level", view.Map?.Level ?? 0);
        Line(text, "torc_nodes", view.Peers.Length);
        Line(text, "torc_nodes_up", view.Peers.Count(peer => view.IsUp(peer.Node.Id)));
        Line(text, "torc_partitions", view.Map?.PartitionCount ?? 0);
    }

    private static string Megabytes(long bytes) => (bytes / (1024.0 * 1024.0)).ToString("F2", CultureInfo.InvariantCulture) + "M";

    private static void Line(StringBuilder text, string name, long value) =>
        text.Append(name).Append(':').Append(value.ToString(CultureInfo.InvariantCulture)).Append("\r\n");

    private static void Line(StringBuilder text, string name, string value) => text.Append(name).Append(':').Append(value).Append("\r\n");
}
