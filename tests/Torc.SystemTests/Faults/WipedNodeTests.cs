using Torc.SystemTests.Harness;
using Torc.SystemTests.Processes;
using Torc.SystemTests.Wire;

namespace Torc.SystemTests.Faults;

/// <summary>A node that comes back with an empty directory knows nothing, and must never be believed when it says so.</summary>
public sealed class WipedNodeTests
{
    [SystemFact]
    public void No_acknowledged_write_turns_into_nil_when_a_node_comes_back_empty()
    {
        using TorcCluster cluster = TorcCluster.Start(3);
        var keys = new KnownKeys("wiped", 3_000, 100);
        keys.Write(cluster[0]);
        TorcNode wiped = cluster[2];
        wiped.Kill();
        Directory.Delete(wiped.Directory, recursive: true);
        var meanwhile = new KnownKeys("meanwhile", 500, 100);
        meanwhile.Write(cluster[1]);
        using (RespClient client = cluster[0].Connect())
            client.Text("DEL", keys.Key(0)).ShouldBe("1");
        using (RespClient client = cluster[0].Connect())
            client.Text("SET", keys.Key(0), keys.Value(0)).ShouldBe("OK");

        wiped.Restart();
        foreach (TorcNode node in new[] { wiped, cluster[0], cluster[1] })
        {
            keys.Check(node);
            meanwhile.Check(node);
        }

        // Once it has caught up it is a full replica again: it and one other are a quorum that knows everything.
        Wait.UntilHolds(() => wiped.Get("/v1/node").ShouldContain("\"incompletePartitions\": 0"));
        cluster[0].Kill();
        keys.Check(wiped);
        meanwhile.Check(wiped);
    }
}
