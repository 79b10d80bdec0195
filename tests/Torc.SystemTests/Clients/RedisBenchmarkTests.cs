using System.Globalization;
using Torc.SystemTests.Harness;
using Torc.SystemTests.Processes;
using Xunit.Abstractions;

namespace Torc.SystemTests.Clients;

/// <summary>Debian's redis-benchmark runs to its end against each node, with and without pipelining.</summary>
[Collection(SharedClusterTests.Name)]
public sealed class RedisBenchmarkTests(SharedCluster shared, ITestOutputHelper output)
{
    [SystemTheory]
    [InlineData(0, 1, 4_000)]
    [InlineData(1, 1, 4_000)]
    [InlineData(2, 1, 4_000)]
    [InlineData(0, 16, 20_000)]
    [InlineData(1, 16, 20_000)]
    [InlineData(2, 16, 20_000)]
    public void Set_get_incr_and_mset_run_at_a_rate_above_zero(int node, int pipeline, int requests)
    {
        ToolResult result = Tool.Run(
            "redis-benchmark", "-p", $"{shared.Cluster[node].Port}", "-t", "set,get,incr,mset",
            "-n", $"{requests}", "-P", $"{pipeline}", "-c", "20", "-r", "10000", "--csv");

        result.ShouldSucceed().Errors.ShouldBe("");
        Dictionary<string, double> rates = Rates(result.Output);
        rates.Keys.Order(StringComparer.Ordinal).ShouldBe(["GET", "INCR", "MSET (10 keys)", "SET"]);
        rates.Values.ShouldAllBe(static rate => rate > 0);
        Figures.Report(output, $"redis-benchmark node {node} -P {pipeline}: {string.Join(", ", rates.Select(static rate => $"{rate.Key} {rate.Value:0}/s"))}");
    }

    private static Dictionary<string, double> Rates(string csv) => csv
        .Split('\n', StringSplitOptions.RemoveEmptyEntries)
        .Where(static line => !line.StartsWith("\"test\"", StringComparison.Ordinal))
        .Select(static line => line.Split(',').Select(static field => field.Trim('"')).ToArray())
        .ToDictionary(static fields => fields[0], static fields => double.Parse(fields[1], CultureInfo.InvariantCulture));
}
