using System.Globalization;
using Torc.Core.Placement;
using Torc.Core.Replication;
using Torc.Node.Control;
using Torc.Server.CommandLine;
using Torc.Server.Hosting.Shards;
using Torc.Server.Http;
using Torc.Server.Metrics;
using Torc.Server.Settings;

namespace Torc.Server.Hosting;

/// <summary>Tells the HTTP door of a node, from its first moment on: <see cref="Host"/> is absent until the node was made.</summary>
internal sealed class NodeReport(SettingValues settings) : INodeReport
{
    /// <summary>For so long after a start the node waits to be linked with every member that may live: who restarts one node after the other goes on when this one is ready.</summary>
    private static readonly TimeSpan LinkingMax = TimeSpan.FromSeconds(10);

    /// <summary>After so long who lives was heard of, by way of others at least.</summary>
    private static readonly TimeSpan HearingMax = TimeSpan.FromSeconds(3);

    private volatile NodeHost? _host;

    internal NodeHost? Host
    {
        get => _host;
        set => _host = value;
    }

    public string? NotReadyBecause
    {
        get
        {
            if (Host is { IsStopping: true })
                return "the node stops";
            if (Host is not { IsServing: true } host)
                return "the node is reading its data";
            return host.View.Standing switch
            {
                Standing.Forming when host.Parts.Node.Control.FormationProblem is { Length: > 0 } problem => $"the cluster is not formed: {problem}",
                Standing.Forming => $"the cluster is not formed: {host.Parts.Links.Open} of {settings.FirstNodes.Addresses.Count - 1} other first nodes are linked",
                Standing.Joining => Joining(host),
                Standing.Removed => "the node was removed from its cluster",
                _ => ShortageOf(host.View.Map!, host.View) ?? Unlinked(host.View, host.Serving),
            };
        }
    }

    private static string Joining(NodeHost host)
    {
        ControlPlane control = host.Parts.Node.Control;
        if (control.JoinProblem.Length > 0)
            return $"joining: {control.JoinProblem}";
        return host.Parts.Links.Open == 0
            ? "joining: no seed can be reached"
            : $"joining: waits for torc join ({host.Parts.Links.Open} seeds are linked{(control.SeenMap is { } map ? $", the cluster has {map.Nodes.Count} nodes" : "")})";
    }

    /// <summary>Too few nodes are up for a quorum of any key: of the own data centre alone when that is all that the default levels ask for.</summary>
    private static string? ShortageOf(ClusterMap map, ClusterView view)
    {
        KeyspaceSettings? defaults = map.KeyspaceOf(0);
        bool isLocal = defaults is not null && Levels.IsLocal(defaults.Read) && Levels.IsLocal(defaults.Write);
        NodeInfo[] nodes = [.. map.Nodes.Where(node => !isLocal || map.DataCentreOf(node.Id) == map.DataCentreOf(view.Self))];
        int copies = isLocal && map.Copies.IsByDataCentre ? map.Copies.In(map.NodeOf(view.Self)!.DataCentre) : map.ReplicasPerPartition;
        if (copies == 0)
            return "this data centre is given no copies of any key, and the default levels are local";
        int needed = Levels.Required(ConsistencyLevel.Quorum, Math.Min(copies, nodes.Length));
        int up = nodes.Count(node => view.IsUp(node.Id));
        return up >= needed ? null : $"{up} of {nodes.Length} nodes{(isLocal ? " of this data centre" : "")} are up, and a quorum takes {needed}";
    }

    private static string? Unlinked(ClusterView view, TimeSpan serving)
    {
        if (serving > LinkingMax)
            return null;
        PeerState? missing = view.Peers.FirstOrDefault(peer => !view.IsUp(peer.Node.Id) && (peer.IsAlive || serving < HearingMax));
        return missing is null ? null : $"node {missing.Node.Id} is not linked yet";
    }

    public NodeStatus Self()
    {
        NodeStatus listed = Listed(AsMapped(NodeConfiguration.Self(settings, OwnId, 0), Host?.View.Map)) with
        {
            ProcessId = Environment.ProcessId,
            Version = TorcCommands.Version,
            Durability = SettingTable.Durability.Show(settings.Get(SettingTable.Durability)),
            Storage = SettingTable.Storage.Show(settings.Get(SettingTable.Storage)),
        };
        if (Host is not { IsServing: true } host)
            return listed with { State = "starting", Problem = NotReadyBecause ?? "" };
        StorageTotals totals = host.Totals();
        listed = listed with
        {
            Epoch = host.View.Map?.Epoch ?? 0,
            Keys = totals.LiveKeys,
            Bytes = totals.Sum(static shard => shard.LiveBytes),
            DiskBytes = totals.Sum(static shard => shard.DiskBytes),
            Clients = host.Parts.Clients.Count,
            RemoteDataCentres = [.. totals.LagsIn(host.View)
                .Select(static lag => new LagStatus(lag.DataCentre, lag.BehindMicros / 1e6, lag.HintBytes))],
            UptimeSeconds = host.Surroundings.UptimeSeconds,
            Problem = Problem(host, totals),
        };
        return host.View.Standing switch
        {
            Standing.Forming => listed with { State = "forming" },
            Standing.Joining => listed with { State = "joining" },
            Standing.Removed => listed with { State = "removed" },
            _ => WithPartitions(listed, host, host.View.Map!),
        };
    }

