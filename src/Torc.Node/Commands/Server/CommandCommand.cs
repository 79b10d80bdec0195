using Torc.Protocols.Resp;

namespace Torc.Node.Commands.Server;

/// <summary>COMMAND: everything it says comes from the specs in the command table.</summary>
internal static class CommandCommand
{
    private const CommandFlags Plain = CommandFlags.Loading | CommandFlags.Stale;

    private static readonly string[] Help =
    [
        "(no subcommand)", "    Return details about all commands.",
        "COUNT", "    Return the total number of commands in this server.",
        "LIST", "    Return a list of all commands in this server.",
        "INFO [<command-name> ...]", "    Return details about multiple commands.", "    If no command names are given, details for all commands are returned.",
        "DOCS [<command-name> ...]", "    Return documentation details about multiple commands.", "    If no command names are given, documentation details for all", "    commands are returned.",
        "GETKEYS <full-command>", "    Return the keys from a full command.",
        "GETKEYSANDFLAGS <full-command>", "    Return the keys and the access flags from a full command.",
    ];

    public static IEnumerable<CommandSpec> Specs =>
    [
        new()
        {
            Name = "command", Arity = -1, Kind = CommandKind.Session, OnSession = OnAll, Flags = Plain, Categories = CategoryNames.ConnectionSlow,
            Group = "server", Since = "2.8.13", Complexity = "O(N) where N is the number of commands", Summary = "Returns detailed information about all commands.",
            Subcommands =
            [
                Make("count", 2, "2.8.13", OnCount, "", "Returns a count of commands."),
                Make("docs", -2, "7.0.0", OnDocs, "[command-name [command-name ...]]", "Returns documentary information about one, multiple or all commands."),
                Make("getkeys", -3, "2.8.13", OnGetKeys, "command [arg [arg ...]]", "Extracts the key names from an arbitrary command."),
                Make("getkeysandflags", -3, "7.0.0", OnGetKeysAndFlags, "command [arg [arg ...]]", "Extracts the key names and access flags for an arbitrary command."),
                Make("info", -2, "2.8.13", OnInfo, "[command-name [command-name ...]]", "Returns information about one, multiple or all commands."),
                Make("list", -2, "7.0.0", OnList, "[FILTERBY filter value]", "Returns a list of command names."),
                HelpCommand.Make("command", "5.0.0", CategoryNames.ConnectionSlow, Help, "server"),
            ],
        },
    ];

    private static CommandSpec Make(string name, int arity, string since, SessionHandler handler, string syntax, string summary) => new()
    {
        Name = "command|" + name,
        Arity = arity,
        Kind = CommandKind.Session,
        OnSession = handler,
        Flags = Plain,
        Categories = CategoryNames.ConnectionSlow,
        Group = "server",
        Since = since,
        Syntax = syntax,
        Complexity = "O(N) where N is the number of commands to look up",
        Summary = summary,
    };

    private static CommandSpec[] Visible(in SessionContext context) =>
        [.. context.Table.All.Where(spec => !spec.Has(CommandFlags.Internal))];

    /// <summary>A command or "container|sub"; null when clients cannot call it.</summary>
    private static CommandSpec? Find(in SessionContext context, ReadOnlySpan<byte> name)
    {
        int bar = name.IndexOf((byte)'|');
        CommandSpec? spec = context.Table.Find(bar < 0 ? name : name[..bar]);
        if (spec is null || spec.Has(CommandFlags.Internal))
            return null;
        return bar < 0 ? spec : spec.FindSubcommand(name[(bar + 1)..]);
    }

    private static void OnAll(in SessionContext context)
    {
        CommandSpec[] specs = Visible(context);
        context.Reply.ArrayHeader(specs.Length);
        foreach (CommandSpec spec in specs)
            CommandDescriptions.WriteInfo(context.Reply, spec, context.Request.Protocol);
    }

    private static void OnCount(in SessionContext context) => context.Reply.Integer(Visible(context).Length);

    private static void OnInfo(in SessionContext context)
    {
        if (context.Arguments.Count == 2)
        {
            OnAll(context);
            return;
        }
        context.Reply.ArrayHeader(context.Arguments.Count - 2);
        for (int i = 2; i < context.Arguments.Count; i++)
        {
            if (Find(context, context.Arguments[i]) is { } spec)
                CommandDescriptions.WriteInfo(context.Reply, spec, context.Request.Protocol);
            else
                context.Reply.NullArray(context.Request.Protocol);
        }
    }

