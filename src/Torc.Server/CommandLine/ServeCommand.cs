using System.CommandLine;
using Torc.Server.Hosting;

namespace Torc.Server.CommandLine;

/// <summary><c>torc serve</c>: run one node until it is told to stop.</summary>
internal static class ServeCommand
{
    /// <summary>Hidden: the node stops when its standard input ends, which it does when the process that started it dies.</summary>
    internal const string StopWithInputOption = "--stop-with-input";

    internal static Command Make()
    {
        var command = new Command("serve", "Run one node. Without --first-nodes it is a cluster of one.");
        var settings = new SettingOptions(command);
        var stopWithInput = new Option<bool>(StopWithInputOption) { Hidden = true };
        command.Add(stopWithInput);
        command.SetAction((parsed, _) => ServerProcess.Run(settings.Read(parsed), parsed.GetValue(stopWithInput)));
        return command;
    }
}
