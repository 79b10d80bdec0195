using System.CommandLine;
using Torc.Server.Dev;
using Torc.Server.Settings;

namespace Torc.Server.CommandLine;

/// <summary><c>torc dev</c>: a whole cluster on this machine, each node a process of its own.</summary>
internal static class DevCommand
{
    private const int NodesDefault = 3;

    internal static Command Make()
    {
        var nodes = new Option<int>("--nodes")
        {
            Description = $"How many nodes. Default {NodesDefault}.",
            HelpName = "NUMBER",
            DefaultValueFactory = static _ => NodesDefault,
        };
        var dataCentres = new Option<int>("--dcs")
        {
            Description = "In how many data centres, with three copies of each key in each unless --replicas says otherwise. Node i is in number i mod this. Default 1.",
            HelpName = "NUMBER",
            DefaultValueFactory = static _ => 1,
        };
        var command = new Command("dev", "Run a cluster on this machine: real processes; node i adds i to each port. Ctrl-C stops all.") { nodes, dataCentres };
        var options = new SettingOptions(command, SettingTable.FirstNodes, SettingTable.Seeds, SettingTable.Advertise);
        command.SetAction(async (parsed, _) =>
        {
            IReadOnlyList<DevNodePlan> plans = DevPlanner.Plan(
                parsed.GetValue(nodes), parsed.GetValue(dataCentres), options.Read(parsed), options.Given(parsed), options.ConfigFile(parsed));
            using var cluster = new DevCluster(Screen.Console);
            return await cluster.Run(plans);
        });
        return command;
    }
}
