using System.Net;
using Torc.SystemTests.Harness;
using Torc.SystemTests.Processes;
using Torc.SystemTests.Wire;

namespace Torc.SystemTests.Faults;

/// <summary>A node that was given seeds and no first nodes: it waits to be let in and never makes a cluster of its own.</summary>
public sealed class JoiningTests
{
    [SystemFact]
    public void A_node_with_seeds_says_what_it_waits_for_and_is_a_candidate_of_the_member_that_it_reached()
    {
        using TorcCluster cluster = TorcCluster.Start(3, "--cluster-secret=joining-tests-secret", "--partitions=16");
        using TorcNode joiner = cluster.AddJoiner("--cluster-secret=joining-tests-secret", "--partitions=16");
        joiner.Start();
        Wait.Until("the seeds to be linked", () => joiner.TryGet("/readyz") is (HttpStatusCode.ServiceUnavailable, string text) && text.Contains("waits for torc join", StringComparison.Ordinal), null, () => joiner.Process.Errors);

        using RespClient client = joiner.Connect();
        client.Text("SET", "k", "v").ShouldNotBeNull().ShouldStartWith("UNAVAILABLE this node is no member of a cluster yet; let it in with torc join");
        client.Text("PING").ShouldBe("PONG");
        using RespClient member = cluster[0].Connect();
        Wait.Until("a plan with the candidate", () => member.Text("TORC.CLUSTER", "PLAN", "JOIN", $"127.0.0.1:{joiner.PeerPort}") is { } plan && !plan.StartsWith("ERR", StringComparison.Ordinal));
    }
}
