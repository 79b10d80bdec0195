using Torc.Core.Placement;
using Torc.Core.Replication;
using Torc.Protocols.Resp;

namespace Torc.Node.Commands.Connection;

/// <summary>TORC.CONSISTENCY: how many replicas this connection's reads and writes wait for.</summary>
internal static class ConsistencyCommand
{
    public static IEnumerable<CommandSpec> Specs =>
    [
        new()
        {
            Name = "torc.consistency", Arity = -2, Kind = CommandKind.Session, OnSession = OnConsistency,
            Flags = CommandFlags.Loading | CommandFlags.Stale | CommandFlags.Fast, Categories = CategoryNames.Connection, Group = "connection",
            Syntax = "[READ level] [WRITE level] | GET | RESET",
            Summary = "Sets how many replicas must answer this connection's reads and hold its writes before the reply: ONE, TWO, QUORUM or ALL "
                + "of all replicas; LOCAL_ONE or LOCAL_QUORUM of those in the data centre of the node that it is connected to; EACH_QUORUM of those in every "
                + "data centre. GET tells the levels in force, RESET goes back to those of the keyspace. Read-modify-writes read at QUORUM first, or at "
                + "LOCAL_QUORUM when the write level is local: they are atomic within a data centre then, not across.",
        },
    ];

    private static void OnConsistency(in SessionContext context)
    {
        CommandBuffer arguments = context.Arguments;
        if (arguments.Count == 2 && arguments[1].Is("GET"u8))
        {
            WriteLevels(context);
            return;
        }
        if (arguments.Count == 2 && arguments[1].Is("RESET"u8))
        {
            context.Session.ReadLevel = null;
            context.Session.WriteLevel = null;
            context.Reply.Ok();
            return;
        }
        ConsistencyLevel? read = null, write = null;
        for (int i = 1; i < arguments.Count; i += 2)
        {
            bool forRead = arguments[i].Is("READ"u8);
            if ((!forRead && !arguments[i].Is("WRITE"u8)) || i + 1 == arguments.Count)
            {
                context.Reply.Error(CommandErrors.Syntax);
                return;
            }
            if (!Levels.TryParse(arguments[i + 1].Text(), out ConsistencyLevel level))
            {
                context.Reply.Error($"ERR unknown consistency level '{arguments[i + 1].Text()}'; the levels are {Levels.AllNames}");
                return;
            }
            read = forRead ? level : read;
            write = forRead ? write : level;
        }
        context.Session.ReadLevel = read ?? context.Session.ReadLevel;
        context.Session.WriteLevel = write ?? context.Session.WriteLevel;
        context.Reply.Ok();
    }

    private static void WriteLevels(in SessionContext context)
    {
        KeyspaceSettings? keyspace = context.View.Map?.KeyspaceOf(context.Session.Keyspace);
        ConsistencyLevel read = context.Session.ReadLevel ?? keyspace?.Read ?? ConsistencyLevel.Quorum;
        ConsistencyLevel write = context.Session.WriteLevel ?? keyspace?.Write ?? ConsistencyLevel.Quorum;
        context.Reply.MapHeader(2, context.Request.Protocol);
        context.Reply.Bulk("read"u8);
        context.Reply.Bulk(Levels.NameOf(read));
        context.Reply.Bulk("write"u8);
        context.Reply.Bulk(Levels.NameOf(write));
    }
}
