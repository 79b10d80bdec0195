using System.CommandLine;
using System.CommandLine.Help;
using System.Reflection;
using Torc.Server.Data;
using Torc.Server.Settings;
using Torc.Storage.Disk;

namespace Torc.Server.CommandLine;

/// <summary>
/// The command line: what `torc` can be told, in one tree. Every mistake of the caller ends in one line on standard
/// error that names it and says what to do, and exit code 2.
/// </summary>
public static class TorcCommands
{
    public static string Version { get; } =
        typeof(TorcCommands).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    public static async Task<int> Run(IReadOnlyList<string> arguments)
    {
        RootCommand root = Make();
        ParseResult parsed = root.Parse(arguments.Count == 0 ? ["--help"] : arguments);
        if (parsed.Errors.Count > 0)
            return Complain($"{Explain(parsed)} {Where(parsed)}", ExitCode.Usage);
        try
        {
            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        }
        catch (SettingException error)
        {
            return Complain(error.Message, ExitCode.Usage);
        }
        catch (DataDirectoryException error)
        {
            return Complain(error.Message, ExitCode.Data);
        }
        catch (DiskFailedException error)
        {
            return Complain(error.Message, ExitCode.DiskFailed);
        }
    }

    internal static RootCommand Make()
    {
        var root = new RootCommand("Torc: a distributed key-value store that any Redis client talks to.")
        {
            ServeCommand.Make(),
            DevCommand.Make(),
            StatusCommand.Make(),
            RingCommand.Make(),
            RepairCommand.Make(),
            InspectCommand.Make(),
            BenchCommand.Make(),
        };
        foreach (Command change in ClusterChangeCommands.Make())
            root.Add(change);
        UseOwnHelp(root);
        return root;
    }

    private static void UseOwnHelp(RootCommand root)
    {
        foreach (Option option in root.Options)
        {
            if (option is HelpOption help)
                help.Action = new TeachingHelp();
        }
    }

    private static int Complain(string message, int code)
    {
        Console.Error.WriteLine($"torc: {message}");
        return code;
    }

    private static string Explain(ParseResult parsed)
    {
        if (parsed.UnmatchedTokens.Count == 0)
            return parsed.Errors[0].Message;
        string unknown = parsed.UnmatchedTokens[0];
        string kind = unknown.StartsWith('-') ? "option" : "command or argument";
        string text = $"unknown {kind} {unknown}.";
        Command command = parsed.CommandResult.Command;
        IEnumerable<string> known = command.Options.Where(static option => !option.Hidden).Select(static option => option.Name)
            .Concat(command.Subcommands.Select(static sub => sub.Name));
        string? nearest = NearestName.Of(unknown.Split('=')[0], known);
        return nearest is null ? text : $"{text} Did you mean {nearest}?";
    }

    private static string Where(ParseResult parsed)
    {
        Command command = parsed.CommandResult.Command;
        return command is RootCommand ? "See 'torc --help'." : $"See 'torc {command.Name} --help'.";
    }
}
