using Torc.Node.Commands.Cluster;
using Torc.Node.Commands.Connection;
using Torc.Node.Commands.Keys;
using Torc.Node.Commands.Server;
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
        .. AuthenticationCommands.Specs,
        .. ConnectionCommands.Specs,
        .. ClientCommands.Specs,
        .. ConsistencyCommand.Specs,
        .. CommandCommand.Specs,
        .. InfoCommand.Specs,
        .. ServerCommands.Specs,
        .. RepairCommand.Specs,
        .. ClusterCommands.Specs,
        .. ChangeCommands.Specs,
    ];
}
