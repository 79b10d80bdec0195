using Torc.SystemTests.Processes;
using Torc.SystemTests.Wire;

namespace Torc.SystemTests.Harness;

/// <summary>The Merkle roots that the nodes of a cluster tell.</summary>
internal static class Roots
{
    private const int Partitions = 256;

    /// <summary>Until each partition has the same root on each of its replicas, and all of them tell it.</summary>
    internal static void WaitUntilEqual(TorcCluster cluster, int replicas = 3) => Wait.UntilHolds(() =>
    {
        ILookup<long, string?> roots = cluster.Nodes.SelectMany(Of).ToLookup(static root => root.Partition, static root => root.Root);
        roots.Count.ShouldBe(Partitions);
        Enumerable.Range(0, Partitions).Where(partition => roots[partition].Count() != replicas || roots[partition].Distinct().Count() != 1)
            .ShouldBeEmpty("partitions whose replicas differ, or do not all tell a root");
    });

    private static IEnumerable<(long Partition, string? Root)> Of(TorcNode node)
    {
        using RespClient client = node.Connect();
        return [.. client.Call("TORC.REPAIR", "ROOTS").Items.Select(static pair => (pair.Items[0].Integer, RespClient.TextOf(pair.Items[1])))];
    }
}
