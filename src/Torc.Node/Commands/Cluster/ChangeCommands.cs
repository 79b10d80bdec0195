using Torc.Core.Placement;
using Torc.Node.Control;
using Torc.Protocols.Resp;

namespace Torc.Node.Commands.Cluster;

/// <summary>
/// TORC.CLUSTER: changes of the cluster, planned, asked for and watched. A change that was decided goes on by itself, whatever becomes of the node
/// that it was asked of.
/// </summary>
internal static class ChangeCommands
{
    private const CommandFlags Flags = CommandFlags.Admin | CommandFlags.NoScript | CommandFlags.Loading | CommandFlags.Stale;

    private static readonly string[] Help =
    [
        "PLAN <change>", "    What a change would move and what speaks against it; changes nothing.",
        "JOIN [<peer address> ...]", "    Take in the nodes that ask for it, or those named of them.",
        "LEAVE <node> [<node> ...]", "    Move everything off nodes that are up, then take them out.",
        "REMOVE <node> [<node> ...]", "    Take out nodes that are gone for ever; others take over their copies.",
        "REPLACE <node> [<peer address>]", "    A node that asks for it takes exactly what another one holds, which goes.",
        "WEIGHT <node> <weight>", "    Change a node's part of the data.",
        "COPIES <number>", "    Change the replication factor.",
        "KEYSPACE <keyspace> [READ <level>] [WRITE <level>]", "    Change a keyspace's default levels.",
        "CANCEL", "    End the change under way early: what has moved stays moved.",
        "RECOVER-VOTERS <node> [<node> ...]", "    Go on without voters that are gone for ever, although they are the majority.",
        "REQUEST <number>", "    What became of a request that was made on this node.",
        "STATUS", "    The map's epoch, the change under way and what it waits for, and each node.",
    ];

    public static IEnumerable<CommandSpec> Specs =>
    [
        new()
        {
            Name = "torc.cluster", Arity = -2, Kind = CommandKind.Session, Categories = CategoryNames.Administration, Group = "cluster",
            Syntax = "<subcommand> [argument ...]", Summary = "A container for commands that change the cluster.",
            Subcommands =
            [
                Make("plan", -3, OnPlan, $"change: {ChangeArguments.Syntax}", "Shows what a change would move, and what speaks against it; changes nothing."),
                Make("join", -2, OnChange, "[address [address ...]]", "Takes in nodes that were started with --seeds: all that ask this node, or those named by their peer addresses."),
                Make("leave", -3, OnChange, "node [node ...]", "Moves everything off nodes that are up, then takes them out for ever."),
                Make("remove", -3, OnChange, "node [node ...]", "Takes out nodes that are down and gone for ever; others take over their copies."),
                Make("replace", -3, OnChange, "node [address]", "A node that was started with --seeds takes exactly what another one holds, which goes."),
                Make("weight", 4, OnChange, "node weight", "Changes a node's part of the data."),
                Make("copies", 3, OnChange, "number", "Changes the replication factor."),
                Make("keyspace", -5, OnChange, "keyspace [READ level] [WRITE level]", "Changes the default consistency levels of a keyspace."),
                Make("cancel", 2, OnCancel, "", "Ends the change under way early: what has moved stays moved, the rest stays where it is."),
                Make("recover-voters", -3, OnRecoverVoters, "node [node ...]",
                    "Goes on without the voters named, which are gone for ever, although they are the majority: for disasters. If one of them lives where this node "
                    + "cannot see it, two halves of the cluster go on with different owners, and writes are lost when they meet."),
                Make("request", 3, OnRequest, "number", "Tells what became of a request that was made on this node: its state (deciding, decided or refused) and words for the operator."),
                Make("status", 2, OnStatus, "", "Tells the map's epoch, how far the change under way is and what it waits for, and each node's state."),
                HelpCommand.Make("torc.cluster", "1.0.0", CategoryNames.Administration, Help, "cluster"),
            ],
        },
    ];

