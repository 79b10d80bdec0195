using Torc.Core.Placement;
using Torc.Node.Sessions;
using Torc.Protocols.Resp;

namespace Torc.Node.Commands.Connection;

/// <summary>PING and what else concerns one connection only.</summary>
internal static class ConnectionCommands
{
    private const CommandFlags Plain = CommandFlags.Loading | CommandFlags.Stale | CommandFlags.Fast;

    public static IEnumerable<CommandSpec> Specs =>
    [
        Command("ping", -1, "1.0.0", OnPing, Plain, "[message]", "Returns the server's liveliness response."),
        Command("echo", 2, "1.0.0", OnEcho, Plain, "message", "Returns the given string."),
        Command("select", 2, "1.0.0", OnSelect, Plain, "index", "Changes the keyspace of the connection: 0 to 15."),
        Command("quit", -1, "1.0.0", OnQuit, Plain | CommandFlags.NoScript | CommandFlags.NoAuth, "", "Closes the connection."),
        Command("reset", 1, "6.2.0", OnReset, Plain | CommandFlags.NoScript | CommandFlags.NoAuth, "",
            "Resets the connection: protocol, keyspace, name, consistency levels; with a password configured it must authenticate again."),
        Command("readonly", 1, "3.0.0", OnOk, Plain, "", "Accepted for clients of Redis Cluster: every replica answers reads, at the connection's level."),
        Command("readwrite", 1, "3.0.0", OnOk, Plain, "", "Accepted for clients of Redis Cluster: every node takes writes."),
        Command("asking", 1, "3.0.0", OnOk, Plain, "", "Accepted for clients of Redis Cluster: no command is ever redirected."),
    ];

    private static CommandSpec Command(string name, int arity, string since, SessionHandler handler, CommandFlags flags, string syntax, string summary) => new()
    {
        Name = name,
        Arity = arity,
        Kind = CommandKind.Session,
        OnSession = handler,
        Flags = flags,
        Categories = CategoryNames.Connection,
        Group = name is "readonly" or "readwrite" or "asking" ? "cluster" : "connection",
        Since = since,
        Syntax = syntax,
        Summary = summary,
    };

    private static void OnPing(in SessionContext context)
    {
        if (context.Arguments.Count > 2)
            context.Reply.Error(CommandErrors.WrongArgumentCount(context.Request.Spec));
        else if (context.Arguments.Count == 2)
            context.Reply.Bulk(context.Arguments[1]);
        else
            context.Reply.SimpleString("PONG"u8);
    }

    private static void OnEcho(in SessionContext context) => context.Reply.Bulk(context.Arguments[1]);

    private static void OnSelect(in SessionContext context)
    {
        if (!ArgumentText.TryInteger(context.Arguments[1], out long keyspace))
        {
            context.Reply.Error(CommandErrors.NotInteger);
        }
        else if (keyspace is < 0 or >= KeyspaceSettings.UserKeyspacesMax)
        {
            context.Reply.Error(CommandErrors.KeyspaceOutOfRange);
        }
        else
        {
            context.Session.Keyspace = (byte)keyspace;
            context.Reply.Ok();
        }
    }

    private static void OnQuit(in SessionContext context)
    {
        context.Reply.Ok();
        context.Session.CloseAfterOutput = true;
    }

    private static void OnReset(in SessionContext context)
    {
        Session session = context.Session;
        session.Protocol = RespProtocol.Resp2;
        session.Keyspace = 0;
        session.Name = "";
        session.ReplyMode = ReplyMode.On;
        session.ReadLevel = null;
        session.WriteLevel = null;
        session.NoEvict = false;
        session.NoTouch = false;
        session.Authenticated = context.Surroundings.Password is null;
        context.Reply.SimpleString("RESET"u8);
    }

    private static void OnOk(in SessionContext context) => context.Reply.Ok();
}
