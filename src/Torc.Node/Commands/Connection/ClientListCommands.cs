using System.Text;
using Torc.Protocols.Resp;

namespace Torc.Node.Commands.Connection;

/// <summary>CLIENT LIST, INFO and KILL: the connections of the node that is asked.</summary>
internal static class ClientListCommands
{
    private const CommandFlags Plain = CommandFlags.NoScript | CommandFlags.Loading | CommandFlags.Stale;

    public static IEnumerable<CommandSpec> Specs =>
    [
        new()
        {
            Name = "client|list", Arity = -2, Kind = CommandKind.Session, OnSession = OnList, Flags = Plain | CommandFlags.Admin,
            Categories = CategoryNames.ConnectionAdmin, Group = "connection", Since = "2.4.0", Complexity = "O(N) where N is the number of client connections",
            Syntax = "[TYPE client-type] [ID client-id [client-id ...]]", Summary = "Lists open connections of this node.",
        },
        new()
        {
            Name = "client|info", Arity = 2, Kind = CommandKind.Session, OnSession = OnInfo, Flags = Plain,
            Categories = CategoryNames.ConnectionSlow, Group = "connection", Since = "6.2.0", Summary = "Returns information about the connection.",
        },
        new()
        {
            Name = "client|kill", Arity = -3, Kind = CommandKind.Session, OnSession = OnKill, Flags = Plain | CommandFlags.Admin,
            Categories = CategoryNames.ConnectionAdmin, Group = "connection", Since = "2.4.0", Complexity = "O(N) where N is the number of client connections",
            Syntax = "ip:port | [ID client-id] [TYPE client-type] [USER username] [ADDR ip:port] [LADDR ip:port] [SKIPME yes-or-no]",
            Summary = "Terminates open connections of this node.",
        },
    ];

    private static string Describe(ClientDescription client, in SessionContext context)
    {
        bool isSelf = client.Id == context.Session.Id;
        string flags = isSelf && context.Session.NoEvict ? "e" : "";
        flags += isSelf && context.Session.NoTouch ? "T" : "";
        var text = new StringBuilder();
        text.Append($"id={client.Id} addr={client.Address} laddr={client.LocalAddress} name={client.Name} age={client.AgeSeconds} idle={client.IdleSeconds} ");
        text.Append($"flags={(flags.Length == 0 ? "N" : flags)} db={client.Keyspace} sub=0 psub=0 ssub=0 multi=-1 qbuf={client.QueryBytes} omem={client.OutputBytes} ");
        text.Append($"cmd={client.LastCommand} user=default redir=-1 resp={client.Protocol} lib-name={client.LibraryName} lib-ver={client.LibraryVersion}\n");
        return text.ToString();
    }

    private static void OnInfo(in SessionContext context)
    {
        long id = context.Session.Id;
        ClientDescription? self = context.Surroundings.Clients.FirstOrDefault(client => client.Id == id);
        context.Reply.VerbatimString(self is null ? "" : Describe(self, context), context.Request.Protocol);
    }

    private static void OnList(in SessionContext context)
    {
        CommandBuffer arguments = context.Arguments;
        HashSet<long>? ids = null;
        bool normal = true;
        for (int i = 2; i < arguments.Count; i++)
        {
            if (arguments[i].Is("TYPE"u8) && i + 1 < arguments.Count && i == 2 && arguments.Count == 4)
            {
                if (!TryType(context, arguments[++i], out normal))
                    return;
            }
            else if (arguments[i].Is("ID"u8) && i + 1 < arguments.Count)
            {
                ids = [];
                while (++i < arguments.Count)
                {
                    if (!ArgumentText.TryInteger(arguments[i], out long id) || id <= 0)
                    {
                        context.Reply.Error("ERR Invalid client ID"u8);
                        return;
                    }
                    ids.Add(id);
                }
            }
            else
            {
                context.Reply.Error(CommandErrors.Syntax);
                return;
            }
        }
        var text = new StringBuilder();
        foreach (ClientDescription client in context.Surroundings.Clients)
        {
            if (normal && (ids is null || ids.Contains(client.Id)))
                text.Append(Describe(client, context));
        }
        context.Reply.VerbatimString(text.ToString(), context.Request.Protocol);
    }