    private static CommandSpec Make(string name, int arity, SessionHandler handler, string syntax, string summary) => new()
    {
        Name = "torc.cluster|" + name,
        Arity = arity,
        Kind = CommandKind.Session,
        OnSession = handler,
        Flags = Flags,
        Categories = CategoryNames.Administration,
        Group = "cluster",
        Syntax = syntax,
        Summary = summary,
    };

    private static void OnPlan(in SessionContext context)
    {
        if (TryPlan(context, 2, out _, out PlacementPlan plan))
            WritePlan(context, plan, number: 0);
    }

    private static void OnChange(in SessionContext context)
    {
        if (TryPlan(context, 1, out ChangeRequest change, out PlacementPlan plan))
            WritePlan(context, plan, context.Surroundings.AskForChange(new ClusterWish.Change(change)));
    }

    /// <summary>The map by which changes can be asked for. A node that was removed knows an old one, by which nothing is to be planned.</summary>
    private static bool TryMap(in SessionContext context, out ClusterMap map)
    {
        if (context.View.Standing != Standing.Removed)
            return ClusterCommands.TryMap(context, out map);
        map = null!;
        context.Reply.Error(context.View.Refusal!);
        return false;
    }

    private static void OnCancel(in SessionContext context)
    {
        if (!TryMap(context, out ClusterMap map))
            return;
        if (map.IsChanging)
            context.Reply.Integer(context.Surroundings.AskForChange(new ClusterWish.Cancel()));
        else
            context.Reply.Error("ERR no change is under way"u8);
    }

    private static void OnRecoverVoters(in SessionContext context)
    {
        if (!TryMap(context, out _))
            return;
        if (ChangeArguments.NodeIds(context.Arguments, 2, out string problem) is { } lost)
            context.Reply.Integer(context.Surroundings.AskForChange(new ClusterWish.RecoverVoters(lost)));
        else
            context.Reply.Error(problem);
    }

    private static bool TryPlan(in SessionContext context, int at, out ChangeRequest change, out PlacementPlan plan)
    {
        change = null!;
        plan = null!;
        if (!TryMap(context, out ClusterMap map))
            return false;
        if (ChangeArguments.Read(context.Arguments, at, context.View, out string problem) is not { } request)
        {
            context.Reply.Error(problem);
            return false;
        }
        change = request;
        plan = ChangePlanner.Plan(map, request);
        if (plan.Refusal is null)
            return true;
        context.Reply.Error($"ERR {plan.Refusal}");
        return false;
    }

    /// <param name="number">Of the request, or 0 when nothing was asked for.</param>
    private static void WritePlan(in SessionContext context, PlacementPlan plan, long number)
    {
        ByteWriter reply = context.Reply;
        ClusterMap map = context.View.Map!;
        reply.MapHeader(7, context.Request.Protocol);
        reply.Bulk("request"u8);
        reply.Integer(number);
        reply.Bulk("partitions"u8);
        reply.Integer(plan.Moves.Count);
        reply.Bulk("copies"u8);
        reply.Integer(plan.ReplicasMoved);
        reply.Bulk("replicas"u8);
        reply.Integer(plan.ReplicasAfter);
        reply.Bulk("bytes"u8);
        reply.Integer(EstimateBytes(context, map, plan.ReplicasMoved));
        reply.Bulk("warnings"u8);
        reply.ArrayHeader(plan.Warnings.Count);
        foreach (string warning in plan.Warnings)
            reply.Bulk(warning);
        reply.Bulk("nodes"u8);
        WriteShares(reply, map, plan);
    }

    /// <summary>Per node: id, address, state in the plan's first map, replicas now, replicas afterwards, copies that it takes.</summary>
    private static void WriteShares(ByteWriter reply, ClusterMap map, PlacementPlan plan)
    {
        ClusterMap first = plan.First!;
        NodeInfo[] nodes = [.. first.Nodes.Concat(map.Nodes).DistinctBy(node => node.Id).OrderBy(node => node.Id)];
        reply.ArrayHeader(nodes.Length);
        foreach (NodeInfo node in nodes)
        {
            int now = map.CountReplicasOn(node.Id);
            int taken = plan.Moves.Count(move => move.Added.Contains(node.Id));
            int dropped = plan.Moves.Count(move => move.Dropped.Contains(node.Id));
            reply.ArrayHeader(6);
            reply.Integer(node.Id);
            reply.Bulk(node.PeerAddress);
            reply.Bulk(node.State.ToString().ToLowerInvariant());
            reply.Integer(now);
            reply.Integer(now + taken - dropped);
            reply.Integer(taken);
        }
    }

