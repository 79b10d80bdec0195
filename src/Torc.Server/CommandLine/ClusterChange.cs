using Spectre.Console;
using Torc.Protocols.Resp;

namespace Torc.Server.CommandLine;

/// <summary>One change of a cluster as an operator follows it: the plan, the decision, the moves.</summary>
internal sealed class ClusterChange(NodeConnection node, CancellationToken cancelled)
{
    private const int PollMs = 200;
    private const int PollsBeforeLine = 15;

    /// <summary>The node that is asked is no member any more, and knows nothing of what goes on now.</summary>
    private (long Node, string Why)? _removed;

    private const string Onward = "It goes on by itself. Watch it with 'torc progress', end it early with 'torc cancel'.";

    private const string Undecided = "The change may have been decided, or be decided yet: look with 'torc progress' and 'torc status' before you ask again.";

    /// <param name="change">The words after TORC.CLUSTER.</param>
    internal void ShowPlan(string[] change) => Print(node.Call(["TORC.CLUSTER", "PLAN", .. change]));

    /// <summary>Shows the plan, asks for the change, and follows it to its end.</summary>
    internal async Task Run(string[] change)
    {
        await Decide(change, static plan =>
        {
            Print(plan);
            return plan["request"]!.Integer;
        });
        await Watch(takesNodesOut: change[0] is "LEAVE" or "REMOVE" or "REPLACE");
    }

    internal async Task Cancel()
    {
        await Decide(["CANCEL"], static request => request.Integer);
        Screen.Console.WriteLine("Cancelled: what had moved stays moved, the rest stays where it was.");
    }

    internal async Task RecoverVoters(string[] lost)
    {
        await Decide(["RECOVER-VOTERS", .. lost], static request => request.Integer);
        Screen.Console.WriteLine("The cluster decides without them again. Take them out now with 'torc remove'.");
    }

    /// <summary>A bar that moves until no change is under way.</summary>
    /// <param name="takesNodesOut">What is watched is meant to remove members: the node that is asked may be one of them.</param>
    internal async Task Watch(bool takesNodesOut = false)
    {
        (bool isChanging, long left, _) = Status();
        long total = Math.Max(1, left);
        try
        {
            if (isChanging && !Console.IsErrorRedirected)
                await WatchOnTerminal(total);
            else
                await Follow(LineOfWaits());
        }
        catch (OperationCanceledException)
        {
            Screen.Console.WriteLine($"No longer watched. {Onward}");
            throw;
        }
        catch (IOException error)
        {
            throw new IOException($"{error.Message}. {Onward} --at takes any other node too.", error);
        }
        if (_removed is not { } removed)
            Screen.Console.WriteLine("Done: no change is under way.");
        else if (takesNodesOut)
            Screen.Console.WriteLine($"Done: node {removed.Node} left.");
        else
            throw new RefusedException(removed.Why);
    }

    private Task WatchOnTerminal(long total)
    {
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        return console.Progress().AutoClear(true)
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn(), new PercentageColumn())
            .StartAsync(async context =>
            {
                ProgressTask task = context.AddTask("moving", maxValue: total);
                await Follow((left, waits) =>
                {
                    task.Value = total - Math.Min(left, total);
                    task.Description = Markup.Escape($"{Screen.Count(left)} of {Screen.Count(total)} partitions left to move{(waits.Length > 0 ? ". " : "")}{waits}");
                });
            });
    }

    /// <summary>Where no bar moves, what the change waits for is one line once it has stood so for a while.</summary>
    private static Action<long, string> LineOfWaits()
    {
        string last = "";
        int polls = 0;
        return (_, waits) =>
        {
            polls = waits == last ? polls + 1 : 0;
            last = waits;
            if (polls == PollsBeforeLine && waits.Length > 0)
                Console.Error.WriteLine($"torc: {waits}");
        };
    }

    private async Task Follow(Action<long, string> show)
    {
        while (true)
        {
            (bool isChanging, long left, string waits) = Status();
            if (!isChanging)
                return;
            show(left, waits);
            await Task.Delay(PollMs, cancelled);
        }
    }

    /// <summary>Whether a change is under way, how many partitions it has left to move, and in words what it waits for.</summary>
    private (bool IsChanging, long Left, string Waits) Status()
    {
        RespValue status = node.Call(["TORC.CLUSTER", "STATUS"]);
        string waits = string.Join(' ', status["waits"]!.Items.Select(static wait => wait.Text));
        if (status["standing"]?.Text == "removed")
            _removed = (status["self"]!.Integer, waits);
        return (status["changing"]!.Integer != 0, status["moves-planned"]!.Integer + status["moves-begun"]!.Integer, waits);
    }

    /// <summary>Asks for something and waits until it is decided; who does not see that is told that it may be.</summary>
    private async Task Decide(string[] words, Func<RespValue, long> numberOf)
    {
        try
        {
            await AwaitDecision(numberOf(node.Call(["TORC.CLUSTER", .. words])));
        }
        catch (OperationCanceledException)
        {
            Screen.Console.WriteLine($"No longer waited for. {Undecided}");
            throw;
        }
        catch (IOException error)
        {
            throw new IOException($"{error.Message}. {Undecided} --at takes any other node too.", error);
        }
    }

    private async Task AwaitDecision(long request)
    {
        while (true)
        {
            RespValue outcome = node.Call(["TORC.CLUSTER", "REQUEST", $"{request}"]);
            switch (outcome.Items[0].Text)
            {
                case "decided":
                    return;
                case "refused":
                    throw new RefusedException(outcome.Items[1].Text);
            }
            await Task.Delay(PollMs, cancelled);
        }
    }

    private static void Print(RespValue plan)
    {
        long copies = plan["copies"]!.Integer, replicas = plan["replicas"]!.Integer;
        Screen.Console.WriteLine(copies == 0
            ? "Plan: nothing is copied."
            : $"Plan: {Screen.Count(copies)} of {Screen.Count(replicas)} replicas are copied ({100.0 * copies / replicas:0.0} %), about {Screen.Bytes(plan["bytes"]!.Integer)}, in {Screen.Count(plan["partitions"]!.Integer)} partitions.");
        Table table = Screen.Table("node", "peers", "state", "replicas now", "then", "copies taken");
        foreach (RespValue node in plan["nodes"]!.Items)
        {
            table.AddRow(
                $"{node.Items[0].Integer}", Markup.Escape(node.Items[1].Text), node.Items[2].Text, Screen.Count(node.Items[3].Integer),
                Screen.Count(node.Items[4].Integer), Screen.Count(node.Items[5].Integer));
        }
        Screen.Console.Write(table);
        foreach (RespValue warning in plan["warnings"]!.Items)
            Screen.Console.WriteLine($"Warning: {warning.Text}");
    }
}
