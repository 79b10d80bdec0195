using Torc.Protocols.Resp;

namespace Torc.Node.Commands;

/// <summary>The HELP subcommand of a container, in Redis' layout.</summary>
internal static class HelpCommand
{
    /// <param name="lines">A line per subcommand, and indented lines that explain it.</param>
    public static CommandSpec Make(string container, string since, IReadOnlyList<string> categories, string[] lines, string group = "generic") => new()
    {
        Name = container + "|help",
        Arity = 2,
        Kind = CommandKind.Session,
        OnSession = (in SessionContext context) => Write(context.Reply, container, lines),
        Flags = CommandFlags.Loading | CommandFlags.Stale,
        Categories = categories,
        Group = group,
        Since = since,
        Summary = "Returns helpful text about the different subcommands.",
    };

    private static void Write(ByteWriter reply, string container, string[] lines)
    {
        reply.ArrayHeader(lines.Length + 3);
        reply.SimpleString($"{container.ToUpperInvariant()} <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
        foreach (string line in lines)
            reply.SimpleString(line);
        reply.SimpleString("HELP"u8);
        reply.SimpleString("    Print this help."u8);
    }
}
