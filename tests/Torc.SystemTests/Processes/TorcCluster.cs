using System.Globalization;
using Torc.SystemTests.Harness;
using Torc.SystemTests.Networks;

namespace Torc.SystemTests.Processes;

/// <summary>A cluster of real processes on loopback, with data directories that are gone with it.</summary>
internal sealed class TorcCluster : IDisposable
{
    private const int PortsPerNode = 3;

    // Files this small are sealed, compacted and read back within seconds of load.
    private const string SegmentBytes = "--segment-bytes=4mb";
    private readonly TemporaryDirectory _root = new();

    private TorcCluster(int count, Func<int, string[]> optionsOfNode, string[] options, bool inNetwork = false)
    {
        Func<int, string> hostOf = inNetwork ? TestNetwork.AddressOf : static _ => "127.0.0.1";
        int[] ports = [.. Enumerable.Range(0, count).Select(static _ => FreePorts.Take(PortsPerNode)).Order()];
        string firstNodes = string.Join(',', ports.Select((port, id) => $"{hostOf(id)}:{port + 1}"));
        string[] defaults = options.Any(static option => option.StartsWith("--segment-bytes", StringComparison.Ordinal)) ? [] : [SegmentBytes];
        Nodes = [.. ports.Select((port, id) => new TorcNode(
            id, port, _root.Sub(string.Create(CultureInfo.InvariantCulture, $"node-{id}")),
            [$"--first-nodes={firstNodes}", $"--bind={hostOf(id)}", .. defaults, .. options, .. optionsOfNode(id)])
            {
                Host = hostOf(id),
                NetworkNamespace = inNetwork ? TestNetwork.NamespaceOf(id) : null,
            })];
    }

    internal TorcNode[] Nodes { get; }

    internal TorcNode this[int id] => Nodes[id];

    internal string HostsAndPorts => string.Join(' ', Nodes.Select(static node => $"127.0.0.1:{node.Port}"));

    /// <summary>Nodes with their addresses and directories; none is started.</summary>
    internal static TorcCluster Prepare(int count, params string[] options) => new(count, static _ => [], options);

    /// <summary>Starts the nodes with the same options and waits until each takes commands.</summary>
    internal static TorcCluster Start(int count, params string[] options) => Started(Prepare(count, options));

    /// <summary>Nodes i of data centre i mod their number, with three copies of each key in each.</summary>
    internal static TorcCluster StartDataCentres(int dataCentres, int count, params string[] options) => StartDataCentres(dataCentres, count, inNetwork: false, options);

    /// <summary>The same, each node on a host of the <see cref="TestNetwork"/>.</summary>
    internal static TorcCluster StartInNetwork(int count, int dataCentres, params string[] options) => StartDataCentres(dataCentres, count, inNetwork: true, options);

    private static TorcCluster StartDataCentres(int dataCentres, int count, bool inNetwork, string[] options) => Started(new TorcCluster(
        count,
        id => [string.Create(CultureInfo.InvariantCulture, $"--dc=dc{id % dataCentres + 1}")],
        [string.Create(CultureInfo.InvariantCulture, $"--replication-factor={3 * dataCentres}"), .. options],
        inNetwork));

    private static TorcCluster Started(TorcCluster cluster)
    {
        try
        {
            cluster.StartAll();
            return cluster;
        }
        catch
        {
            cluster.Dispose();
            throw;
        }
    }

    internal void StartAll()
    {
        foreach (TorcNode node in Nodes)
            node.Start();
        WaitUntilReady();
    }

    internal void WaitUntilReady()
    {
        foreach (TorcNode node in Nodes)
            node.WaitUntilReady();
    }

    /// <summary>One more node, whose seeds are this cluster's nodes; it is not started.</summary>
    internal TorcNode AddJoiner(params string[] options)
    {
        int port = FreePorts.Take(PortsPerNode);
        string seeds = string.Join(',', Nodes.Select(static node => $"127.0.0.1:{node.PeerPort}"));
        return new TorcNode(Nodes.Length, port, _root.Sub(string.Create(CultureInfo.InvariantCulture, $"joiner-{port}")), [$"--seeds={seeds}", SegmentBytes, .. options]);
    }

    /// <summary>kill -9 of every node, each before the first is known to be gone.</summary>
    internal void KillAll() => Parallel.ForEach(Nodes, static node => node.Kill());

    public void Dispose()
    {
        foreach (TorcNode node in Nodes)
            node.Dispose();
        _root.Dispose();
    }
}