    private static void OnDocs(in SessionContext context)
    {
        var specs = new List<CommandSpec>();
        if (context.Arguments.Count == 2)
            specs.AddRange(Visible(context));
        for (int i = 2; i < context.Arguments.Count; i++)
        {
            if (Find(context, context.Arguments[i]) is { } spec)
                specs.Add(spec);
        }
        context.Reply.MapHeader(specs.Count, context.Request.Protocol);
        foreach (CommandSpec spec in specs)
        {
            context.Reply.Bulk(spec.Name);
            CommandDescriptions.WriteDocumentation(context.Reply, spec, context.Request.Protocol);
        }
    }

    private static void OnList(in SessionContext context)
    {
        CommandBuffer arguments = context.Arguments;
        CommandSpec[] specs = Visible(context);
        if (arguments.Count != 2 && (arguments.Count != 5 || !arguments[2].Is("FILTERBY"u8)))
        {
            context.Reply.Error(CommandErrors.Syntax);
            return;
        }
        if (arguments.Count == 5)
        {
            ReadOnlySpan<byte> filter = arguments[3];
            byte[] value = arguments[4].ToArray();
            if (filter.Is("MODULE"u8))
            {
                specs = [];
            }
            else if (filter.Is("ACLCAT"u8))
            {
                string category = arguments[4].Text().ToLowerInvariant();
                specs = [.. specs.Where(spec => spec.Categories.Contains(category))];
            }
            else if (filter.Is("PATTERN"u8))
            {
                specs = [.. specs.Where(spec => GlobPattern.Matches(value, spec.NameBytes, ignoreCase: true))];
            }
            else
            {
                context.Reply.Error(CommandErrors.Syntax);
                return;
            }
        }
        context.Reply.ArrayHeader(specs.Length);
        foreach (CommandSpec spec in specs)
            context.Reply.Bulk(spec.Name);
    }

    private static void OnGetKeys(in SessionContext context)
    {
        if (!TryKeys(context, out _, out List<int> keys))
            return;
        context.Reply.ArrayHeader(keys.Count);
        foreach (int key in keys)
            context.Reply.Bulk(context.Arguments[key]);
    }

    private static void OnGetKeysAndFlags(in SessionContext context)
    {
        if (!TryKeys(context, out CommandSpec spec, out List<int> keys))
            return;
        context.Reply.ArrayHeader(keys.Count);
        foreach (int key in keys)
        {
            context.Reply.ArrayHeader(2);
            context.Reply.Bulk(context.Arguments[key]);
            CommandDescriptions.WriteWords(context.Reply, CommandDescriptions.KeyFlags(spec), context.Request.Protocol);
        }
    }

    /// <summary>Where the keys of the command in arguments 2 and on stand; false with an error when it has none or is none.</summary>
    private static bool TryKeys(in SessionContext context, out CommandSpec spec, out List<int> keys)
    {
        CommandBuffer arguments = context.Arguments;
        keys = [];
        spec = Find(context, arguments[2])!;
        if (spec is null)
        {
            context.Reply.Error("ERR Invalid command specified"u8);
            return false;
        }
        if (spec.Subcommands.Count > 0 && arguments.Count > 3)
            spec = spec.FindSubcommand(arguments[3]) ?? spec;
        int count = arguments.Count - 2;
        if (spec.Keys.First == 0)
            context.Reply.Error("ERR The command has no key arguments"u8);
        else if (!spec.AcceptsArgumentCount(count))
            context.Reply.Error("ERR Invalid number of arguments specified for command"u8);
        else
            keys = KeyIndexes(spec, count);
        return keys.Count > 0;
    }

    private static List<int> KeyIndexes(CommandSpec spec, int count)
    {
        var keys = new List<int>();
        int last = spec.Keys.Last < 0 ? count + spec.Keys.Last : spec.Keys.Last;
        for (int i = spec.Keys.First; i <= last; i += spec.Keys.Step)
            keys.Add(2 + i);
        return keys;
    }
}
