using System.CommandLine;
using System.Globalization;
using Spectre.Console;
using Torc.Core.Placement;
using Torc.Server.Http;
using Torc.Server.Settings;

namespace Torc.Server.CommandLine;

/// <summary>
/// <c>torc repair</c>: every node compares its copies with their other replicas now. Nothing needs it, since nodes do so all the time; it is for those who
/// do not want to wait for that, or want to see that all replicas hold the same.
/// </summary>
internal static class RepairCommand
{
    private const int PollMs = 200;

    /// <summary>A root is published within so many polls after its tree changed.</summary>
    private const int RootPollsMax = 40;

    internal static Command Make()
    {
        Option<string> node = StatusCommand.NodeOption();
        var password = new Option<string>("--password") { Description = "AUTH with it on each node.", HelpName = "TEXT", DefaultValueFactory = static _ => "" };
        var partitions = new Argument<string[]>("partition") { Description = "Only these; torc ring --partitions lists them. Default: all.", Arity = ArgumentArity.ZeroOrMore };
        var command = new Command("repair", "Compare all replicas with each other now, and bring over what one lacks.") { partitions, node, password };
        command.SetAction((parsed, _) =>
        {
            int[] chosen = [.. (parsed.GetValue(partitions) ?? []).Select(NumberOf)];
            return Interruption.Watch(cancelled => Run(parsed.GetValue(node)!, parsed.GetValue(password)!, chosen, cancelled));
        });
        return command;
    }

    private static int NumberOf(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int partition)
        ? partition
        : throw new SettingException($"'{text}' is no number of a partition. torc repair takes those that it is to compare (torc ring --partitions lists them), or none for all.");

    private static async Task<int> Run(string node, string password, int[] partitions, CancellationToken cancelled)
    {
        if (await NodeClient.Get(node, "/v1/status", StatusJson.Default.ClusterStatus, cancelled) is not { } answer)
            return ExitCode.Failed;
        ClusterStatus cluster = answer.Value;
        if (cluster.Nodes.Any(asked => asked.Id == cluster.AnsweredBy && asked.State == "removed"))
        {
            Console.Error.WriteLine($"torc: node {cluster.AnsweredBy} was removed from the cluster: give --node one that is a member.");
            return ExitCode.Failed;
        }
        var nodes = new List<RepairedNode>();
        try
        {
            bool isWhole = Start(cluster, password, [.. partitions.Select(static partition => $"{partition}")], nodes);
            if (nodes.Count == 0)
                return ExitCode.Failed;
            await Follow(nodes, cancelled);
            if (cancelled.IsCancellationRequested)
            {
                Console.Error.WriteLine("torc: the repair goes on without this command; run it again to see how far it is.");
                return ExitCode.Failed;
            }
            isWhole &= Report(nodes);
            isWhole &= await CompareRoots(cluster, nodes, partitions, cancelled);
            return isWhole ? ExitCode.Done : ExitCode.Failed;
        }
        catch (RefusedException error)
        {
            Console.Error.WriteLine($"torc: {error.Words}");
            return ExitCode.Failed;
        }
        finally
        {
            nodes.ForEach(static repaired => repaired.Dispose());
        }
    }

    /// <summary>False: not all nodes take part.</summary>
    private static bool Start(ClusterStatus cluster, string password, string[] partitions, List<RepairedNode> nodes)
    {
        bool isWhole = true;
        foreach (NodeStatus status in cluster.Nodes)
        {
            try
            {
                var repaired = new RepairedNode(status.Id, NodeConnection.Open(status.RespAddress, password));
                nodes.Add(repaired);
                if (!repaired.Start(partitions))
                    Screen.Console.WriteLine($"node {status.Id}: a repair is under way already; following that one");
            }
            catch (IOException error)
            {
                Console.Error.WriteLine($"torc: node {status.Id} takes no part: {error.Message}");
                isWhole = false;
            }
        }
        return isWhole;
    }

