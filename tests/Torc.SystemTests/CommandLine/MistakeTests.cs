using System.Net;
using System.Net.Sockets;
using Torc.Server.CommandLine;
using Torc.SystemTests.Harness;
using Torc.SystemTests.Processes;

namespace Torc.SystemTests.CommandLine;

/// <summary>A mistake on the command line ends in one line that names it and says what to do.</summary>
public sealed class MistakeTests
{
    [SystemTheory]
    [InlineData("serve --prot=7000", "Did you mean --port?")]
    [InlineData("serv", "Did you mean serve?")]
    [InlineData("serve --port=70000", "port")]
    [InlineData("serve --durability=sometimes", "always")]
    [InlineData("serve --first-nodes=nonsense", "first-nodes")]
    [InlineData("serve --first-nodes=127.0.0.1:1,127.0.0.1:2", "is not in")]
    [InlineData("serve --seeds=127.0.0.1:7379", "seeds")]
    [InlineData("serve --partitions=100", "not a power of two")]
    [InlineData("serve --port=7000 --http-port=7000", "is also the port")]
    [InlineData("serve --config=/nowhere/torc.conf", "/nowhere/torc.conf")]
    [InlineData("serve --bind=192.0.2.1", "192.0.2.1")]
    [InlineData("dev --nodes=0", "nodes")]
    [InlineData("status --node=nonsense", "host:port")]
    public void A_mistake_is_named_in_one_line_with_what_to_do(string commandLine, string hint)
    {
        using var root = new TemporaryDirectory();
        string[] arguments = commandLine.Split(' ');
        string[] data = arguments[0] is "serve" or "dev" ? [$"--data={root.Sub("data")}"] : [];

        OneLine(ExitCode.Usage, [.. arguments, .. data]).ShouldContain(hint);

        string[] made = Directory.Exists(root.Sub("data")) ? Directory.GetFileSystemEntries(root.Sub("data")) : [];
        made.Select(Path.GetFileName).ShouldBeSubsetOf(["LOCK"], "nothing is made for a node that does not start");
    }

    [SystemTheory]
    [InlineData("port")]
    [InlineData("peer-port")]
    [InlineData("http-port")]
    public void A_taken_port_is_named(string setting)
    {
        using var root = new TemporaryDirectory();
        int ports = FreePorts.Take(3);
        string[] names = ["port", "peer-port", "http-port"];
        int taken = ports + Array.IndexOf(names, setting);
        using var listener = new TcpListener(IPAddress.Loopback, taken);
        listener.Start();

        string line = OneLine(ExitCode.Usage, ["serve", $"--data={root.Sub("data")}", .. names.Select((name, place) => $"--{name}={ports + place}")]);

        line.ShouldContain($"{setting} ");
        line.ShouldContain($"{taken} is taken");
    }

    [SystemFact]
    public void Status_of_a_node_that_is_not_there_says_so()
    {
        int port = FreePorts.Take();

        OneLine(ExitCode.Failed, "status", $"--node=127.0.0.1:{port}").ShouldContain($"no node answers at 127.0.0.1:{port}");
    }

    private static string OneLine(int exitCode, params string[] arguments)
    {
        using TorcProcess process = TorcProcess.Start(arguments);
        process.WaitForExit().ShouldBe(exitCode, process.Output + process.Errors);
        string[] lines = process.Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        lines.Length.ShouldBe(1, process.Errors);
        lines[0].ShouldStartWith("torc: ");
        return lines[0];
    }
}
