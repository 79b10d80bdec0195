using System.CommandLine;
using System.Globalization;
using Spectre.Console;
using Torc.Server.Http;

namespace Torc.Server.CommandLine;

/// <summary><c>torc status</c>: the nodes of a cluster, as one of them sees it.</summary>
internal static class StatusCommand
{
    internal const string DefaultNode = "127.0.0.1:8379";

    internal static Option<string> NodeOption() => new("--node")
    {
        Description = $"HTTP address of any node of the cluster. Default {DefaultNode}.",
        HelpName = "HOST:PORT",
        DefaultValueFactory = static _ => DefaultNode,
    };

    internal static Option<bool> JsonOption() => new("--json") { Description = "JSON for programs instead of tables." };

    internal static Command Make()
    {
        Option<string> node = NodeOption();
        Option<bool> json = JsonOption();
        var command = new Command("status", "Show each node of a cluster: addresses, process, state, epoch, keys, bytes.") { node, json };
        command.SetAction((parsed, cancelled) => Run(parsed.GetValue(node)!, parsed.GetValue(json), cancelled));
        return command;
    }

    private static async Task<int> Run(string node, bool json, CancellationToken cancelled)
    {
        if (await NodeClient.Get(node, "/v1/status", StatusJson.Default.ClusterStatus, cancelled) is not { } answer)
            return ExitCode.Failed;
        if (json)
            Console.Out.WriteLine(answer.Text);
        else
            Print(answer.Value);
        return ExitCode.Done;
    }

    private static void Print(ClusterStatus cluster)
    {
        string title = cluster.ClusterId.Length == 0
            ? "The cluster is not formed yet: not all of its first nodes were seen."
            : $"Cluster {cluster.ClusterId}, epoch {cluster.Epoch}: {cluster.Nodes.Count} nodes, {cluster.Partitions} partitions, {cluster.ReplicationFactor} replicas of each key{Screen.CopiesInEach(cluster.Copies)}; seen by node {cluster.AnsweredBy}";
        Screen.Console.WriteLine(title);
        Table table = Screen.Table("node", "state", "clients", "peers", "HTTP", "process", "epoch", "keys", "bytes", "dc/rack", "");
        foreach (NodeStatus node in cluster.Nodes)
        {
            table.AddRow(
                Screen.Count(node.Id), Screen.State(node.State), Markup.Escape(node.RespAddress), Markup.Escape(node.PeerAddress),
                Markup.Escape(node.HttpAddress), node.ProcessId == 0 ? "" : $"{node.ProcessId}", node.Epoch == 0 ? "" : $"{node.Epoch}",
                Screen.Count(node.Keys), Screen.Bytes(node.Bytes), Markup.Escape($"{node.DataCentre}/{node.Rack}"), Markup.Escape(node.Problem));
        }
        Screen.Console.Write(table);
        if (cluster.Nodes.Any(static node => node.RemoteDataCentres.Count > 0))
            PrintLags(cluster);
    }

    /// <summary>From each data centre to each other: what the nodes of the one say of the other, the furthest behind and all the hints.</summary>
    private static void PrintLags(ClusterStatus cluster)
    {
        Table table = Screen.Table("from dc", "to dc", "oldest write not answered", "hints waiting");
        foreach ((string from, string to, double seconds, long hintBytes) in LagsOf(cluster))
            table.AddRow(Markup.Escape(from), Markup.Escape(to), seconds <= 0 ? "none" : string.Create(CultureInfo.InvariantCulture, $"{seconds:0.000} s"), Screen.Bytes(hintBytes));
        Screen.Console.Write(table);
    }

    internal static IEnumerable<(string From, string To, double Seconds, long HintBytes)> LagsOf(ClusterStatus cluster) =>
        cluster.Nodes.SelectMany(static node => node.RemoteDataCentres, static (node, lag) => (From: node.DataCentre, Lag: lag))
            .GroupBy(static told => (told.From, To: told.Lag.DataCentre))
            .OrderBy(static pair => pair.Key.From, StringComparer.Ordinal).ThenBy(static pair => pair.Key.To, StringComparer.Ordinal)
            .Select(static pair => (pair.Key.From, pair.Key.To, pair.Max(static told => told.Lag.BehindSeconds), pair.Sum(static told => told.Lag.HintBytes)));
}
