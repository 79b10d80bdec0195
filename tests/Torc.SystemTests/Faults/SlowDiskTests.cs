using System.Diagnostics;
using Torc.Protocols.Resp;
using Torc.SystemTests.Harness;
using Torc.SystemTests.Processes;
using Torc.SystemTests.Wire;
using Xunit.Abstractions;

namespace Torc.SystemTests.Faults;

/// <summary>A living node of three whose every sync takes 200 ms longer: clients, its own too, hardly notice.</summary>
public sealed class SlowDiskTests(ITestOutputHelper output)
{
    private const int DelayMs = 200;

    /// <summary>The slow disk on the way of a request would show with all of its delay.</summary>
    private static readonly TimeSpan LatencyMax = TimeSpan.FromMilliseconds(DelayMs * 0.75);

    private static readonly TimeSpan Noticing = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan Measuring = TimeSpan.FromSeconds(4);

    [SystemTheory]
    [InlineData(0)]
    [InlineData(2)]
    public void Its_delay_is_on_nobodys_way(int slow)
    {
        using TorcCluster cluster = TorcCluster.Start(3);
        Load(cluster, Measuring);
        TimeSpan before = Percentile99(Load(cluster, Measuring));
        TimeSpan with;
        Process tracer = DelaySyncs(cluster[slow].Process.Id);
        try
        {
            Load(cluster, Noticing);
            with = Percentile99(Load(cluster, Measuring));
        }
        finally
        {
            // strace lets go of the process when it ends.
            Signals.Send(tracer.Id, Signals.Terminate);
            tracer.WaitForExit(Wait.Patience).ShouldBeTrue();
            tracer.Dispose();
        }
        Figures.Report(output, $"syncs of node {slow} of three take {DelayMs} ms longer: p99 of SET, GET and INCR at quorum, over clients of all nodes, {before.TotalMilliseconds:0.0} ms before and {with.TotalMilliseconds:0.0} ms with it");
        with.ShouldBeLessThan(LatencyMax);
    }

    /// <summary>A client for each node, one command at a time; how long each took.</summary>
    private static TimeSpan[] Load(TorcCluster cluster, TimeSpan duration)
    {
        TimeSpan[][] taken = new TimeSpan[cluster.Nodes.Length][];
        Parallel.For(0, cluster.Nodes.Length, number => taken[number] = Load(cluster[number], duration));
        return [.. taken.SelectMany(static each => each)];
    }

    private static TimeSpan[] Load(TorcNode node, TimeSpan duration)
    {
        var taken = new List<TimeSpan>();
        var random = new Random(node.Id);
        using RespClient client = node.Connect();
        var whole = Stopwatch.StartNew();
        while (whole.Elapsed < duration)
        {
            string key = $"slow:{random.Next(1_000)}";
            string[] command = random.Next(3) switch { 0 => ["SET", key, "1"], 1 => ["GET", key], _ => ["INCR", $"{key}:count"] };
            var one = Stopwatch.StartNew();
            RespValue reply = client.Call(command);
            taken.Add(one.Elapsed);
            RespClient.IsError(reply).ShouldBeFalse(RespClient.TextOf(reply));
        }
        return [.. taken];
    }

    private static TimeSpan Percentile99(TimeSpan[] taken)
    {
        Array.Sort(taken);
        return taken[taken.Length * 99 / 100];
    }

    /// <summary>Attaches strace to every thread of a process so that each sync returns late.</summary>
    private static Process DelaySyncs(int processId)
    {
        var start = new ProcessStartInfo(
            Tool.Find("strace"), ["-f", "-p", $"{processId}", "-o", "/dev/null", "-e", "trace=fdatasync,fsync", "-e", $"inject=fdatasync,fsync:delay_exit={DelayMs * 1_000}"])
        {
            RedirectStandardError = true,
        };
        Process tracer = Process.Start(start)!;
        string? attached = tracer.StandardError.ReadLine();
        attached.ShouldNotBeNull();
        attached.ShouldContain("attached", Case.Insensitive);
        _ = tracer.StandardError.ReadToEndAsync();
        return tracer;
    }
}
