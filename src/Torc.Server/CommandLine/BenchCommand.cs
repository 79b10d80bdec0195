using System.CommandLine;
using System.Runtime.InteropServices;
using System.Text.Json;
using Torc.Server.Bench;
using Torc.Server.Bench.Driving;
using Torc.Server.Bench.Keys;
using Torc.Server.Settings;

namespace Torc.Server.CommandLine;

/// <summary><c>torc bench</c>: load on running servers, and what it measured.</summary>
internal sealed class BenchCommand
{
    private const string TargetDefault = "127.0.0.1:6379";

    private readonly Option<string> _workload = Make("--workload", "NAME", "a", "What to do; see the list.");
    private readonly Option<string?> _distribution = new("--distribution") { Description = "Which keys: uniform, zipfian (0.99, scattered), latest. Default: the workload's.", HelpName = "NAME" };
    private readonly Option<string> _targets = Make("--targets", "HOST:PORT,...", TargetDefault, "Where clients connect; connections take turns.");
    private readonly Option<string> _protocol = Make("--protocol", "NAME", "resp", "What the targets speak: resp, memcached (text), etcd (gRPC); the others for comparison.");
    private readonly Option<int> _connections = Make("--connections", "NUMBER", 50, "Connections, over all threads.");
    private readonly Option<int> _threads = Make("--threads", "NUMBER", 1, "Threads that drive them.");
    private readonly Option<int> _pipeline = Make("--pipeline", "NUMBER", 1, "Operations sent together on a connection, before their replies.");
    private readonly Option<long> _keys = Make("--keys", "NUMBER", 1_000_000L, "Keys to choose from, 16 bytes each.");
    private readonly Option<int> _valueBytes = Make("--value-bytes", "NUMBER", 100, "Length of a value; it does not compress.");
    private readonly Option<long> _requests = Make("--requests", "NUMBER", 0L, "End after so many operations; 0: after --seconds.");
    private readonly Option<double> _seconds = Make("--seconds", "S", BenchOptions.SecondsDefault, "End after that long.");
    private readonly Option<double> _warmUp = Make("--warm-up", "S", 0.0, "Load before, that is not measured.");
    private readonly Option<double> _rate = Make("--rate", "NUMBER", 0.0, "Operations a second, sent when due whatever the server does, and latencies from when due; 0: as fast as replies come.");
    private readonly Option<int> _waitReplicas = Make("--wait-replicas", "NUMBER", 0, "WAIT for so many replicas behind each pipeline; its writes are done then.");
    private readonly Option<bool> _waitEach = new("--wait-each") { Description = "That WAIT behind each operation instead of each pipeline." };
    private readonly Option<int> _readPercent = Make("--read-percent", "NUMBER", 50, "Share of reads in the workload mixed.");
    private readonly Option<string> _password = Make("--password", "TEXT", "", "AUTH with it first.");
    private readonly Option<ulong> _seed = Make("--seed", "NUMBER", 1UL, "The same one draws the same operations.");
    private readonly Option<bool> _load = new("--load") { Description = "First write each key once; not measured." };
    private readonly Option<bool> _json = StatusCommand.JsonOption();

    internal static Command Make() => new BenchCommand().MakeCommand();

    private Command MakeCommand()
    {
        var command = new Command("bench", "Put load on running servers: YCSB workloads, latencies, throughput.")
        {
            _workload, _distribution, _targets, _protocol, _connections, _threads, _pipeline, _keys, _valueBytes, _requests, _seconds,
            _warmUp, _rate, _waitReplicas, _waitEach, _readPercent, _password, _seed, _load, _json,
        };
        command.SetAction(parsed => Run(Read(parsed), parsed.GetValue(_json)));
        return command;
    }

