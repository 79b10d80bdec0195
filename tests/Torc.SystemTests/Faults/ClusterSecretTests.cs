using Torc.SystemTests.Harness;
using Torc.SystemTests.Processes;
using Torc.SystemTests.Wire;

namespace Torc.SystemTests.Faults;

/// <summary>Only nodes that know the cluster's secret are talked to.</summary>
public sealed class ClusterSecretTests
{
    private const string Secret = "a-secret-for-this-test-only";

    [SystemFact]
    public void Nodes_with_the_secret_serve_and_one_with_another_stays_out_and_says_why()
    {
        using TorcCluster cluster = TorcCluster.Start(3, $"--cluster-secret={Secret}");
        using (RespClient client = cluster[0].Connect())
        {
            client.Text("SET", "secret:key", "value").ShouldBe("OK");
            RespClient.TextOf(client.Call("CONFIG", "GET", "cluster-secret").Items[1]).ShouldBe("(set)");
        }
        cluster[2].Kill();

        string firstNodes = string.Join(',', cluster.Nodes.Select(static node => $"127.0.0.1:{node.PeerPort}"));
        using var stranger = new TorcNode(2, cluster[2].Port, cluster[2].Directory, [$"--first-nodes={firstNodes}", "--segment-bytes=4mb", "--cluster-secret=another-secret-altogether"]);
        stranger.Start();
        Wait.Until("both sides to tell of the refusal", () =>
            cluster[0].Process.Errors.Contains("node 2 closed the connection instead of proving the cluster secret", StringComparison.Ordinal)
            && stranger.Process.Errors.Contains("node 0 has another cluster secret", StringComparison.Ordinal), null, () => cluster[0].Process.Errors + stranger.Process.Errors);
        foreach (TorcNode node in new[] { cluster[0], stranger })
            node.Process.Errors.ShouldNotContain(Secret);
        stranger.Kill();

        cluster[2].Restart();
        using RespClient again = cluster[2].Connect();
        again.Text("GET", "secret:key").ShouldBe("value");
    }
}