    public ClusterStatus Cluster()
    {
        ClusterView? view = Host?.View;
        ClusterMap? map = view?.Map ?? Host?.Parts.Node.Control.SeenMap;
        IEnumerable<NodeInfo> nodes = map is null ? FirstNodes() : view!.Standing == Standing.Joining ? map.Nodes.Append(Host!.Parts.Node.Control.Self) : Newest(view);
        return new ClusterStatus
        {
            ClusterId = map is null ? "" : ClusterId(map),
            Epoch = map?.Epoch ?? 0,
            AnsweredBy = Shown(OwnId),
            ReplicationFactor = (map?.Copies ?? settings.Get(SettingTable.ReplicationFactor)).Total,
            Copies = (map?.Copies ?? settings.Get(SettingTable.ReplicationFactor)).ToString(),
            Partitions = map?.PartitionCount ?? settings.Get(SettingTable.Partitions),
            Nodes = [.. nodes.Select(Listed)],
        };
    }

    public RingStatus? Ring()
    {
        if (Host?.View is not { Map: { } map } view)
            return null;
        var replicas = new Dictionary<int, int>();
        var firsts = new Dictionary<int, int>();
        var partitions = new List<PartitionStatus>(map.PartitionCount);
        for (int partition = 0; partition < map.PartitionCount; partition++)
        {
            (int first, int last) = map.SlotsOf(partition);
            int[] holders = [.. map.ReplicasOf(partition).ToArray().Select(static node => (int)node)];
            partitions.Add(new PartitionStatus(partition, first, last, holders));
            foreach (int holder in holders)
                replicas[holder] = replicas.GetValueOrDefault(holder) + 1;
            firsts[holders[0]] = firsts.GetValueOrDefault(holders[0]) + 1;
        }
        return new RingStatus
        {
            ClusterId = ClusterId(map),
            Epoch = map.Epoch,
            ReplicationFactor = map.ReplicationFactor,
            Copies = map.Copies.ToString(),
            Partitions = partitions,
            Nodes = [.. Newest(view).Select(node => new ShareStatus(
                node.Id, new HostAndPort(node.Host, node.RespPort).ToString(), node.DataCentre, node.Rack, node.Weight,
                replicas.GetValueOrDefault(node.Id), firsts.GetValueOrDefault(node.Id)))],
        };
    }

    public void WriteMetrics(PrometheusWriter to)
    {
        to.Single("torc_ready", MetricType.Gauge, "1 when the node takes commands.", NotReadyBecause is null ? 1 : 0);
        if (Host is { IsServing: true } host)
            NodeMetricsPage.Write(to, host);
    }

    private ushort OwnId => Host?.Parts.Node.Control.Self.Id ?? (settings.PlaceAmongFirstNodes is >= 0 and int place ? (ushort)place : NodeInfo.NoId);

    private static int Shown(ushort id) => id == NodeInfo.NoId ? -1 : id;

    private static string ClusterId(ClusterMap map) => map.ClusterId.ToString("x16", CultureInfo.InvariantCulture);

    /// <summary>Nodes of the map, each as it last described itself.</summary>
    private static IEnumerable<NodeInfo> Newest(ClusterView view) =>
        view.Peers.Select(peer => AsMapped(peer.Node, view.Map));

    /// <summary>Where a member is and what it takes is the map's to say, whatever its settings say since.</summary>
    private static NodeInfo AsMapped(NodeInfo node, ClusterMap? map) => map?.NodeOf(node.Id) is { } mapped
        ? node with { DataCentre = mapped.DataCentre, Rack = mapped.Rack, Weight = mapped.Weight }
        : node;

    /// <summary>Before the cluster is formed only the addresses of the other nodes are known.</summary>
    private IEnumerable<NodeInfo> FirstNodes() => settings.FirstNodes.Addresses.Select((address, id) => id == OwnId
        ? NodeConfiguration.Self(settings, OwnId, 0)
        : new NodeInfo((ushort)id, address.ToString(), address.Host, 0, 0, "", "", 0, 0));

    private static NodeStatus Listed(NodeInfo node) => new()
    {
        Id = Shown(node.Id),
        State = "down",
        PeerAddress = node.PeerAddress,
        RespAddress = node.RespPort == 0 ? "" : new HostAndPort(node.Host, node.RespPort).ToString(),
        HttpAddress = node.HttpPort == 0 ? "" : new HostAndPort(node.Host, node.HttpPort).ToString(),
        DataCentre = node.DataCentre,
        Rack = node.Rack,
        Weight = node.Weight,
    };

    private static NodeStatus WithPartitions(NodeStatus status, NodeHost host, ClusterMap map)
    {
        int held = 0, incomplete = 0;
        for (int partition = 0; partition < map.PartitionCount; partition++)
        {
            if (!map.IsReplica(partition, host.View.Self))
                continue;
            held++;
            incomplete += host.Parts.Node.IsCompleteHere(partition) ? 0 : 1;
        }
        return status with { State = incomplete > 0 ? "incomplete" : "up", Partitions = held, IncompletePartitions = incomplete };
    }

    private string Problem(NodeHost host, StorageTotals totals)
    {
        if (totals.IsDiskFull)
            return "the disk is full: writes are refused";
        if (!host.View.ClockIsTrusted)
            return "its clock is too far from the other nodes': client writes are refused";
        return totals.Sum(static shard => shard.SegmentsDamaged) is > 0 and long damaged ? $"{damaged} damaged segments" : NotReadyBecause ?? "";
    }
}
