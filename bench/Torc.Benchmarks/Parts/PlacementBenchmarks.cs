using BenchmarkDotNet.Attributes;
using Torc.Base;
using Torc.Core.Placement;

namespace Torc.Benchmarks.Parts;

/// <summary>From a key to its replicas, in a map of nine nodes. One operation is one key.</summary>
public class PlacementBenchmarks
{
    private const int Keys = 64;
    private const int Nodes = 9;
    private const int Partitions = 256;

    private readonly byte[][] _keys = [.. Enumerable.Range(0, Keys).Select(static key => System.Text.Encoding.ASCII.GetBytes($"key:{key:D12}"))];
    private ClusterMap _map = null!;

    [GlobalSetup]
    public void Plan()
    {
        NodeInfo[] nodes = [.. Enumerable.Range(0, Nodes).Select(static id =>
            new NodeInfo((ushort)id, $"node-{id}:7379", $"node-{id}", 6379, 8379, "", "", 100, Birth: 1))];
        _map = Planner.Create(nodes, Partitions, CopiesWanted.Spread(3), [], out _);
    }

    [Benchmark(OperationsPerInvoke = Keys)]
    public int Replicas()
    {
        int sum = 0;
        foreach (byte[] key in _keys)
        {
            ReadOnlySpan<ushort> replicas = _map.ReplicasOf(_map.PartitionOf(Slots.Of(key)));
            sum += replicas[0] + replicas.Length;
        }
        Check.That(sum > 0);
        return sum;
    }
}
