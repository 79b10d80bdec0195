using Torc.SystemTests.Harness;
using Torc.SystemTests.Processes;

namespace Torc.SystemTests.Clients;

/// <summary>ioredis, plain and as a cluster client; the checks are in <c>node/checks.js</c>.</summary>
[Collection(SharedClusterTests.Name)]
public sealed class IoRedisTests(SharedCluster shared)
{
    [SystemTheory]
    [InlineData("plain")]
    [InlineData("cluster")]
    public void Checks_hold_through_every_node(string check)
    {
        string folder = Path.Combine(Tool.Scripts, "node");
        Directory.Exists(Path.Combine(folder, "node_modules", "ioredis")).ShouldBeTrue("ioredis is not installed; run .ci/setup");

        ToolResult result = Tool.Run("node", [Path.Combine(folder, "checks.js"), check, .. shared.Cluster.Nodes.Select(static node => $"{node.Port}")]);

        result.ShouldSucceed().Output.Trim().ShouldBe("ok");
    }
}
