using System.Globalization;
using Torc.Core.Placement;
using Torc.Node.Control;
using Torc.Node.Shards;
using Torc.Protocols.Resp;

namespace Torc.Node.Commands.Server;

/// <summary>
/// TORC.REPAIR: this node's copies are compared with their other replicas now and as fast as the limits allow, instead of one pair at a time. It
/// pulls only, so <c>torc repair</c> asks every node.
/// </summary>
internal static class RepairCommand
{
    private const CommandFlags Flags = CommandFlags.Admin | CommandFlags.NoScript | CommandFlags.Stale;

    private static readonly string[] Help =
    [
        "START [partition ...]", "    Compare this node's copies, or those of the partitions, with their other replicas now, and fetch what they lack.",
        "STATUS", "    Tell how far that is, and what comparing came to since the node's start.",
        "ROOTS", "    Tell for each partition here what it held a moment ago, in one number: equal on replicas that hold the same.",
    ];

    public static IEnumerable<CommandSpec> Specs =>
    [
        new()
        {
            Name = "torc.repair", Arity = -2, Kind = CommandKind.Session, Categories = CategoryNames.Administration, Group = "server",
            Syntax = "<subcommand> [argument ...]", Summary = "A container for commands about comparing replicas.",
            Subcommands =
            [
                Make("start", -2, OnStart, "[partition ...]", "Compares this node's copies with their other replicas now, and fetches what they lack."),
                Make("status", 2, OnStatus, "", "Returns how far comparing is, and what it came to since the node's start."),
                Make("roots", 2, OnRoots, "", "Returns for each partition on this node a number that is equal on replicas that hold the same."),
                HelpCommand.Make("torc.repair", "", CategoryNames.Administration, Help, "server"),
            ],
        },
    ];

    private static CommandSpec Make(string name, int arity, SessionHandler handler, string syntax, string summary) => new()
    {
        Name = "torc.repair|" + name,
        Arity = arity,
        Kind = CommandKind.Session,
        OnSession = handler,
        Flags = Flags,
        Categories = CategoryNames.Administration,
        Group = "server",
        Syntax = syntax,
        Summary = summary,
    };

    private static void OnStart(in SessionContext context)
    {
        if (context.View.Standing == Standing.Removed)
        {
            context.Reply.Error(context.View.Refusal!);
            return;
        }
        if (context.View.Map is not { } map)
        {
            context.Reply.Error("CLUSTERDOWN the cluster is not formed yet: Torc is waiting for its first nodes"u8);
            return;
        }
        if (!TryChoose(context.Arguments, map, out bool[]? chosen))
        {
            context.Reply.Error($"ERR a partition is a number from 0 to {map.PartitionCount - 1}; torc ring --partitions lists them");
            return;
        }
        bool isStarted = true;
        foreach (Shard shard in context.Session.Node.Shards)
            isStarted &= shard.Repairs.TryRequest(chosen);
        if (isStarted)
            context.Reply.Ok();
        else
            context.Reply.Error("BUSY a repair is under way on this node; TORC.REPAIR STATUS shows it"u8);
    }

    private static bool TryChoose(CommandBuffer arguments, ClusterMap map, out bool[]? chosen)
    {
        chosen = arguments.Count > 2 ? new bool[map.PartitionCount] : null;
        for (int i = 2; i < arguments.Count; i++)
        {
            if (!ArgumentText.TryInteger(arguments[i], out long partition) || partition < 0 || partition >= map.PartitionCount)
                return false;
            chosen![partition] = true;
        }
        return true;
    }

    private static void OnStatus(in SessionContext context)
    {
        (string Name, long Value)[] figures = RepairFigures.Of(context.Session.Node).Lines;
        context.Reply.MapHeader(figures.Length, context.Request.Protocol);
        foreach ((string name, long value) in figures)
        {
            context.Reply.Bulk(name);
            context.Reply.Integer(value);
        }
    }

    private static void OnRoots(in SessionContext context)
    {
        TorcNode node = context.Session.Node;
        var roots = new List<(int Partition, ulong Root)>();
        for (int partition = 0; partition < node.PartitionCount; partition++)
        {
            if (node.Shards[node.ShardOf(partition)].Repairs.TryGetRoot(partition, out ulong root))
                roots.Add((partition, root));
        }
        context.Reply.ArrayHeader(roots.Count);
        foreach ((int partition, ulong root) in roots)
        {
            context.Reply.ArrayHeader(2);
            context.Reply.Integer(partition);
            context.Reply.Bulk(root.ToString("x16", CultureInfo.InvariantCulture));
        }
    }
}
