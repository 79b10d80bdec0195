using Torc.Node.Commands.Keys;
using Torc.Node.Commands.Strings;

namespace Torc.Node.Commands;

/// <summary>The families: a new one is a file with its specs and one line here.</summary>
public static class CommandFamilies
{
    public static IEnumerable<CommandSpec> All =>
    [
        .. InternalCommands.Specs,
        .. GetCommands.Specs,
        .. SetCommands.Specs,
        .. EditCommands.Specs,
        .. CounterCommands.Specs,
        .. MultiStringCommands.Specs,
        .. LongestCommonSubsequence.Specs,
        .. ExistenceCommands.Specs,
        .. ExpiryCommands.Specs,
        .. RenameCommands.Specs,
        .. CopyCommand.Specs,
        .. ScanCommand.Specs,
        .. KeysCommand.Specs,
        .. RandomKeyCommand.Specs,
        .. KeyspaceCommands.Specs,
        .. ObjectCommand.Specs,
    ];
}
