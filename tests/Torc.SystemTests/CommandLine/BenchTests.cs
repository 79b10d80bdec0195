using System.Text.Json;
using Torc.SystemTests.Harness;
using Torc.SystemTests.Processes;
using Torc.SystemTests.Wire;

namespace Torc.SystemTests.CommandLine;

/// <summary>The load program against real nodes.</summary>
[Collection(SharedClusterTests.Name)]
public sealed class BenchTests(SharedCluster shared)
{
    private string Targets => string.Join(',', shared.Cluster.Nodes.Select(static node => $"127.0.0.1:{node.Port}"));

    [SystemFact]
    public void It_writes_its_keys_and_measures_a_workload_on_all_nodes()
    {
        JsonElement result = Bench("--workload=f", "--load", "--keys=2000", "--requests=10000", "--pipeline=4", "--connections=12", "--threads=2");

        result.GetProperty("operations").GetInt64().ShouldBe(10_000);
        result.GetProperty("misses").GetInt64().ShouldBe(0);
        result.GetProperty("errors").EnumerateObject().ShouldBeEmpty();
        JsonElement latency = result.GetProperty("latencyMs");
        long reads = latency.GetProperty("read").GetProperty("count").GetInt64(), writes = latency.GetProperty("readModifyWrite").GetProperty("count").GetInt64();
        (reads + writes).ShouldBe(10_000);
        latency.GetProperty("all").GetProperty("p50").GetDouble().ShouldBeGreaterThan(0);
        latency.GetProperty("all").GetProperty("p50").GetDouble().ShouldBeLessThanOrEqualTo(latency.GetProperty("all").GetProperty("max").GetDouble());
        using RespClient client = shared.Cluster[1].Connect();
        client.Text("GET", "user000000001999")!.Length.ShouldBe(100);
    }

    [SystemFact]
    public void A_rate_is_kept_over_the_run()
    {
        JsonElement result = Bench("--workload=mixed", "--keys=500", "--rate=2000", "--requests=1000", "--connections=10");

        // A thousand operations at even distances take half a second, less one distance, however fast the nodes are.
        result.GetProperty("operations").GetInt64().ShouldBe(1_000);
        result.GetProperty("elapsedSeconds").GetDouble().ShouldBeGreaterThan(0.49);
    }

    [SystemFact]
    public void It_says_so_when_nothing_succeeds()
    {
        using TorcProcess refused = TorcProcess.Start("bench", $"--targets=127.0.0.1:{shared.Cluster[0].HttpPort}", "--requests=100");
        refused.WaitForExit().ShouldBe(1);
        refused.Errors.ShouldContain("not one operation succeeded");

        using TorcProcess nobody = TorcProcess.Start("bench", "--targets=127.0.0.1:1");
        nobody.WaitForExit().ShouldBe(1);
        nobody.Errors.ShouldContain("no server answers at 127.0.0.1:1");

        using TorcProcess mistaken = TorcProcess.Start("bench", "--workload=z");
        mistaken.WaitForExit().ShouldBe(2);
        mistaken.Errors.ShouldContain("--workload 'z' is unknown");
    }

    private JsonElement Bench(params string[] arguments)
    {
        using TorcProcess process = TorcProcess.Start(["bench", $"--targets={Targets}", "--json", .. arguments]);
        process.WaitForExit().ShouldBe(0, process.Errors);
        return JsonDocument.Parse(process.Output).RootElement;
    }
}
