using System.Diagnostics.CodeAnalysis;

namespace Torc.Core.Placement;

/// <summary>
/// Who owns what: an immutable value that is replaced, never mutated, and that every node of one epoch holds with the
/// same bytes. Nodes and keyspaces are in ascending order of id; each partition has min(replication factor, nodes)
/// distinct replicas in order of preference.
/// </summary>
public sealed class ClusterMap
{
    public const int PartitionsMax = Slots.Count;
    public const int NodesMax = 1024;

    private readonly ushort[] _replicas;
    private readonly int _partitionShift;
    private readonly ulong[] _partitionEpochs;
    private readonly NodeInfo?[] _byId;
    private readonly ushort[] _dataCentres;

    private ClusterMap(ulong clusterId, ulong epoch, int replicationFactor, NodeInfo[] nodes, KeyspaceSettings[] keyspaces,
        ushort[] replicas, ulong[] partitionEpochs)
    {
        ClusterId = clusterId;
        Epoch = epoch;
        ReplicationFactor = replicationFactor;
        Nodes = nodes;
        Keyspaces = keyspaces;
        _replicas = replicas;
        _partitionEpochs = partitionEpochs;
        _byId = new NodeInfo?[nodes.Length == 0 ? 0 : nodes.Max(node => node.Id) + 1];
        _dataCentres = new ushort[_byId.Length];
        var names = new List<string>();
        foreach (NodeInfo node in nodes)
        {
            _byId[node.Id] = node;
            if (!names.Contains(node.DataCentre))
                names.Add(node.DataCentre);
            _dataCentres[node.Id] = (ushort)names.IndexOf(node.DataCentre);
        }
        DataCentreCount = names.Count;
        ReplicasPerPartition = Math.Min(replicationFactor, nodes.Length);
        SlotsPerPartition = Slots.Count / Math.Max(1, partitionEpochs.Length);
        _partitionShift = System.Numerics.BitOperations.Log2((uint)Math.Max(1, SlotsPerPartition));
    }

    /// <summary>A map of these parts, which it keeps; a fault is a bug of the caller.</summary>
    internal static ClusterMap Make(ulong clusterId, ulong epoch, int replicationFactor, NodeInfo[] nodes,
        KeyspaceSettings[] keyspaces, ushort[] replicas, ulong[] partitionEpochs)
    {
        var map = new ClusterMap(clusterId, epoch, replicationFactor, nodes, keyspaces, replicas, partitionEpochs);
        string? fault = ClusterMapRules.FindFault(map, replicas.Length);
        return fault is null ? map : throw new InvariantException($"Not a cluster map: {fault}");
    }

    /// <summary>A map of parts that may be hostile.</summary>
    internal static bool TryMake(ulong clusterId, ulong epoch, int replicationFactor, NodeInfo[] nodes,
        KeyspaceSettings[] keyspaces, ushort[] replicas, ulong[] partitionEpochs, [NotNullWhen(true)] out ClusterMap? map)
    {
        var read = new ClusterMap(clusterId, epoch, replicationFactor, nodes, keyspaces, replicas, partitionEpochs);
        map = ClusterMapRules.FindFault(read, replicas.Length) is null ? read : null;
        return map is not null;
    }

    public ulong ClusterId { get; }

    public ulong Epoch { get; }

    public int PartitionCount => _partitionEpochs.Length;

    public IReadOnlyList<NodeInfo> Nodes { get; }

    public IReadOnlyList<KeyspaceSettings> Keyspaces { get; }

    /// <summary>Copies wanted of each key.</summary>
    public int ReplicationFactor { get; }

    /// <summary>Copies there are: fewer than wanted while there are fewer nodes.</summary>
    public int ReplicasPerPartition { get; }

    /// <summary>A power of two, as the number of partitions is.</summary>
    public int SlotsPerPartition { get; }

    public int PartitionOf(int slot) => slot >> _partitionShift;

    /// <summary>First and last slot of a partition, both inclusive.</summary>
    public (int First, int Last) SlotsOf(int partition) =>
        (partition * SlotsPerPartition, (partition + 1) * SlotsPerPartition - 1);

    /// <summary>Node ids in order of preference.</summary>
    public ReadOnlySpan<ushort> ReplicasOf(int partition) =>
        _replicas.AsSpan(partition * ReplicasPerPartition, ReplicasPerPartition);

    public bool IsReplica(int partition, ushort node) => ReplicasOf(partition).Contains(node);

    /// <summary>The epoch at which this partition last changed: what requests for it carry.</summary>
    public ulong EpochOf(int partition) => _partitionEpochs[partition];

    public NodeInfo? NodeOf(ushort id) => id < _byId.Length ? _byId[id] : null;

    public int DataCentreCount { get; }

    /// <summary>A number for the node's data centre: the same for nodes of the same one, in this map.</summary>
    public int DataCentreOf(ushort node) => _dataCentres[node];

    public KeyspaceSettings? KeyspaceOf(byte id)
    {
        foreach (KeyspaceSettings keyspace in Keyspaces)
        {
            if (keyspace.Id == id)
                return keyspace;
        }
        return null;
    }

    public void Encode(ByteWriter to) => ClusterMapCodec.Write(to, this);

    /// <summary>False for anything that is not the encoding of a valid map.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, [NotNullWhen(true)] out ClusterMap? map) =>
        ClusterMapCodec.TryRead(bytes, out map);
}
