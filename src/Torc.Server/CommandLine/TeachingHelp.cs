using System.CommandLine;
using System.CommandLine.Invocation;
using Torc.Server.Bench;
using Torc.Server.Settings;

namespace Torc.Server.CommandLine;

/// <summary>
/// Help that begins with what to type: purpose, usage, examples, then every option; a node's settings stand under
/// their headings with their defaults, ranges and environment variables, all from <see cref="SettingTable"/>.
/// </summary>
internal sealed class TeachingHelp : SynchronousCommandLineAction
{
    private const int OptionColumn = 40;
    private static readonly Dictionary<string, string[]> Examples = new(StringComparer.Ordinal)
    {
        [""] =
        [
            "torc dev                          three nodes on this machine; then: redis-cli -p 6379 set hello world",
            "torc serve --data ./data          one node, a cluster of its own",
            "torc status                       the nodes of the cluster, as the node on this machine sees it",
            "torc serve --help                 every setting of a node",
        ],
        ["serve"] =
        [
            "torc serve",
            "torc serve --data /var/lib/torc --durability everysec",
            "TORC_REQUIREPASS=secret torc serve --bind 0.0.0.0 --advertise db1.example.org",
            "torc serve --config /etc/torc.conf --first-nodes db1:7379,db2:7379,db3:7379 --advertise db1 --bind 0.0.0.0",
        ],
        ["dev"] =
        [
            "torc dev                          nodes on ports 6379, 6380 and 6381; data in ./torc-data",
            "torc dev --nodes 5 --data /tmp/five",
            "torc dev --port 7000 --peer-port 7100 --http-port 7200 --durability os",
        ],
        ["status"] =
        [
            "torc status",
            "torc status --node db1.example.org:8379",
            "torc status --json | jq '.nodes[] | {id, state, keys}'",
        ],
        ["ring"] =
        [
            "torc ring                         each node's share of the ring",
            "torc ring --json | jq '.partitions[] | select(.firstSlot <= 866 and .lastSlot >= 866)'",
        ],
        ["inspect"] =
        [
            "torc inspect torc-data/node-0/shard-00/segment-0000000000000001.torc",
        ],
        ["bench"] =
        [
            "torc bench --load                 writes a million keys, then YCSB A for ten seconds",
            "torc bench --workload c --connections 200 --threads 2 --pipeline 16 --seconds 30",
            "torc bench --workload b --targets db1:6379,db2:6379,db3:6379 --rate 20000 --json",
        ],
    };

    /// <summary>Help is given whatever else is wrong or missing on the command line.</summary>
    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        TextWriter output = parseResult.InvocationConfiguration.Output;
        Command command = parseResult.CommandResult.Command;
        string name = command is RootCommand ? "" : command.Name;
        output.WriteLine(command.Description);
        output.WriteLine();
        output.WriteLine($"Usage: torc{(name.Length == 0 ? " COMMAND" : " " + name)}{Arguments(command)} [options]");
        WriteRows(output, "Commands", command.Subcommands.Where(static sub => !sub.Hidden).Select(static sub => (sub.Name, sub.Description ?? "")), 12);
        if (Examples.TryGetValue(name, out string[]? examples))
        {
            output.WriteLine();
            output.WriteLine("Examples:");
            foreach (string example in examples)
                output.WriteLine("  " + example);
        }
        if (name == "bench")
            WriteRows(output, "Workloads", Workload.All.Select(static workload => (workload.Name, $"{workload.Meaning}; {workload.Distribution.ToString().ToLowerInvariant()}")), 12);
        Option[] options = [.. command.Options.Where(static option => !option.Hidden)];
        WriteRows(output, "Options", options.Where(static option => option is not SettingOption).Select(Describe), OptionColumn);
        WriteSettings(output, options);
        return ExitCode.Done;
    }

    private static void WriteSettings(TextWriter output, Option[] options)
    {
        Setting[] settings = [.. options.OfType<SettingOption>().Select(static option => option.Setting)];
        if (settings.Length == 0)
            return;
        output.WriteLine();
        output.WriteLine("Settings. Each can be an option, an environment variable (--peer-port is TORC_PEER_PORT), or a line of the");
        output.WriteLine("--config file (peer-port = 7379); the first of these counts. Sizes take kb, mb, gb.");
        foreach (IGrouping<string, Setting> group in settings.GroupBy(static setting => setting.Group))
            WriteRows(output, group.Key, group.Select(Describe), OptionColumn);
    }

    private static (string Left, string Right) Describe(Option option) =>
        (option.HelpName is { } value ? $"{option.Name} {value}" : string.Join(", ", option.Aliases.Prepend(option.Name)), option.Description ?? "");

    private static (string Left, string Right) Describe(Setting setting)
    {
        string standard = setting.Default.Length == 0 ? "" : $" Default {setting.Default}.";
        return ($"{setting.Option} VALUE", $"{setting.Meaning}{standard} ({setting.Range})");
    }

    private static string Arguments(Command command) => string.Concat(command.Arguments.Select(static argument => " " + argument.Name));

    private static void WriteRows(TextWriter output, string title, IEnumerable<(string Left, string Right)> rows, int column)
    {
        bool first = true;
        foreach ((string left, string right) in rows)
        {
            if (first)
            {
                output.WriteLine();
                output.WriteLine($"{title}:");
                first = false;
            }
            output.WriteLine($"  {left.PadRight(column)} {right}");
        }
    }
}
