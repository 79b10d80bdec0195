using Torc.Node.Sessions;
using Torc.Protocols.Resp;

namespace Torc.Node.Commands.Connection;

/// <summary>CLIENT, but for KILL and LIST. There is no CLIENT PAUSE and no tracking of keys.</summary>
internal static class ClientCommands
{
    private const CommandFlags Plain = CommandFlags.NoScript | CommandFlags.Loading | CommandFlags.Stale;

    private static readonly string[] Help =
    [
        "GETNAME", "    Return the name of the current connection.",
        "GETREDIR", "    Return the client ID we are redirecting to when tracking is enabled: there is no tracking.",
        "ID", "    Return the ID of the current connection.",
        "INFO", "    Return information about the current client connection.",
        "KILL <ip:port>", "    Kill connection made from <ip:port>.",
        "KILL <option> <value> [<option> <value> [...]]", "    Kill connections. Options are:",
        "    * ADDR (<ip:port>|<unixsocket>:0)", "    * LADDR (<ip:port>|<unixsocket>:0)", "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)",
        "    * USER <username>", "    * SKIPME (YES|NO)", "    * ID <client-id>",
        "LIST [options ...]", "    Return information about client connections. Options:", "    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB)", "    * ID <client-id> [...]",
        "NO-EVICT (ON|OFF)", "    Accepted: clients are never evicted here.",
        "NO-TOUCH (ON|OFF)", "    Accepted: reads never change the eviction order here.",
        "REPLY (ON|OFF|SKIP)", "    Control the replies sent to the current connection.",
        "SETINFO <option> <value>", "    Set client meta attr. Options are: LIB-NAME, LIB-VER.",
        "SETNAME <name>", "    Assign the name <name> to the current connection.",
        "TRACKING OFF", "    Accepted; ON is an error: there is no tracking.",
        "TRACKINGINFO", "    Report tracking status for the current connection.",
        "UNBLOCK <clientid> [TIMEOUT|ERROR]", "    Unblock the specified blocked client: no command blocks here.",
    ];

    public static IEnumerable<CommandSpec> Specs =>
    [
        new()
        {
            Name = "client", Arity = -2, Kind = CommandKind.Session, Categories = CategoryNames.Slow, Group = "connection",
            Since = "2.4.0", Syntax = "<subcommand> [argument ...]", Summary = "A container for client connection commands.",
            Subcommands =
            [
                .. ClientListCommands.Specs,
                Make("id", 2, "5.0.0", OnId, "", "Returns the unique client ID of the connection."),
                Make("getname", 2, "2.6.9", OnGetName, "", "Returns the name of the connection."),
                Make("setname", 3, "2.6.9", OnSetName, "connection-name", "Sets the connection name."),
                Make("setinfo", 4, "7.2.0", OnSetInfo, "LIB-NAME libname | LIB-VER libver", "Sets information specific to the client or connection."),
                Make("reply", 3, "3.2.0", OnReply, "ON | OFF | SKIP", "Instructs the server whether to reply to commands."),
                Make("no-evict", 3, "7.0.0", OnNoEvict, "ON | OFF", "Accepted: clients are never evicted."),
                Make("no-touch", 3, "7.2.0", OnNoTouch, "ON | OFF", "Accepted: reads never change the order of eviction."),
                Make("getredir", 2, "6.0.0", OnGetRedir, "", "Returns the client ID to which the connection's tracking notifications are redirected: -1."),
                Make("tracking", -3, "6.0.0", OnTracking, "OFF", "Accepts OFF; ON is an error, there is no tracking."),
                Make("trackinginfo", 2, "6.2.0", OnTrackingInfo, "", "Returns information about server-assisted client-side caching for the connection."),
                Make("unblock", -3, "5.0.0", OnUnblock, "client-id [TIMEOUT | ERROR]", "Unblocks a client blocked by a blocking command: there is none, the answer is 0."),
                HelpCommand.Make("client", "5.0.0", CategoryNames.ConnectionSlow, Help, "connection"),
            ],
        },
    ];

    private static CommandSpec Make(string name, int arity, string since, SessionHandler handler, string syntax, string summary) => new()
    {
        Name = "client|" + name,
        Arity = arity,
        Kind = CommandKind.Session,
        OnSession = handler,
        Flags = Plain,
        Categories = CategoryNames.ConnectionSlow,
        Group = "connection",
        Since = since,
        Syntax = syntax,
        Summary = summary,
    };

