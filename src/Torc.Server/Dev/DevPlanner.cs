using System.Globalization;
using Torc.Core.Placement;
using Torc.Core.Replication;
using Torc.Server.Settings;

namespace Torc.Server.Dev;

/// <summary>
/// Lays out a development cluster: node i adds i to each port and has its own directory and rack. With several data centres node i is in
/// number i mod their count, and the replication factor is as many copies in each, unless it was given.
/// </summary>
internal static class DevPlanner
{
    internal const int NodesMax = 32;
    private const int PortMax = 65535;

    /// <summary>
    /// The plan of each node. Options that the user gave go to every node, with ports, data and the like replaced;
    /// <paramref name="settings"/> has the defaults filled in.
    /// </summary>
    internal static IReadOnlyList<DevNodePlan> Plan(
        int nodes, int dataCentres, SettingValues settings, IReadOnlyDictionary<string, string> given, string? configFile)
    {
        if (nodes is < 1 or > NodesMax)
            throw new SettingException($"nodes is {nodes}. Give 1 to {NodesMax}.");
        if (dataCentres < 1 || dataCentres > nodes)
            throw new SettingException($"dcs is {dataCentres}. Give 1 to {nodes}, the number of nodes.");
        if (dataCentres > 1 && given.ContainsKey(SettingTable.DataCentre.Name))
            throw new SettingException($"dcs and {SettingTable.DataCentre.Name} both say in which data centre a node is. Give one of them.");
        CheckPorts(nodes, settings);
        CheckCopies(dataCentres, settings);
        string root = Path.GetFullPath(settings.Get(SettingTable.Data));
        string firstNodes = string.Join(',', Enumerable.Range(0, nodes).Select(node => Address(settings, SettingTable.PeerPort, node)));
        return [.. Enumerable.Range(0, nodes).Select(node => new DevNodePlan(
            node, Address(settings, SettingTable.Port, node), Address(settings, SettingTable.HttpPort, node),
            Path.Combine(root, Text($"node-{node}")), Arguments(node, nodes, dataCentres, settings, given, configFile, root, firstNodes)))];
    }

    private static List<string> Arguments(
        int node, int nodes, int dataCentres, SettingValues settings, IReadOnlyDictionary<string, string> given, string? configFile, string root, string firstNodes)
    {
        var options = new SortedDictionary<string, string>(given.ToDictionary(), StringComparer.Ordinal)
        {
            [SettingTable.Port.Name] = PortText(settings, SettingTable.Port, node),
            [SettingTable.PeerPort.Name] = PortText(settings, SettingTable.PeerPort, node),
            [SettingTable.HttpPort.Name] = PortText(settings, SettingTable.HttpPort, node),
            [SettingTable.Data.Name] = Path.Combine(root, Text($"node-{node}")),
            [SettingTable.FirstNodes.Name] = firstNodes,
            [SettingTable.Advertise.Name] = Host(settings),
        };
        options.TryAdd(SettingTable.Rack.Name, Text($"rack{node + 1}"));
        if (dataCentres > 1)
            AddDataCentre(options, settings, node, dataCentres);
        AddShare(options, settings, nodes);
        var arguments = new List<string>();
        if (configFile is not null)
            arguments.AddRange(["--config", configFile]);
        foreach ((string name, string value) in options)
            arguments.Add($"--{name}={value}");
        return arguments;
    }

    private static void AddDataCentre(SortedDictionary<string, string> options, SettingValues settings, int node, int dataCentres)
    {
        options[SettingTable.DataCentre.Name] = Text($"dc{node % dataCentres + 1}");
        if (settings.IsDefault(SettingTable.ReplicationFactor))
            options[SettingTable.ReplicationFactor.Name] = Text($"{Math.Min(settings.Get(SettingTable.ReplicationFactor).Total * dataCentres, ReplicaSet.ReplicasMax)}");
    }

    private static void CheckCopies(int dataCentres, SettingValues settings)
    {
        string[] made = dataCentres == 1 ? [settings.Get(SettingTable.DataCentre)] : [.. Enumerable.Range(1, dataCentres).Select(static number => Text($"dc{number}"))];
        foreach (DataCentreCopies centre in settings.Get(SettingTable.ReplicationFactor).ByDataCentre)
        {
            if (!made.Contains(centre.DataCentre))
                throw new SettingException($"{SettingTable.ReplicationFactor.Name} names data centre {centre.DataCentre}, and no node will be in it. Name some of {string.Join(", ", made)}, or give --dcs.");
        }
    }

    /// <summary>
    /// The nodes share one machine: unless the user chose, each gets its part of the processors and of the memory, and log
    /// files small enough that making them for all nodes takes no time.
    /// </summary>
    private static void AddShare(SortedDictionary<string, string> options, SettingValues settings, int nodes)
    {
        const string segmentBytes = "16mb";
        if (settings.IsDefault(SettingTable.Shards))
            options[SettingTable.Shards.Name] = Text($"{Math.Clamp(Environment.ProcessorCount / nodes, 1, SettingTable.ShardsMax)}");
        if (settings.IsDefault(SettingTable.SegmentBytes))
            options[SettingTable.SegmentBytes.Name] = segmentBytes;
        if (settings.IsDefault(SettingTable.ResidentBytesMax))
            options[SettingTable.ResidentBytesMax.Name] = Text($"{GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 2 / nodes}");
    }

    private static void CheckPorts(int nodes, SettingValues settings)
    {
        var owners = new Dictionary<int, string>();
        foreach (Setting<int> setting in new[] { SettingTable.Port, SettingTable.PeerPort, SettingTable.HttpPort })
        {
            for (int node = 0; node < nodes; node++)
            {
                int port = settings.Get(setting) + node;
                if (port > PortMax)
                    throw new SettingException($"{setting.Name}: node {node} would need port {port}, and {PortMax} is the last. Give a lower one.");
                if (!owners.TryAdd(port, Text($"{setting.Name} of node {node}")))
                    throw new SettingException($"{setting.Name}: node {node} would use {port}, which is the {owners[port]}. Keep the three ports {nodes} or more apart.");
            }
        }
    }

    /// <summary>Nodes on one machine reach each other over loopback when they listen everywhere.</summary>
    private static string Host(SettingValues settings) => settings.AdvertisedHost is "0.0.0.0" or "::" ? "127.0.0.1" : settings.AdvertisedHost;

    private static string Address(SettingValues settings, Setting<int> port, int node) =>
        new HostAndPort(Host(settings), settings.Get(port) + node).ToString();

    private static string PortText(SettingValues settings, Setting<int> port, int node) => Text($"{settings.Get(port) + node}");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