    /// <summary>What this node's replicas hold on average, for each copy.</summary>
    private static long EstimateBytes(in SessionContext context, ClusterMap map, int copies)
    {
        int held = map.CountReplicasOn(context.View.Self);
        return held == 0 ? 0 : (long)((double)context.Surroundings.Storage.RecordBytes / held * copies);
    }

    private static void OnRequest(in SessionContext context)
    {
        ArgumentText.TryInteger(context.Arguments[2], out long number);
        ClusterRequestReport? report = context.ChangeRequests.FirstOrDefault(known => known.Number == number);
        if (report is null && number > 0 && number <= context.Surroundings.LastChangeAskedFor && context.ChangeRequests.All(known => known.Number < number))
            report = new ClusterRequestReport(number, ClusterRequestState.Deciding, "handed over to be decided");
        if (report is null)
        {
            context.Reply.Error($"ERR no request {context.Arguments[2].Text()} is remembered here: requests are known to the node that they were made on, until it stops");
            return;
        }
        context.Reply.ArrayHeader(2);
        context.Reply.Bulk(report.State.ToString().ToLowerInvariant());
        context.Reply.Bulk(report.Text);
    }

    private static void OnStatus(in SessionContext context)
    {
        bool isRemoved = context.View.Standing == Standing.Removed; // Then its map, if it has one, is that of a past in which it was a member.
        if (isRemoved && context.View.Map is null)
        {
            context.Reply.Error(context.View.Refusal!);
            return;
        }
        if (!ClusterCommands.TryMap(context, out ClusterMap map))
            return;
        ByteWriter reply = context.Reply;
        int planned = 0, pending = 0;
        for (int partition = 0; partition < map.PartitionCount && !isRemoved; partition++)
        {
            planned += map.MoveOf(partition) is { Stage: MoveStage.Planned } ? 1 : 0;
            pending += map.MoveOf(partition) is { Stage: MoveStage.Pending } ? 1 : 0;
        }
        reply.MapHeader(10, context.Request.Protocol);
        reply.Bulk("epoch"u8);
        reply.Integer((long)map.Epoch);
        reply.Bulk("self"u8);
        reply.Integer(context.View.Self);
        reply.Bulk("standing"u8);
        reply.Bulk(context.View.Standing.ToString().ToLowerInvariant());
        reply.Bulk("changing"u8);
        reply.Integer(map.IsChanging && !isRemoved ? 1 : 0);
        reply.Bulk("moves-planned"u8);
        reply.Integer(planned);
        reply.Bulk("moves-begun"u8);
        reply.Integer(pending);
        IReadOnlyList<string> waits = ChangeWaits.Of(context.View);
        reply.Bulk("waits"u8);
        reply.ArrayHeader(waits.Count);
        foreach (string wait in waits)
            reply.Bulk(wait);
        reply.Bulk("voters"u8);
        reply.ArrayHeader(map.Voters.Count);
        foreach (ushort voter in map.Voters)
            reply.Integer(voter);
        reply.Bulk("candidates"u8);
        reply.ArrayHeader(context.View.Candidates.Length);
        foreach (NodeInfo candidate in context.View.Candidates)
            reply.Bulk(candidate.PeerAddress);
        reply.Bulk("nodes"u8);
        reply.ArrayHeader(map.Nodes.Count);
        foreach (NodeInfo node in map.Nodes)
        {
            reply.ArrayHeader(5);
            reply.Integer(node.Id);
            reply.Bulk(node.PeerAddress);
            reply.Bulk(node.State.ToString().ToLowerInvariant());
            reply.Bulk(context.View.IsUp(node.Id) ? "up"u8 : "down"u8);
            reply.Integer((long)(context.View.PeerOf(node.Id)?.MapEpoch ?? 0));
        }
    }
}
