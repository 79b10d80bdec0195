using Torc.Protocols.Resp;

namespace Torc.Node.Commands.Server;

/// <summary>CONFIG, TIME and LOLWUT.</summary>
internal static class ServerCommands
{
    private const CommandFlags AdminFlags = CommandFlags.Admin | CommandFlags.NoScript | CommandFlags.Loading | CommandFlags.Stale;

    private static readonly string[] ConfigHelp =
    [
        "GET <pattern>", "    Return parameters matching the glob-like <pattern> and their values.",
        "SET <directive> <value>", "    An error: settings are read at start.",
        "RESETSTAT", "    Reset statistics reported by the INFO command.",
    ];

    public static IEnumerable<CommandSpec> Specs =>
    [
        new()
        {
            Name = "config", Arity = -2, Kind = CommandKind.Session, Categories = CategoryNames.Slow, Group = "server",
            Since = "2.0.0", Syntax = "<subcommand> [argument ...]", Summary = "A container for server configuration commands.",
            Subcommands =
            [
                Config("get", -3, OnConfigGet, "parameter [parameter ...]", "Returns the effective values of configuration parameters of this node."),
                Config("set", -4, OnConfigSet, "parameter value [parameter value ...]", "An error: settings are read at start, from file, environment and options."),
                Config("resetstat", 2, OnResetStatistics, "", "Resets the statistics of this node."),
                HelpCommand.Make("config", "5.0.0", CategoryNames.Slow, ConfigHelp, "server"),
            ],
        },
        new()
        {
            Name = "time", Arity = 1, Kind = CommandKind.Session, OnSession = OnTime, Flags = CommandFlags.Loading | CommandFlags.Stale | CommandFlags.Fast,
            Categories = CategoryNames.Fast, Group = "server", Since = "2.6.0", Summary = "Returns the time of this node's clock, to the millisecond.",
        },
        new()
        {
            Name = "lolwut", Arity = -1, Kind = CommandKind.Session, OnSession = OnVersion, Flags = CommandFlags.ReadOnly | CommandFlags.Fast,
            Categories = ["read", "fast"], Group = "server", Since = "5.0.0", Syntax = "[VERSION version]", Summary = "Displays the version; there is no computer art.",
        },
    ];

    private static CommandSpec Config(string name, int arity, SessionHandler handler, string syntax, string summary) => new()
    {
        Name = "config|" + name,
        Arity = arity,
        Kind = CommandKind.Session,
        OnSession = handler,
        Flags = AdminFlags,
        Categories = CategoryNames.Administration,
        Group = "server",
        Since = "2.0.0",
        Syntax = syntax,
        Summary = summary,
    };

    private static void OnConfigGet(in SessionContext context)
    {
        var matching = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach ((string name, string value) in context.Surroundings.Configuration)
        {
            byte[] nameBytes = System.Text.Encoding.UTF8.GetBytes(name);
            for (int i = 2; i < context.Arguments.Count; i++)
            {
                if (GlobPattern.Matches(context.Arguments[i], nameBytes, ignoreCase: true))
                    matching[name] = value;
            }
        }
        context.Reply.MapHeader(matching.Count, context.Request.Protocol);
        foreach ((string name, string value) in matching)
        {
            context.Reply.Bulk(name);
            context.Reply.Bulk(value);
        }
    }

    private static void OnConfigSet(in SessionContext context) => context.Reply.Error(
        "ERR CONFIG SET is not supported: settings are read at start, from the file, the environment and the options of torc serve"u8);

    private static void OnResetStatistics(in SessionContext context)
    {
        context.Surroundings.ResetStatistics();
        context.Reply.Ok();
    }

    private static void OnTime(in SessionContext context)
    {
        context.Reply.ArrayHeader(2);
        context.Reply.BulkInteger(context.Now.WallMs / 1000);
        context.Reply.BulkInteger(context.Now.WallMs % 1000 * 1000);
    }

    private static void OnVersion(in SessionContext context) =>
        context.Reply.VerbatimString($"Torc ver. {context.Surroundings.Process.Version}\n", context.Request.Protocol);
}
