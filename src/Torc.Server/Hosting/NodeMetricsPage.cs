using Torc.Core.Placement;
using Torc.Node;
using Torc.Node.Commands.Server;
using Torc.Node.Control;
using Torc.Server.Hosting.Peers;
using Torc.Server.Hosting.Shards;
using Torc.Server.Metrics;
using Torc.Storage;

namespace Torc.Server.Hosting;

/// <summary>The families of the metrics page of a node at work.</summary>
internal static class NodeMetricsPage
{
    internal static void Write(PrometheusWriter to, NodeHost host)
    {
        WriteCommands(to, host.Parts.Node.Metrics);
        WriteClients(to, host);
        WriteStorage(to, host);
        WriteFlushes(to, host);
        WriteCluster(to, host);
        WriteRepair(to, RepairFigures.Of(host.Parts.Node));
        to.Family("torc_events_total", MetricType.Counter, "What happened in the node, by kind: repairs, restamps, timeouts, expiries, speculative reads.");
        foreach ((NodeEventKind kind, long count) in host.Parts.Events.Counts)
            to.Sample(count, ("event", Snake(kind.ToString())));
        WriteProcess(to, host);
    }

    private static void WriteCommands(PrometheusWriter to, NodeMetrics metrics)
    {
        CommandCounter[] used = [.. metrics.Commands.Where(static command => command.Calls + command.Rejected > 0)];
        to.Family("torc_commands_total", MetricType.Counter, "Commands answered, by name and outcome; unknown: timed out, may have happened.");
        foreach (CommandCounter command in used)
        {
            long failed = command.Failed, unknown = command.TimedOut;
            to.Sample(command.Calls - failed, ("command", command.Name), ("outcome", "ok"));
            to.Sample(failed - unknown, ("command", command.Name), ("outcome", "error"));
            to.Sample(unknown, ("command", command.Name), ("outcome", "unknown"));
            to.Sample(command.Rejected, ("command", command.Name), ("outcome", "rejected"));
        }
        to.Family("torc_command_seconds", MetricType.Histogram, "Time from a command's arrival to its reply.");
        foreach (CommandCounter command in used.Where(static command => command.Calls > 0))
            to.Powers(NodeMetrics.LatencyBuckets, command.InBucket, command.Micros, ("command", command.Name));
    }

    private static void WriteClients(PrometheusWriter to, NodeHost host)
    {
        to.Single("torc_clients", MetricType.Gauge, "Client connections open.", host.Parts.Clients.Count);
        to.Single("torc_connections_total", MetricType.Counter, "Client connections ever opened.", host.Parts.Clients.Received);
        to.Single("torc_connections_rejected_total", MetricType.Counter, "Client connections refused over maxclients.", host.Parts.Clients.Rejected);
        to.Single("torc_client_input_bytes_total", MetricType.Counter, "Bytes read from clients.", host.Parts.Clients.InputBytes);
        to.Single("torc_client_output_bytes_total", MetricType.Counter, "Bytes of replies to clients.", host.Parts.Clients.OutputBytes);
    }

