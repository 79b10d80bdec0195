using System.Net;

namespace Torc.Server.Settings;

/// <summary>The values of every setting at one start, checked one by one and against each other. Immutable.</summary>
public sealed class SettingValues
{
    private const string DefaultPlace = "default";
    private readonly Dictionary<string, WrittenValue> _values;

    private SettingValues(Dictionary<string, WrittenValue> values, string configFile)
    {
        _values = values;
        ConfigFile = configFile;
    }

    /// <summary>The configuration file that was read, or empty.</summary>
    public string ConfigFile { get; }

    /// <summary>The address under which the other nodes reach this one.</summary>
    public HostAndPort PeerAddress => new(AdvertisedHost, Get(SettingTable.PeerPort));

    /// <summary>The host that this node names to clients and peers.</summary>
    public string AdvertisedHost => Get(SettingTable.Advertise) is { Length: > 0 } host ? host.ToLowerInvariant() : Get(SettingTable.Bind);

    /// <summary>The nodes that make the cluster: the list of --first-nodes, or this node alone; none when the node joins one by its --seeds.</summary>
    public AddressList FirstNodes => Get(SettingTable.FirstNodes) is { IsEmpty: false } list ? list
        : Get(SettingTable.Seeds).IsEmpty ? new AddressList([PeerAddress])
        : Get(SettingTable.FirstNodes);

    /// <summary>Its place among the first nodes, which is its id when it is one of them; -1 when it is none.</summary>
    public int PlaceAmongFirstNodes => FirstNodes.IndexOf(PeerAddress);

    /// <summary>Threads that serve clients and peers. With one for two processors the others are free for clients, disks and requests over HTTP.</summary>
    public int EventLoops => Get(SettingTable.EventLoops) is > 0 and int given ? given : Math.Max(1, Environment.ProcessorCount / 2);

    /// <summary>The greatest argument, for a data directory with segments of the given size.</summary>
    public long BulkBytesMax(long segmentBytes) => Get(SettingTable.BulkLengthMax) is > 0 and long given
        ? Math.Min(given, segmentBytes / 2)
        : segmentBytes / 2;

    public T Get<T>(Setting<T> setting)
        where T : notnull
        => (T)_values[setting.Name].Value;

    /// <summary>True when the user did not choose a value.</summary>
    public bool IsDefault(Setting setting) => PlaceOf(setting) == DefaultPlace;

    /// <summary>Where a setting's value comes from, for messages: an option, a variable, a line, or "default".</summary>
    public string PlaceOf(Setting setting) => _values[setting.Name].Place;

    /// <summary>Every setting as CONFIG GET shows it, in the table's order.</summary>
    public IEnumerable<KeyValuePair<string, string>> Shown() =>
        SettingTable.All.Select(setting => KeyValuePair.Create(setting.Name, setting.Show(_values[setting.Name].Value)));

    internal static SettingValues From(IReadOnlyDictionary<string, WrittenValue> written, string configFile)
    {
        var values = new Dictionary<string, WrittenValue>(written, StringComparer.Ordinal);
        foreach (Setting setting in SettingTable.All)
            values.TryAdd(setting.Name, new WrittenValue(setting.Parse(setting.Default)!, DefaultPlace));
        var result = new SettingValues(values, configFile);
        result.CheckTogether();
        return result;
    }

    private void CheckTogether()
    {
        CheckSeeds();
        int partitions = Get(SettingTable.Partitions);
        if (!int.IsPow2(partitions))
            throw Refused(SettingTable.Partitions, $"{partitions} is not a power of two. Give {(int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)partitions)}, for example");
        CheckPorts();
        CheckFirstNodes();
        if (Get(SettingTable.PeerDownMs) < 2 * Get(SettingTable.HeartbeatIntervalMs))
            throw Refused(SettingTable.PeerDownMs, $"it must be at least two heartbeats ({Get(SettingTable.HeartbeatIntervalMs)} ms each). Raise it, or lower heartbeat-interval-ms");
        if (!long.IsPow2(Get(SettingTable.SegmentBytes)))
            throw Refused(SettingTable.SegmentBytes, "it must be a power of two. Give 64mb, for example");
        long bulkBytesMax = BulkBytesMax(Get(SettingTable.SegmentBytes));
        if (Get(SettingTable.QueryBufferLimit) < bulkBytesMax)
            throw Refused(SettingTable.QueryBufferLimit, $"it must hold the greatest argument, {bulkBytesMax} bytes. Raise it, or lower proto-max-bulk-len");
    }

    private void CheckSeeds()
    {
        AddressList seeds = Get(SettingTable.Seeds);
        if (!seeds.IsEmpty && !Get(SettingTable.FirstNodes).IsEmpty)
            throw Refused(SettingTable.Seeds, "a node makes a cluster with others, or joins one. Give --first-nodes or --seeds, not both");
        if (seeds.Addresses.Count == 1 && seeds.IndexOf(PeerAddress) == 0)
            throw Refused(SettingTable.Seeds, $"{PeerAddress} is this node's own peer address. Name members of the cluster that it is to join");
    }

    private void CheckPorts()
    {
        Setting<int>[] ports = [SettingTable.Port, SettingTable.PeerPort, SettingTable.HttpPort];
        for (int later = 1; later < ports.Length; later++)
        {
            for (int earlier = 0; earlier < later; earlier++)
            {
                if (Get(ports[later]) == Get(ports[earlier]))
                    throw Refused(ports[later], $"{Get(ports[later])} is also the {ports[earlier].Name}. Give each its own");
            }
        }
    }

    private void CheckFirstNodes()
    {
        AddressList list = Get(SettingTable.FirstNodes);
        if (list.IsEmpty)
            return;
        bool everyInterface = IPAddress.TryParse(AdvertisedHost, out IPAddress? address)
            && (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any));
        if (everyInterface)
            throw Refused(SettingTable.Advertise, $"with --bind {AdvertisedHost} the other nodes need a host to reach this one by. Give --advertise the host that stands in --first-nodes");
        if (list.IndexOf(PeerAddress) < 0)
            throw Refused(SettingTable.FirstNodes, $"this node's peer address {PeerAddress} is not in {list}. Add it, or set --advertise and --peer-port to the entry that means this node");
    }

    private SettingException Refused(Setting setting, string why) => new($"{setting.Name} ({PlaceOf(setting)}): {why}.");
}
