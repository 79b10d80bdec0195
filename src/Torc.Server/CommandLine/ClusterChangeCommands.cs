using System.CommandLine;
using Torc.Server.Settings;

namespace Torc.Server.CommandLine;

/// <summary>
/// <c>torc join</c>, <c>leave</c>, <c>remove</c>, <c>replace</c>, <c>weight</c>, <c>copies</c>, <c>keyspace</c>, <c>cancel</c>, <c>progress</c> and <c>recover-voters</c>: the words of
/// TORC.CLUSTER on the command line, with the plan before and a bar while the change runs.
/// </summary>
internal static class ClusterChangeCommands
{
    internal const string DefaultNode = "127.0.0.1:6379";

    internal static IEnumerable<Command> Make() =>
    [
        Change("join", "Take in nodes that were started with --seeds: all that ask the node named by --at, or those named.", Words("address", "Peer address of a node that asks to be taken in.", 0)),
        Change("leave", "Move everything off nodes that are up, then take them out for ever.", Words("node", "Id of a node, as 'torc status' shows it.", 1)),
        Change("remove", "Take out nodes that are down and gone for ever; others take over their copies.", Words("node", "Id of a node, as 'torc status' shows it.", 1)),
        Change("replace", "A node that was started with --seeds takes exactly what another one holds, which goes.",
            Words("node", "Id of the node that goes, then the peer address of the one that comes; without it, the one that asks.", 1)),
        Change("weight", "Change a node's part of the data.", Words("number", "Id of the node, then its new weight.", 2)),
        Change("copies", "Change the replication factor.", Words("number", "Copies of each key, in all or in each data centre: dc1:3,dc2:2.", 1)),
        Change("keyspace", "Change the default consistency levels of a keyspace.", Words("word", "Number of the keyspace, then READ level, WRITE level, or both.", 3)),
        Cancel(),
        Progress(),
        RecoverVoters(),
    ];

    private static Argument<string[]> Words(string name, string description, int least) => new(name)
    {
        Description = description,
        Arity = new ArgumentArity(least, 1024),
    };

    private static Option<string> At() => new("--at")
    {
        Description = $"Where clients connect to any node of the cluster. Default {DefaultNode}.",
        HelpName = "HOST:PORT",
        DefaultValueFactory = static _ => DefaultNode,
    };

    private static Option<string> Password() => new("--password")
    {
        Description = "AUTH with it first.",
        HelpName = "TEXT",
        DefaultValueFactory = static _ => "",
    };

    private static Command Change(string name, string description, Argument<string[]> words)
    {
        Option<string> at = At(), password = Password();
        var planOnly = new Option<bool>("--plan") { Description = "Only show what would move and what speaks against it." };
        var command = new Command(name, description) { words, planOnly, at, password };
        command.SetAction((parsed, _) => Complaining(async cancelled =>
        {
            using NodeConnection node = Connect(parsed.GetValue(at)!, parsed.GetValue(password)!);
            var change = new ClusterChange(node, cancelled);
            string[] asked = [name.ToUpperInvariant(), .. parsed.GetValue(words)!];
            if (parsed.GetValue(planOnly))
                change.ShowPlan(asked);
            else
                await change.Run(asked);
        }));
        return command;
    }

    private static Command Cancel()
    {
        Option<string> at = At(), password = Password();
        var command = new Command("cancel", "End the change under way early: what has moved stays moved, the rest stays where it is.") { at, password };
        command.SetAction((parsed, _) => Complaining(async cancelled =>
        {
            using NodeConnection node = Connect(parsed.GetValue(at)!, parsed.GetValue(password)!);
            await new ClusterChange(node, cancelled).Cancel();
        }));
        return command;
    }

    private static Command Progress()
    {
        Option<string> at = At(), password = Password();
        var command = new Command("progress", "Watch the change under way until it is done.") { at, password };
        command.SetAction((parsed, _) => Complaining(async cancelled =>
        {
            using NodeConnection node = Connect(parsed.GetValue(at)!, parsed.GetValue(password)!);
            await new ClusterChange(node, cancelled).Watch();
        }));
        return command;
    }

    private static Command RecoverVoters()
    {
        Option<string> at = At(), password = Password();
        Argument<string[]> lost = Words("node", "Id of a voter that is gone for ever; name all of them.", 1);
        var yes = new Option<bool>("--yes") { Description = "They are gone for ever: do it." };
        var command = new Command("recover-voters", "Disaster only: go on without voters that are gone for ever, although they were the majority.") { lost, yes, at, password };
        command.SetAction((parsed, _) => Complaining(async cancelled =>
        {
            if (!parsed.GetValue(yes))
                throw new RefusedException("reads and writes go on without the voters; only changes of the cluster wait for them. If these voters can come back, bring them "
                    + "back instead. If one of them still runs where this node cannot see it, two halves of the cluster go on with different owners, and writes are lost when "
                    + "they meet. When they are gone for ever, run this on ONE node only, with --yes, then take them out with 'torc remove'.");
            using NodeConnection node = Connect(parsed.GetValue(at)!, parsed.GetValue(password)!);
            await new ClusterChange(node, cancelled).RecoverVoters(parsed.GetValue(lost)!);
        }));
        return command;
    }

    private static Task<int> Complaining(Func<CancellationToken, Task> run) => Interruption.Watch(async cancelled =>
    {
        try
        {
            await run(cancelled);
            return ExitCode.Done;
        }
        catch (OperationCanceledException)
        {
            return ExitCode.Failed; // What goes on was said.
        }
        catch (RefusedException error)
        {
            Console.Error.WriteLine($"torc: {error.Words}");
            return ExitCode.Failed;
        }
        catch (IOException error)
        {
            Console.Error.WriteLine($"torc: {error.Message}");
            return ExitCode.Failed;
        }
    });

    private static NodeConnection Connect(string address, string password) => HostAndPort.TryParse(address, out _)
        ? NodeConnection.Open(address, password)
        : throw new SettingException($"--at '{address}' is not host:port. Give the address where clients connect to a node, for example {DefaultNode}.");
}