    private static void WriteStorage(PrometheusWriter to, NodeHost host)
    {
        StorageTotals totals = host.Totals();
        to.Single("torc_keys", MetricType.Gauge, "Live keys of this node's replicas.", totals.LiveKeys);
        to.Single("torc_keys_with_deadline", MetricType.Gauge, "Live keys with a time to live.", totals.KeysWithDeadline);
        to.Family("torc_hint_waiting_bytes", MetricType.Gauge, "Bytes of writes that this node keeps for each replica that is down, until it has them.");
        foreach ((ushort target, long bytes) in totals.HintBytes)
            to.Sample(bytes, ("target", $"{target}"));
        IReadOnlyList<DataCentreLag> lags = totals.LagsIn(host.View);
        to.Family("torc_dc_behind_seconds", MetricType.Gauge, "Age of the oldest write coordinated here that a replica in another data centre has not answered.");
        foreach (DataCentreLag lag in lags)
            to.Sample(lag.BehindMicros / 1e6, ("dc", lag.DataCentre));
        to.Family("torc_dc_hint_bytes", MetricType.Gauge, "Bytes of writes that this node keeps for replicas in another data centre.");
        foreach (DataCentreLag lag in lags)
            to.Sample(lag.HintBytes, ("dc", lag.DataCentre));
        to.Single("torc_tombstones", MetricType.Gauge, "Deletes that are kept until every replica is known to have them.", totals.Tombstones);
        to.Single("torc_tombstones_collected_total", MetricType.Counter, "Deletes that were forgotten because every replica had them.", totals.TombstonesCollected);
        to.Single("torc_garbage_floor_timestamp_seconds", MetricType.Gauge, "Deletes older than this are forgotten in every partition that holds any; 0: nowhere yet, or there are none.", (totals.GarbageFloorMs ?? 0) / 1000);
        Gauge("torc_records", "Records in the key directories, tombstones included.", static shard => shard.Records);
        Gauge("torc_live_bytes", "Bytes of live records.", static shard => shard.LiveBytes);
        Gauge("torc_disk_bytes", "Bytes of segment files.", static shard => shard.DiskBytes);
        Gauge("torc_segments", "Segments of the logs.", static shard => shard.Segments);
        Gauge("torc_segments_resident", "Segments in memory.", static shard => shard.SegmentsResident);
        Gauge("torc_segments_damaged", "Segments with damaged records.", static shard => shard.SegmentsDamaged);
        Gauge("torc_resident_bytes", "Memory for segments.", static shard => shard.ResidentBytes);
        Gauge("torc_directory_bytes", "Memory for key directories.", static shard => shard.DirectoryBytes);
        Gauge("torc_unflushed_bytes", "Appended bytes not yet written.", static shard => shard.UnflushedBytes);
        Gauge("torc_disk_full", "1 for each shard whose disk is full.", static shard => shard.IsDiskFull ? 1 : 0);
        Counter("torc_appended_bytes_total", "Bytes appended to the logs.", static shard => shard.AppendedBytesTotal);
        Counter("torc_syncs_total", "Syncs of the logs.", static shard => shard.SyncsTotal);
        Counter("torc_cold_reads_total", "Reads of records that were not in memory.", static shard => shard.ColdReadsTotal);
        Counter("torc_damaged_reads_total", "Reads that met a damaged record.", static shard => shard.DamagedReadsTotal);
        Counter("torc_compacted_segments_total", "Segments compacted.", static shard => shard.CompactedSegmentsTotal);
        Counter("torc_compacted_bytes_total", "Live bytes that compaction copied.", static shard => shard.CompactedBytesTotal);
        Counter("torc_evicted_segments_total", "Segments that left memory.", static shard => shard.EvictedSegmentsTotal);
        Counter("torc_stalled_puts_total", "Appends that had to wait for space in the log.", static shard => shard.StalledPutsTotal);

        void Gauge(string name, string help, Func<StoreStatistics, long> figure) => Family(name, MetricType.Gauge, help, figure);

        void Counter(string name, string help, Func<StoreStatistics, long> figure) => Family(name, MetricType.Counter, help, figure);

        void Family(string name, MetricType type, string help, Func<StoreStatistics, long> figure)
        {
            to.Family(name, type, help);
            for (int shard = 0; shard < totals.Shards.Count; shard++)
                to.Sample(figure(totals.Shards[shard]), ("shard", $"{shard}"));
        }
    }

    private static void WriteFlushes(PrometheusWriter to, NodeHost host)
    {
        to.Family("torc_flush_seconds", MetricType.Histogram, "Time to write, and sync when durability asks for it, one group of the log.");
        foreach (ShardHost shard in host.Shards)
            to.Histogram(shard.Committer.Flushes, ("shard", $"{shard.Index}"));
        to.Family("torc_operations", MetricType.Gauge, "Requests under way that wait for peers or storage.");
        foreach (ShardHost shard in host.Shards)
            to.Sample(shard.OperationsUnderWay, ("shard", $"{shard.Index}"));
        to.Single("torc_cold_reads_waiting", MetricType.Gauge, "Cold reads that wait for a thread.", host.ColdReaders.Waiting);
    }

