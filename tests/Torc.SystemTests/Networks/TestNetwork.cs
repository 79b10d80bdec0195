using System.Globalization;
using Torc.SystemTests.Harness;

namespace Torc.SystemTests.Networks;

/// <summary>
/// A network of hosts of its own: a namespace for each node, joined by a bridge that this process is on too, and nftables rules that drop what
/// a test wants dropped between nodes, never what comes from the test. All of it is named after this process and gone with this object; what a
/// killed run left behind is removed by the next one. Needs <see cref="Need.Network"/>.
/// </summary>
internal sealed class TestNetwork : IDisposable
{
    private const string Prefix = "torctest";
    private const int SubnetsMax = 250;
    private const string Chain = "in";
    private static readonly int Process = Environment.ProcessId;
    private static readonly string Bridge = string.Create(CultureInfo.InvariantCulture, $"tb{Process}");
    private readonly int _nodes;

    internal TestNetwork(int nodes)
    {
        _nodes = nodes;
        RemoveLeftovers();
        try
        {
            Ip($"link add {Bridge} type bridge");
            Ip($"addr add {Address(SubnetsMax)}/24 dev {Bridge}");
            Ip($"link set {Bridge} up");
            for (int node = 0; node < nodes; node++)
                AddHost(node);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    internal static string NamespaceOf(int node) => string.Create(CultureInfo.InvariantCulture, $"{Prefix}-{Process}-{node}");

    internal static string AddressOf(int node) => Address(node + 1);

    /// <summary>Null: such networks can be made here.</summary>
    internal static string? FindObstacle()
    {
        try
        {
            using var network = new TestNetwork(1);
            return null;
        }
        catch (Exception error)
        {
            return error.Message.ReplaceLineEndings(" ");
        }
    }

    /// <summary>Nothing from one node reaches the other; the other direction works.</summary>
    internal void CutOneWay(int from, int to) => Nft(to, $"add rule inet faults {Chain} ip saddr {AddressOf(from)} drop");

    internal void CutBetween(IReadOnlyList<int> these, IReadOnlyList<int> those)
    {
        foreach (int one in these)
        {
            foreach (int other in those)
            {
                CutOneWay(one, other);
                CutOneWay(other, one);
            }
        }
    }

    /// <summary>A node loses all others; clients still reach it.</summary>
    internal void Isolate(int node) => CutBetween([node], [.. Enumerable.Range(0, _nodes).Where(other => other != node)]);

    /// <summary>Every node loses some of what the others send.</summary>
    internal void DropSome(int percent)
    {
        for (int node = 0; node < _nodes; node++)
            Nft(node, $"add rule inet faults {Chain} ip saddr != {Address(SubnetsMax)} numgen random mod 100 < {percent} drop");
    }

    internal void Heal()
    {
        for (int node = 0; node < _nodes; node++)
            Nft(node, $"flush chain inet faults {Chain}");
    }

    public void Dispose() => Remove(Process);

    private static void AddHost(int node)
    {
        string name = NamespaceOf(node), outside = string.Create(CultureInfo.InvariantCulture, $"tv{Process}-{node}");
        Ip($"netns add {name}");
        Ip($"link add {outside} type veth peer name eth0 netns {name}");
        Ip($"link set {outside} master {Bridge} up");
        Ip($"-n {name} addr add {AddressOf(node)}/24 dev eth0");
        Ip($"-n {name} link set eth0 up");
        Ip($"-n {name} link set lo up");
        Nft(node, "add table inet faults");
        Nft(node, $"add chain inet faults {Chain} {{ type filter hook input priority 0 ; }}");
    }

    private static string Address(int host) => string.Create(CultureInfo.InvariantCulture, $"10.213.{Process % SubnetsMax}.{host}");

    private static void RemoveLeftovers()
    {
        IEnumerable<string> ofNamespaces = Namespaces().Select(static name => name.Split('-')).Where(static parts => parts.Length == 3).Select(static parts => parts[1]);
        IEnumerable<string> ofLinks = Links().Where(static name => name.StartsWith("tv", StringComparison.Ordinal)).Select(static name => name[2..].Split('-')[0]);
        int[] makers = [.. ofNamespaces.Concat(ofLinks)
            .Select(static text => int.TryParse(text, CultureInfo.InvariantCulture, out int maker) ? maker : 0).Where(static maker => maker > 0).Distinct()];
        foreach (int maker in makers)
        {
            if (maker == Process || !Directory.Exists($"/proc/{maker}"))
                Remove(maker);
        }
    }

    private static void Remove(int maker)
    {
        string own = string.Create(CultureInfo.InvariantCulture, $"{Prefix}-{maker}-");

        // A connection that is still closing keeps its namespace, and the namespace its links: those are taken out themselves.
        string links = string.Create(CultureInfo.InvariantCulture, $"tv{maker}-");
        foreach (string name in Links().Where(name => name.StartsWith(links, StringComparison.Ordinal)))
            Tool.Run("ip", "link", "del", name);
        foreach (string name in Namespaces().Where(name => name.StartsWith(own, StringComparison.Ordinal)))
            Tool.Run("ip", "netns", "del", name);
        Tool.Run("ip", "link", "del", string.Create(CultureInfo.InvariantCulture, $"tb{maker}"));
    }

    private static string[] Links() => [.. Directory.EnumerateFileSystemEntries("/sys/class/net").Select(static path => Path.GetFileName(path))];

    private static IEnumerable<string> Namespaces() =>
        Tool.Run("ip", "netns", "list").Output.Split('\n').Select(static line => line.Split(' ')[0]).Where(static name => name.StartsWith(Prefix, StringComparison.Ordinal)).ToArray();

    private static void Ip(string arguments) => Tool.Run("ip", arguments.Split(' ')).ShouldSucceed();

    private static void Nft(int node, string arguments) =>
        Tool.Run("ip", ["netns", "exec", NamespaceOf(node), "nft", .. arguments.Split(' ')]).ShouldSucceed();
}
