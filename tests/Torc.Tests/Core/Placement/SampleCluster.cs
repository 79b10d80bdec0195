using Torc.Base;
using Torc.Core.Placement;
using Torc.Core.Replication;

namespace Torc.Tests.Core.Placement;

internal static class SampleCluster
{
    public static readonly KeyspaceSettings[] Keyspaces =
        [new(0, ConsistencyLevel.Quorum, ConsistencyLevel.Quorum), new(1, ConsistencyLevel.One, ConsistencyLevel.All, Sloppy: false)];

    public static NodeInfo Node(int id, int weight = 1, string dataCentre = "", string rack = "") =>
        new((ushort)id, $"10.0.0.{id}:7379", $"node{id}", 6379, 8379, dataCentre, rack, weight, (ulong)id + 1_000);

    public static NodeInfo[] Nodes(int count) => [.. Enumerable.Range(0, count).Select(id => Node(id))];

    /// <summary>Up to 12 nodes in up to 3 data centres of up to 4 racks, some of them bigger.</summary>
    public static NodeInfo[] Random(SeededRandom random)
    {
        int count = 1 + random.Below(12), centres = 1 + random.Below(3), racks = 1 + random.Below(4);
        return [.. Enumerable.Range(0, count).Select(id => Node(id * 2, 1 + random.Below(random.Chance(0.5) ? 1 : 5),
            $"dc{random.Below(centres)}", $"r{random.Below(racks)}"))];
    }

    public static byte[] Bytes(this ClusterMap map)
    {
        using var bytes = new ByteWriter();
        map.Encode(bytes);
        return bytes.Written.ToArray();
    }
}