    private BenchOptions Read(ParseResult parsed)
    {
        Workload workload = ReadWorkload(parsed);
        string? distribution = parsed.GetValue(_distribution);
        return new BenchOptions
        {
            Workload = workload,
            Distribution = distribution is null ? workload.Distribution : Named<KeyDistribution>("distribution", distribution),
            Targets = ReadTargets(parsed.GetValue(_targets)!),
            Protocol = Named<BenchProtocol>("protocol", parsed.GetValue(_protocol)!),
            Connections = parsed.GetValue(_connections),
            Threads = parsed.GetValue(_threads),
            Pipeline = parsed.GetValue(_pipeline),
            Keys = parsed.GetValue(_keys),
            ValueBytes = parsed.GetValue(_valueBytes),
            Requests = parsed.GetValue(_requests),
            Seconds = parsed.GetValue(_seconds),
            WarmUpSeconds = parsed.GetValue(_warmUp),
            Rate = parsed.GetValue(_rate),
            WaitReplicas = parsed.GetValue(_waitReplicas),
            WaitEach = parsed.GetValue(_waitEach),
            Password = parsed.GetValue(_password)!,
            Seed = parsed.GetValue(_seed),
            Load = parsed.GetValue(_load),
        }.Check();
    }

    private Workload ReadWorkload(ParseResult parsed)
    {
        string name = parsed.GetValue(_workload)!;
        Workload workload = Workload.Find(name)
            ?? throw new SettingException($"--workload '{name}' is unknown. There are: {string.Join(", ", Workload.All.Select(static known => known.Name))}.");
        int reads = parsed.GetValue(_readPercent);
        if (reads is < 0 or > 100)
            throw new SettingException($"--read-percent {reads} is not between 0 and 100.");
        return workload.Name == Workload.MixedName ? workload with { Reads = reads, Updates = 100 - reads } : workload;
    }

    /// <summary>In the order given, and with repetitions if that is what was asked for.</summary>
    private static HostAndPort[] ReadTargets(string text)
    {
        string[] items = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (items.Length == 0)
            throw new SettingException($"--targets is empty. Give addresses, for example {TargetDefault}.");
        return [.. items.Select(static item => HostAndPort.TryParse(item, out HostAndPort address)
            ? address
            : throw new SettingException($"--targets '{item}' is not host:port. Give addresses, for example {TargetDefault}."))];
    }

    private static T Named<T>(string option, string text)
        where T : struct, Enum =>
        Enum.TryParse(text, ignoreCase: true, out T value) && Enum.IsDefined(value) && !char.IsDigit(text[0])
            ? value
            : throw new SettingException($"--{option} '{text}' is unknown. There are: {string.Join(", ", Enum.GetNames<T>()).ToLowerInvariant()}.");

    private static int Run(BenchOptions options, bool json)
    {
        using var stop = new CancellationTokenSource();
        using PosixSignalRegistration interrupted = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => Interruption.EndOnce(signal, stop));
        using PosixSignalRegistration terminated = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => Interruption.EndOnce(signal, stop));
        try
        {
            if (options.Load)
                Drive(options.ForLoading(), "loading", stop.Token);
            Tally tally = Drive(options, $"workload {options.Workload.Name}", stop.Token);
            BenchResult result = BenchResult.Of(options, tally);
            if (json)
                Console.Out.WriteLine(JsonSerializer.Serialize(result, BenchJson.Default.BenchResult));
            else
                BenchReport.Print(Screen.Console, result);
            if (tally.Done > 0)
                return ExitCode.Done;
            Console.Error.WriteLine("torc: not one operation succeeded.");
            return ExitCode.Failed;
        }
        catch (BenchFailedException error)
        {
            Console.Error.WriteLine($"torc: {error.Message}");
            return ExitCode.Failed;
        }
    }

    private static Tally Drive(BenchOptions options, string title, CancellationToken cancelled)
    {
        using var run = new BenchRun(options);
        return BenchProgress.Show(title, progress => run.Run(progress, cancelled));
    }

    private static Option<T> Make<T>(string name, string value, T standard, string description) => new(name)
    {
        Description = standard is "" ? description : FormattableString.Invariant($"{description} Default {standard}."),
        HelpName = value,
        DefaultValueFactory = _ => standard,
    };
}