    private static void OnId(in SessionContext context) => context.Reply.Integer(context.Session.Id);

    private static void OnGetName(in SessionContext context)
    {
        if (context.Session.Name.Length == 0)
            context.Reply.Null(context.Request.Protocol);
        else
            context.Reply.Bulk(context.Session.Name);
    }

    private static void OnSetName(in SessionContext context)
    {
        if (ClientNames.TrySet(context, context.Arguments[2]))
            context.Reply.Ok();
    }

    private static void OnSetInfo(in SessionContext context)
    {
        ReadOnlySpan<byte> option = context.Arguments[2];
        ReadOnlySpan<byte> value = context.Arguments[3];
        bool isName = option.Is("LIB-NAME"u8);
        if (!isName && !option.Is("LIB-VER"u8))
        {
            context.Reply.Error($"ERR Unrecognized option '{option.Text()}'");
            return;
        }
        if (!ClientNames.IsPrintable(value) || value.Length > ClientNames.NameBytesMax)
        {
            context.Reply.Error($"ERR {(isName ? "lib-name" : "lib-ver")} cannot contain spaces, newlines or special characters.");
            return;
        }
        if (isName)
            context.Session.LibraryName = value.Text();
        else
            context.Session.LibraryVersion = value.Text();
        context.Reply.Ok();
    }

    private static void OnReply(in SessionContext context)
    {
        ReadOnlySpan<byte> mode = context.Arguments[2];
        if (mode.Is("ON"u8))
            context.Session.ReplyMode = ReplyMode.On;
        else if (mode.Is("OFF"u8))
            context.Session.ReplyMode = ReplyMode.Off;
        else if (!mode.Is("SKIP"u8))
            context.Reply.Error(CommandErrors.Syntax);
        else if (context.Session.ReplyMode == ReplyMode.On)
            context.Session.ReplyMode = ReplyMode.SkipNext;
        if (mode.Is("ON"u8))
            context.Reply.Ok();
    }

    private static void OnNoEvict(in SessionContext context)
    {
        if (TryOnOrOff(context, out bool on))
            context.Session.NoEvict = on;
    }

    private static void OnNoTouch(in SessionContext context)
    {
        if (TryOnOrOff(context, out bool on))
            context.Session.NoTouch = on;
    }

    private static bool TryOnOrOff(in SessionContext context, out bool on)
    {
        on = context.Arguments[2].Is("ON"u8);
        bool valid = on || context.Arguments[2].Is("OFF"u8);
        if (valid)
            context.Reply.Ok();
        else
            context.Reply.Error(CommandErrors.Syntax);
        return valid;
    }

    private static void OnGetRedir(in SessionContext context) => context.Reply.Integer(-1);

    private static void OnTracking(in SessionContext context)
    {
        if (context.Arguments[2].Is("OFF"u8))
            context.Reply.Ok();
        else if (context.Arguments[2].Is("ON"u8))
            context.Reply.Error("ERR CLIENT TRACKING is not supported: this server does not remember which keys a client has read"u8);
        else
            context.Reply.Error(CommandErrors.Syntax);
    }

    private static void OnTrackingInfo(in SessionContext context)
    {
        context.Reply.MapHeader(3, context.Request.Protocol);
        context.Reply.Bulk("flags"u8);
        context.Reply.SetHeader(1, context.Request.Protocol);
        context.Reply.Bulk("off"u8);
        context.Reply.Bulk("redirect"u8);
        context.Reply.Integer(-1);
        context.Reply.Bulk("prefixes"u8);
        context.Reply.ArrayHeader(0);
    }

    private static void OnUnblock(in SessionContext context)
    {
        CommandBuffer arguments = context.Arguments;
        if (arguments.Count > 4)
            context.Reply.Error(CommandErrors.Syntax);
        else if (arguments.Count == 4 && !arguments[3].Is("TIMEOUT"u8) && !arguments[3].Is("ERROR"u8))
            context.Reply.Error("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR"u8);
        else if (!ArgumentText.TryInteger(arguments[2], out _))
            context.Reply.Error(CommandErrors.NotInteger);
        else
            context.Reply.Integer(0);
    }
}
