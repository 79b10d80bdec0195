using System.Text.Json;
using Torc.SystemTests.Harness;
using Torc.SystemTests.Processes;
using Torc.SystemTests.Wire;

namespace Torc.SystemTests.CommandLine;

/// <summary>What shows a cluster's state to people and programs.</summary>
[Collection(SharedClusterTests.Name)]
public sealed class LookTests(SharedCluster shared)
{
    [SystemFact]
    public void Status_tells_of_every_node_for_people_and_for_programs()
    {
        using RespClient client = shared.Cluster[0].Connect();
        client.Text("SET", "look", "here").ShouldBe("OK");

        // A node counts its keys each second.
        JsonElement[] nodes = [];
        Wait.UntilHolds(
            () =>
            {
                nodes = [.. Json("status", "--json").GetProperty("nodes").EnumerateArray()];
                nodes.ShouldAllBe(static node => node.GetProperty("keys").GetInt64() > 0 && node.GetProperty("bytes").GetInt64() > 0);
            },
            TimeSpan.FromSeconds(10));

        nodes.Select(static node => node.GetProperty("id").GetInt32()).ShouldBe([0, 1, 2]);
        nodes.Select(static node => node.GetProperty("state").GetString()).ShouldAllBe(static state => state == "up");
        nodes.Select(static node => node.GetProperty("processId").GetInt32()).ShouldBe(shared.Cluster.Nodes.Select(static node => node.Process.Id));
        string table = Torc("status");
        foreach (TorcNode node in shared.Cluster.Nodes)
            table.ShouldContain($"127.0.0.1:{node.Port}");
    }

    [SystemFact]
    public void Ring_tells_who_holds_what()
    {
        JsonElement[] partitions = [.. Json("ring", "--json").GetProperty("partitions").EnumerateArray()];

        partitions.Length.ShouldBe(256);
        partitions.ShouldAllBe(static partition => partition.GetProperty("replicas").GetArrayLength() == 3);
        Torc("ring", "--partitions").ShouldContain("16320-16383");
    }

    [SystemFact]
    public void The_http_door_answers_health_and_counts_commands()
    {
        TorcNode node = shared.Cluster[1];
        using RespClient client = node.Connect();
        client.Text("SET", "look", "again").ShouldBe("OK");

        node.Get("/healthz").ShouldBe("ok\n");
        node.Get("/readyz").ShouldBe("ready\n");
        string metrics = node.Get("/metrics");
        metrics.ShouldContain("# TYPE torc_");
        metrics.ShouldContain("set", Case.Insensitive);
    }

    private JsonElement Json(params string[] arguments) => JsonDocument.Parse(Torc(arguments)).RootElement;

    private string Torc(params string[] arguments)
    {
        using TorcProcess process = TorcProcess.Start([.. arguments, $"--node=127.0.0.1:{shared.Cluster[2].HttpPort}"]);
        process.WaitForExit().ShouldBe(0, process.Errors);
        return process.Output;
    }
}