    private static void WriteCluster(PrometheusWriter to, NodeHost host)
    {
        ClusterView view = host.View;
        if (view.Map is { } map)
        {
            to.Single("torc_map_epoch", MetricType.Gauge, "Epoch of the cluster map.", map.Epoch);
            to.Single("torc_partitions_incomplete", MetricType.Gauge, "Partitions here that may lack acknowledged writes.", Incomplete(host, map));
        }
        to.Single("torc_clock_trusted", MetricType.Gauge, "1 when this node's clock agrees with its peers'.", view.ClockIsTrusted ? 1 : 0);
        to.Family("torc_peer_up", MetricType.Gauge, "1 for each peer that this node takes to be up.");
        foreach (PeerState peer in view.Peers.Where(peer => peer.Node.Id != view.Self))
            to.Sample(peer.IsUp ? 1 : 0, ("peer", $"{peer.Node.Id}"));
        to.Family("torc_peer_latency_seconds", MetricType.Gauge, "Recent round trip to each peer.");
        foreach (PeerState peer in view.Peers.Where(peer => peer.Node.Id != view.Self))
            to.Sample(peer.LatencyMicros / 1e6, ("peer", $"{peer.Node.Id}"));
        to.Family("torc_peer_waiting_bytes", MetricType.Gauge, "Bytes that wait for each linked peer to take them.");
        foreach (PeerLink link in host.Parts.Links.All().Where(static link => !link.IsGuest))
            to.Sample(link.WaitingBytes, ("peer", $"{link.Node}"));
    }

    private static void WriteRepair(PrometheusWriter to, RepairFigures repair)
    {
        to.Single("torc_repair_requested", MetricType.Gauge, "1 while a repair that an operator asked for is under way.", repair.IsRequested ? 1 : 0);
        to.Single("torc_repair_requested_pairs", MetricType.Gauge, "Copies to compare with one other replica each, in that repair or the last one.", repair.RequestedPairs);
        to.Single("torc_repair_requested_pairs_done", MetricType.Gauge, "Those of them that were compared or left out.", repair.RequestedPairsDone);
        to.Single("torc_repair_pairs", MetricType.Gauge, "Copies to compare with one other replica each, in the round by itself that is under way or the last one.", repair.Pairs);
        to.Single("torc_repair_pairs_done", MetricType.Gauge, "Those of them that were compared or left out.", repair.PairsDone);
        to.Single("torc_repair_pairs_skipped", MetricType.Gauge, "Those of them that could not be compared.", repair.PairsSkipped);
        to.Single("torc_repair_exchanges_total", MetricType.Counter, "Exchanges with one other replica that ended.", repair.Exchanges);
        to.Single("torc_repair_rows_compared_total", MetricType.Counter, "Rows that had to be listed.", repair.RowsCompared);
        to.Single("torc_repair_rows_fetched_total", MetricType.Counter, "Rows that this node lacked and fetched.", repair.RowsFetched);
        to.Single("torc_repair_compared_bytes_total", MetricType.Counter, "Bytes of roots, nodes and listings that other replicas sent.", repair.BytesCompared);
        to.Single("torc_repair_rounds_total", MetricType.Counter, "Times that every copy here was compared with each of its other replicas.", repair.Rounds);
    }

    private static void WriteProcess(PrometheusWriter to, NodeHost host)
    {
        to.Single("torc_uptime_seconds", MetricType.Gauge, "Seconds since the start.", host.Surroundings.UptimeSeconds);
        to.Single("process_resident_memory_bytes", MetricType.Gauge, "Memory of the process.", Environment.WorkingSet);
        to.Single("process_cpu_seconds_total", MetricType.Counter, "Processor time of the process.", Environment.CpuUsage.TotalTime.TotalSeconds);
        to.Single("dotnet_gc_heap_bytes", MetricType.Gauge, "Managed memory.", GC.GetTotalMemory(forceFullCollection: false));
        to.Single("dotnet_gc_pause_seconds_total", MetricType.Counter, "Time that garbage collection stopped the process.", GC.GetTotalPauseDuration().TotalSeconds);
    }

    private static int Incomplete(NodeHost host, ClusterMap map)
    {
        int incomplete = 0;
        for (int partition = 0; partition < map.PartitionCount; partition++)
            incomplete += map.IsReplica(partition, host.View.Self) && !host.Parts.Node.IsCompleteHere(partition) ? 1 : 0;
        return incomplete;
    }

    /// <summary>ReadRepaired to read_repaired.</summary>
    private static string Snake(string words) =>
        string.Concat(words.Select(static (letter, place) => char.IsUpper(letter) ? (place == 0 ? "" : "_") + char.ToLowerInvariant(letter) : letter.ToString()));
}
