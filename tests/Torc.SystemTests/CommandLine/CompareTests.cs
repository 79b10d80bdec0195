using System.Text.Json;
using Torc.SystemTests.Harness;

namespace Torc.SystemTests.CommandLine;

/// <summary>The comparison with redis-server runs from end to end; its figures are nobody's business here.</summary>
public sealed class CompareTests
{
    private static readonly string Program = Path.GetFullPath(Path.Combine(Tool.Scripts, "..", "..", "..", "bench", "compare"));

    [SystemFact]
    public void One_short_round_gives_every_figure_of_both_sides()
    {
        JsonElement found = Compare("memory", "--rounds=1", "--seconds=0.05", "--quiet-wait=0");

        found.GetProperty("skipped").EnumerateArray().ShouldBeEmpty();
        found.GetProperty("versions").TryGetProperty("redis-server", out _).ShouldBeTrue();
        JsonElement contest = found.GetProperty("contests").EnumerateArray().ShouldHaveSingleItem();
        contest.GetProperty("contenders").EnumerateArray().Select(static name => name.GetString()).ShouldBe(["torc memory", "redis memory"]);
        JsonProperty[] loads = [.. contest.GetProperty("loads").EnumerateObject()];
        loads.Select(static load => load.Name).ShouldBe(["SET -P 1", "GET -P 1", "SET -P 16", "GET -P 16", "SET -P 64", "GET -P 64"]);
        foreach (JsonProperty load in loads)
        {
            load.Value.GetProperty("pairedRatios").GetProperty("rate").GetDouble().ShouldBeGreaterThan(0);
            foreach (JsonProperty side in load.Value.GetProperty("samples").EnumerateObject())
                side.Value.EnumerateArray().ShouldHaveSingleItem().GetProperty("rate").GetDouble().ShouldBeGreaterThan(0);
        }
    }

    [SystemFact]
    public void A_scenario_that_there_is_not_is_named() =>
        Tool.Run(Tool.Python, Program, "nonsense").Errors.ShouldContain("no scenario nonsense");

    private static JsonElement Compare(params string[] arguments)
    {
        string torc = Path.Combine(AppContext.BaseDirectory, "torc.dll");
        ToolResult result = Tool.Run(Tool.Python, [Program, .. arguments, $"--torc={torc}", "--json=-"]).ShouldSucceed();
        return JsonDocument.Parse(result.Output).RootElement;
    }
}
