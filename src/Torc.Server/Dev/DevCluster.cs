using System.Runtime.InteropServices;
using Spectre.Console;
using Torc.Server.CommandLine;

namespace Torc.Server.Dev;

/// <summary>
/// A development cluster: starts its nodes, shows how they come up, names at once any that dies, and takes them all
/// down when it is told to stop.
/// </summary>
internal sealed class DevCluster : IDisposable
{
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopPatience = TimeSpan.FromSeconds(15);
    private const int ReadyPollMs = 100;

    private readonly IAnsiConsole _console;
    private readonly List<DevNode> _nodes = [];
    private readonly TaskCompletionSource _stop = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly HttpClient _client = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = TimeSpan.FromSeconds(2) };

    internal DevCluster(IAnsiConsole console) => _console = console;

    internal async Task<int> Run(IReadOnlyList<DevNodePlan> plans)
    {
        using PosixSignalRegistration interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, OnSignal);
        using PosixSignalRegistration terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, OnSignal);
        using PosixSignalRegistration hangUp = PosixSignalRegistration.Create(PosixSignal.SIGHUP, OnSignal);
        foreach (DevNodePlan plan in plans)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(plan.Directory)!);
            _nodes.Add(DevNode.Start(plan));
        }
        bool started = await WaitUntilReady();
        if (started)
        {
            ShowEndpoints();
            await WatchUntilStopped();
        }
        await StopAll();
        return started ? ExitCode.Done : ExitCode.Failed;
    }

    public void Dispose()
    {
        foreach (DevNode node in _nodes)
            node.Dispose();
        _client.Dispose();
    }

    private void OnSignal(PosixSignalContext context)
    {
        context.Cancel = true;
        _stop.TrySetResult();
    }

    private async Task<bool> WaitUntilReady()
    {
        if (!_console.Profile.Capabilities.Interactive)
        {
            _console.WriteLine($"starting {_nodes.Count} nodes");
            return await PollUntilReady(ready => _console.WriteLine($"node {ready.Plan.Number} is ready"), static _ => { });
        }
        return await _console.Status().StartAsync($"starting {_nodes.Count} nodes", context => PollUntilReady(
            static _ => { },
            waiting => context.Status(waiting.Count == 0 ? "ready" : Markup.Escape($"waiting for {string.Join(", ", waiting.Select(static node => $"node {node.Plan.Number}"))}"))));
    }

    private async Task<bool> PollUntilReady(Action<DevNode> onReady, Action<IReadOnlyList<DevNode>> onWaiting)
    {
        var waiting = new List<DevNode>(_nodes);
        var began = System.Diagnostics.Stopwatch.StartNew();
        while (waiting.Count > 0)
        {
            if (_stop.Task.IsCompleted)
                return false;
            if (_nodes.Find(static node => node.Ended.IsCompleted) is { } dead)
            {
                ShowDeath(dead, "did not start");
                return false;
            }
            if (began.Elapsed > StartPatience)
            {
                DevNode slow = waiting[0];
                _console.MarkupLine($"[red]node {slow.Plan.Number} is not ready after {StartPatience.TotalSeconds} s[/]; its log is {Markup.Escape(slow.Plan.LogFile)}");
                return false;
            }
            foreach (DevNode node in waiting.ToArray())
            {
                if (!await IsReady(node))
                    continue;
                waiting.Remove(node);
                onReady(node);
            }
            onWaiting(waiting);
            await Task.WhenAny(_stop.Task, Task.Delay(ReadyPollMs));
        }
        return true;
    }

    private async Task<bool> IsReady(DevNode node)
    {
        try
        {
            using HttpResponseMessage response = await _client.GetAsync(new Uri($"http://{node.Plan.HttpAddress}/readyz"));
            return response.IsSuccessStatusCode;
        }
        catch (Exception error) when (error is HttpRequestException or OperationCanceledException)
        {
            return false;
        }
    }

    private void ShowEndpoints()
    {
        Table table = Screen.Table("node", "Redis clients", "HTTP", "process", "data");
        foreach (DevNode node in _nodes)
            table.AddRow($"{node.Plan.Number}", node.Plan.RespAddress, $"http://{node.Plan.HttpAddress}", $"{node.ProcessId}", Markup.Escape(node.Plan.Directory));
        _console.Write(table);
        DevNode first = _nodes[0], last = _nodes[^1];
        _console.WriteLine("Try:");
        _console.WriteLine($"  redis-cli -p {Port(first)} set hello world");
        _console.WriteLine($"  redis-cli -p {Port(last)} get hello");
        _console.WriteLine($"  torc status --node {first.Plan.HttpAddress}");
        if (_nodes.Count > 1)
            _console.WriteLine($"  kill -9 {last.ProcessId}        a node dies; the others go on");
        _console.WriteLine("Ctrl-C stops all nodes.");
    }

    private static string Port(DevNode node) => node.Plan.RespAddress[(node.Plan.RespAddress.LastIndexOf(':') + 1)..];

    private async Task WatchUntilStopped()
    {
        var alive = new List<DevNode>(_nodes);
        while (alive.Count > 0)
        {
            await Task.WhenAny(alive.Select(static node => node.Ended).Append(_stop.Task));
            if (_stop.Task.IsCompleted)
                return;
            foreach (DevNode dead in alive.Where(static node => node.Ended.IsCompleted).ToArray())
            {
                alive.Remove(dead);
                ShowDeath(dead, "died");
                _console.WriteLine(alive.Count == 0 ? "No node is left." : $"{alive.Count} of {_nodes.Count} nodes go on. To bring it back, in another terminal:");
                if (alive.Count > 0)
                    _console.Profile.Out.Writer.WriteLine($"  torc serve {string.Join(' ', dead.Plan.Arguments)}"); // to be copied, so it is not wrapped
            }
        }
    }

    private void ShowDeath(DevNode node, string verb)
    {
        _console.MarkupLine($"[red]node {node.Plan.Number} (process {node.ProcessId}) {verb}[/]: {Markup.Escape(node.HowItEnded())}. Its log is {Markup.Escape(node.Plan.LogFile)}; the last lines:");
        foreach (string line in node.LastLines)
            _console.WriteLine("  " + line);
    }

    private async Task StopAll()
    {
        if (_nodes.All(static node => node.Ended.IsCompleted))
            return;
        _console.WriteLine("stopping");
        await Task.WhenAll(_nodes.Select(static node => node.Stop(StopPatience)));
        _console.WriteLine("all nodes are stopped");
    }
}
