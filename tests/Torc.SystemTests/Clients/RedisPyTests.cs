using Torc.SystemTests.Harness;
using Torc.SystemTests.Processes;

namespace Torc.SystemTests.Clients;

/// <summary>Debian's redis-py against every node; the checks are in <c>python/checks.py</c>.</summary>
[Collection(SharedClusterTests.Name)]
public sealed class RedisPyTests(SharedCluster shared)
{
    [SystemTheory]
    [InlineData("strings")]
    [InlineData("pipelines")]
    [InlineData("scans")]
    [InlineData("expiry")]
    [InlineData("cluster")]
    public void Checks_hold_through_every_node(string check)
    {
        string script = Path.Combine(Tool.Scripts, "python", "checks.py");

        ToolResult result = Tool.Run(Tool.Python, ["-B", script, check, .. shared.Cluster.Nodes.Select(static node => $"{node.Port}")]);

        result.ShouldSucceed().Output.Trim().ShouldBe("ok");
    }
}
