using System.CommandLine;
using Spectre.Console;
using Torc.Server.Http;

namespace Torc.Server.CommandLine;

/// <summary><c>torc ring</c>: who owns what.</summary>
internal static class RingCommand
{
    internal static Command Make()
    {
        Option<string> node = StatusCommand.NodeOption();
        Option<bool> json = StatusCommand.JsonOption();
        var all = new Option<bool>("--partitions") { Description = "List every partition with its slots and replicas." };
        var command = new Command("ring", "Show which nodes hold which partitions of the ring.") { node, json, all };
        command.SetAction((parsed, cancelled) => Run(parsed.GetValue(node)!, parsed.GetValue(json), parsed.GetValue(all), cancelled));
        return command;
    }

    private static async Task<int> Run(string node, bool json, bool all, CancellationToken cancelled)
    {
        if (await NodeClient.Get(node, "/v1/ring", StatusJson.Default.RingStatus, cancelled) is not { } answer)
            return ExitCode.Failed;
        if (json)
            Console.Out.WriteLine(answer.Text);
        else
            Print(answer.Value, all);
        return ExitCode.Done;
    }

    private static void Print(RingStatus ring, bool all)
    {
        Screen.Console.WriteLine($"Cluster {ring.ClusterId}, epoch {ring.Epoch}: {ring.Partitions.Count} partitions, {ring.ReplicationFactor} replicas of each{Screen.CopiesInEach(ring.Copies)}");
        Table shares = Screen.Table("node", "clients", "dc/rack", "weight", "replicas", "first in line for", "share");
        int total = Math.Max(1, ring.Nodes.Sum(static node => node.Replicas));
        foreach (ShareStatus share in ring.Nodes)
        {
            shares.AddRow(
                Screen.Count(share.Node), Markup.Escape(share.RespAddress), Markup.Escape($"{share.DataCentre}/{share.Rack}"), Screen.Count(share.Weight),
                Screen.Count(share.Replicas), Screen.Count(share.Firsts), $"{100.0 * share.Replicas / total:0.0} %");
        }
        Screen.Console.Write(shares);
        if (!all)
            return;
        Table partitions = Screen.Table("partition", "slots", "nodes, in order of preference");
        foreach (PartitionStatus partition in ring.Partitions)
            partitions.AddRow($"{partition.Partition}", $"{partition.FirstSlot}-{partition.LastSlot}", string.Join(' ', partition.Replicas));
        Screen.Console.Write(partitions);
    }
}
