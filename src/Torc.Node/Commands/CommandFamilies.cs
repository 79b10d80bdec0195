namespace Torc.Node.Commands;

/// <summary>The families: a new one is a file with its specs and one line here.</summary>
public static class CommandFamilies
{
    public static IEnumerable<CommandSpec> All =>
    [
        .. InternalCommands.Specs,
    ];
}
