using System.Diagnostics;
using System.Text.RegularExpressions;
using Torc.Server.CommandLine;
using Torc.SystemTests.Harness;
using Torc.SystemTests.Processes;
using Torc.SystemTests.Wire;
using Xunit.Abstractions;

namespace Torc.SystemTests.CommandLine;

/// <summary><c>torc dev</c> from its start to Ctrl-C, as a person at a terminal sees it.</summary>
public sealed class DevTests(ITestOutputHelper output)
{
    private const int Nodes = 3;
    private static readonly TimeSpan NamedWithin = TimeSpan.FromSeconds(2);

    [SystemFact]
    public void It_starts_shows_where_to_go_names_a_dead_node_and_stops_all()
    {
        using var root = new TemporaryDirectory();
        int port = FreePorts.Take(Nodes), peerPort = FreePorts.Take(Nodes), httpPort = FreePorts.Take(Nodes);
        var elapsed = Stopwatch.StartNew();
        using TorcProcess dev = TorcProcess.Start(
            "dev", $"--port={port}", $"--peer-port={peerPort}", $"--http-port={httpPort}", $"--data={root.Sub("data")}");
        Wait.Until("the table of endpoints", () => dev.HasExited || dev.Output.Contains("Ctrl-C stops all nodes.", StringComparison.Ordinal), null, () => dev.Output + dev.Errors);
        Figures.Report(output, $"torc dev: {Nodes} nodes usable after {elapsed.Elapsed.TotalSeconds:0.0} s");
        int[] processes = [.. Enumerable.Range(0, Nodes).Select(node => ProcessOf(dev.Output, port + node))];

        using RespClient first = new(port);
        using RespClient last = new(port + Nodes - 1);
        first.Text("SET", "hello", "world").ShouldBe("OK");
        last.Text("GET", "hello").ShouldBe("world");
        Process.GetProcessById(processes[1]).Kill();
        Wait.Until("the dead node to be named", () => dev.Output.Contains($"node 1 (process {processes[1]}) died", StringComparison.Ordinal), NamedWithin, () => dev.Output);
        Wait.UntilHolds(() => dev.Output.ShouldContain("2 of 3 nodes go on"));
        last.Text("SET", "hello", "again").ShouldBe("OK");
        first.Text("GET", "hello").ShouldBe("again");

        dev.Signal(Signals.Interrupt);
        dev.WaitForExit().ShouldBe(ExitCode.Done, dev.Output + dev.Errors);
        dev.Output.ShouldContain("all nodes are stopped");
        processes.ShouldAllBe(static process => !IsAlive(process));
    }

    [SystemFact]
    public void Its_nodes_stop_when_it_is_killed_itself()
    {
        using var root = new TemporaryDirectory();
        int port = FreePorts.Take(Nodes), peerPort = FreePorts.Take(Nodes), httpPort = FreePorts.Take(Nodes);
        using TorcProcess dev = TorcProcess.Start(
            "dev", $"--port={port}", $"--peer-port={peerPort}", $"--http-port={httpPort}", $"--data={root.Sub("data")}");
        Wait.Until("the table of endpoints", () => dev.Output.Contains("Ctrl-C stops all nodes.", StringComparison.Ordinal), null, () => dev.Output + dev.Errors);
        int[] processes = [.. Enumerable.Range(0, Nodes).Select(node => ProcessOf(dev.Output, port + node))];

        dev.Kill();

        Wait.Until("its nodes to stop", () => !processes.Any(IsAlive));
    }

    /// <summary>The process id in the line of the table that shows a node's port for clients.</summary>
    private static int ProcessOf(string table, int port)
    {
        Match line = Regex.Match(table, $@"127\.0\.0\.1:{port}\b.*http://\S+\s+(\d+)\s");
        line.Success.ShouldBeTrue(table);
        return int.Parse(line.Groups[1].ValueSpan);
    }

    private static bool IsAlive(int processId)
    {
        try
        {
            // A zombie has ended too.
            string status = File.ReadAllText($"/proc/{processId}/stat");
            return status[status.LastIndexOf(')') + 2] != 'Z';
        }
        catch (IOException)
        {
            return false;
        }
    }
}