    /// <summary>Every connection is a normal one; the other types that Redis knows have none here.</summary>
    private static bool TryType(in SessionContext context, ReadOnlySpan<byte> type, out bool normal)
    {
        normal = type.Is("NORMAL"u8);
        bool known = normal || type.Is("MASTER"u8) || type.Is("REPLICA"u8) || type.Is("SLAVE"u8) || type.Is("PUBSUB"u8);
        if (!known)
            context.Reply.Error($"ERR Unknown client type '{type.Text()}'");
        return known;
    }

    private struct KillFilter
    {
        public long? Id;
        public string? Address;
        public string? LocalAddress;
        public bool OtherType;
        public bool SkipSelf;

        public readonly bool Matches(ClientDescription client, long self) =>
            !OtherType && (Id is null || client.Id == Id) && (Address is null || client.Address == Address)
            && (LocalAddress is null || client.LocalAddress == LocalAddress) && !(SkipSelf && client.Id == self);
    }

    private static void OnKill(in SessionContext context)
    {
        if (context.Arguments.Count == 3)
        {
            var old = new KillFilter { Address = context.Arguments[2].Text() };
            if (Kill(context, old) > 0)
                context.Reply.Ok();
            else
                context.Reply.Error("ERR No such client"u8);
            return;
        }
        if (TryFilter(context, out KillFilter filter))
            context.Reply.Integer(Kill(context, filter));
    }

    private static int Kill(in SessionContext context, in KillFilter filter)
    {
        int killed = 0;
        long self = context.Session.Id;
        foreach (ClientDescription client in context.Surroundings.Clients)
        {
            if (!filter.Matches(client, self))
                continue;
            killed++;
            // The own reply is still to be sent.
            if (client.Id == self)
                context.Session.CloseAfterOutput = true;
            else
                context.Surroundings.Kill(client.Id);
        }
        return killed;
    }

    private static bool TryFilter(in SessionContext context, out KillFilter filter)
    {
        CommandBuffer arguments = context.Arguments;
        filter = new KillFilter { SkipSelf = true };
        for (int i = 2; i < arguments.Count; i += 2)
        {
            if (i + 1 == arguments.Count)
            {
                context.Reply.Error(CommandErrors.Syntax);
                return false;
            }
            if (!TryTake(context, arguments[i], arguments[i + 1], ref filter))
                return false;
        }
        return true;
    }

    private static bool TryTake(in SessionContext context, ReadOnlySpan<byte> option, ReadOnlySpan<byte> value, ref KillFilter filter)
    {
        if (option.Is("ID"u8))
        {
            bool valid = ArgumentText.TryInteger(value, out long id) && id > 0;
            filter.Id = id;
            if (!valid)
                context.Reply.Error("ERR client-id should be greater than 0"u8);
            return valid;
        }
        if (option.Is("TYPE"u8))
        {
            bool valid = TryType(context, value, out bool normal);
            filter.OtherType |= !normal;
            return valid;
        }
        if (option.Is("ADDR"u8))
        {
            filter.Address = value.Text();
            return true;
        }
        if (option.Is("LADDR"u8))
        {
            filter.LocalAddress = value.Text();
            return true;
        }
        if (option.Is("SKIPME"u8) && (value.Is("YES"u8) || value.Is("NO"u8)))
        {
            filter.SkipSelf = value.Is("YES"u8);
            return true;
        }
        if (option.Is("USER"u8) && value.SequenceEqual("default"u8))
            return true;
        if (option.Is("USER"u8))
            context.Reply.Error($"ERR No such user '{value.Text()}'");
        else
            context.Reply.Error(CommandErrors.Syntax);
        return false;
    }
}