    private static async Task Follow(List<RepairedNode> nodes, CancellationToken cancelled)
    {
        if (Console.IsErrorRedirected)
        {
            await Poll(nodes, static () => { }, cancelled);
            return;
        }
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        await console.Progress().AutoClear(true)
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn())
            .StartAsync(async context =>
            {
                ProgressTask[] tasks = [.. nodes.Select(repaired => context.AddTask($"node {repaired.Id}"))];
                await Poll(nodes, () => Show(nodes, tasks), cancelled);
            });
    }

    private static void Show(List<RepairedNode> nodes, ProgressTask[] tasks)
    {
        for (int i = 0; i < tasks.Length; i++)
        {
            RepairedNode repaired = nodes[i];
            tasks[i].MaxValue = Math.Max(1, repaired.Pairs);
            tasks[i].Value = repaired.IsUnderWay ? repaired.PairsDone : tasks[i].MaxValue;
            tasks[i].Description = Markup.Escape($"node {repaired.Id}: {Screen.Count(repaired.Since("rows_fetched"))} rows fetched");
        }
    }

    private static async Task Poll(List<RepairedNode> nodes, Action show, CancellationToken cancelled)
    {
        while (nodes.Exists(static repaired => repaired.IsUnderWay) && !cancelled.IsCancellationRequested)
        {
            await Task.Delay(PollMs, CancellationToken.None);
            nodes.ForEach(static repaired => repaired.Refresh());
            show();
        }
    }

    /// <summary>False: something could not be compared.</summary>
    private static bool Report(List<RepairedNode> nodes)
    {
        Table table = Screen.Table("node", "copies compared", "not compared", "rows listed", "rows fetched", "bytes compared", "");
        foreach (RepairedNode repaired in nodes)
        {
            table.AddRow(
                Screen.Count(repaired.Id), Screen.Count(repaired.PairsDone - repaired.PairsSkipped), Screen.Count(repaired.PairsSkipped),
                Screen.Count(repaired.Since("rows_compared")), Screen.Count(repaired.Since("rows_fetched")), Screen.Bytes(repaired.Since("bytes_compared")),
                Markup.Escape(repaired.Lost ?? ""));
        }
        Screen.Console.Write(table);
        bool isWhole = nodes.TrueForAll(static repaired => repaired.Lost is null && repaired.PairsSkipped == 0);
        if (!isWhole)
            Console.Error.WriteLine("torc: not everything was compared: a node is down, or a copy is still catching up. Run this again when torc status shows all nodes up.");
        return isWhole;
    }

    /// <summary>Replicas that each partition has: fewer than wanted where there are too few nodes.</summary>
    private static int CopiesOf(ClusterStatus cluster) => CopiesWanted.TryParse(cluster.Copies, out CopiesWanted? wanted, out _) && wanted.IsByDataCentre
        ? wanted.ByDataCentre.Sum(centre => Math.Min(centre.Copies, cluster.Nodes.Count(node => node.DataCentre == centre.DataCentre)))
        : Math.Min(cluster.ReplicationFactor, cluster.Nodes.Count);

    /// <summary>Says for how many partitions all replicas hold the same; false when it is not so for one.</summary>
    private static async Task<bool> CompareRoots(ClusterStatus cluster, List<RepairedNode> nodes, int[] partitions, CancellationToken cancelled)
    {
        int[] wanted = partitions.Length > 0 ? [.. partitions.Distinct().Order()] : [.. Enumerable.Range(0, cluster.Partitions)];
        int copies = CopiesOf(cluster);
        int[] apart = wanted;
        for (int poll = 0; poll < RootPollsMax && apart.Length > 0 && !cancelled.IsCancellationRequested; poll++)
        {
            if (poll > 0)
                await Task.Delay(PollMs, CancellationToken.None);
            ILookup<long, string> roots = nodes.SelectMany(static repaired => repaired.Roots()).ToLookup(static root => root.Partition, static root => root.Root);
            if (roots.Count == 0)
            {
                Screen.Console.WriteLine("This cluster keeps no Merkle trees (one replica of each key, or storage = memory), so there are no roots to compare.");
                return true;
            }
            apart = [.. wanted.Where(partition => roots[partition].Count() < copies || roots[partition].Distinct().Count() > 1)];
        }
        Screen.Console.WriteLine($"{wanted.Length - apart.Length} of {wanted.Length} partitions: all {copies} replicas hold the same.");
        if (apart.Length == 0)
            return true;
        string few = string.Join(' ', apart.Take(16)) + (apart.Length > 16 ? " …" : "");
        Screen.Console.WriteLine($"Not seen to: {few}. Writes under way make replicas differ for a moment; run this again for those.");
        return false;
    }
}
