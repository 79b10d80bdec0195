using System.Text.Json.Serialization;

namespace Torc.Server.Http;

/// <summary>
/// One node as <c>GET /v1/node</c> tells of itself and <c>GET /v1/status</c> lists it. Names and types are an interface
/// that programs read: add, never change.
/// </summary>
public sealed record NodeStatus
{
    public required int Id { get; init; }

    /// <summary>starting, forming, up, down (no answer), or incomplete (up, and some partitions still being repaired).</summary>
    public required string State { get; init; }

    public required string PeerAddress { get; init; }

    public required string RespAddress { get; init; }

    public required string HttpAddress { get; init; }

    public required string DataCentre { get; init; }

    public required string Rack { get; init; }

    public required int Weight { get; init; }

    /// <summary>The following are zero or empty for a node that did not answer.</summary>
    public int ProcessId { get; init; }

    public ulong Epoch { get; init; }

    /// <summary>Live keys of the node's replicas; the same key counts on each of its replicas.</summary>
    public long Keys { get; init; }

    /// <summary>Bytes of their records.</summary>
    public long Bytes { get; init; }

    public long DiskBytes { get; init; }

    public int Partitions { get; init; }

    public int IncompletePartitions { get; init; }

    public int Clients { get; init; }

    public long UptimeSeconds { get; init; }

    public string Version { get; init; } = "";

    public string Durability { get; init; } = "";

    public string Storage { get; init; } = "";

    /// <summary>How far each other data centre is behind what this node coordinated. Empty from a node of an older version.</summary>
    public IReadOnlyList<LagStatus> RemoteDataCentres { get; init => field = value ?? []; } = [];

    /// <summary>What is wrong, in one line; empty when nothing is.</summary>
    public string Problem { get; init; } = "";
}

/// <summary>How far a data centre is behind: the age of the oldest write that one of its replicas has not answered, and bytes of writes kept for it.</summary>
public sealed record LagStatus(string DataCentre, double BehindSeconds, long HintBytes);

/// <summary>The cluster as one node sees it: <c>GET /v1/status</c>.</summary>
public sealed record ClusterStatus
{
    /// <summary>The cluster's identity in hexadecimal; empty until it is formed.</summary>
    public required string ClusterId { get; init; }

    public required ulong Epoch { get; init; }

    /// <summary>The id of the node that answered.</summary>
    public required int AnsweredBy { get; init; }

    public required int ReplicationFactor { get; init; }

    /// <summary>The same with its parts: "3", or a number for each data centre, "dc1:3,dc2:2". Empty from a node of an older version.</summary>
    public string Copies { get; init => field = value ?? ""; } = "";

    public required int Partitions { get; init; }

    public required IReadOnlyList<NodeStatus> Nodes { get; init; }
}

/// <summary>One partition and the nodes that hold it, in order of preference.</summary>
public sealed record PartitionStatus(int Partition, int FirstSlot, int LastSlot, IReadOnlyList<int> Replicas);

/// <summary>A node's part of the ring.</summary>
public sealed record ShareStatus(int Node, string RespAddress, string DataCentre, string Rack, int Weight, int Replicas, int Firsts);

/// <summary>Who owns what: <c>GET /v1/ring</c>.</summary>
public sealed record RingStatus
{
    public required string ClusterId { get; init; }

    public required ulong Epoch { get; init; }

    public required int ReplicationFactor { get; init; }

    /// <summary>The same with its parts: "3", or a number for each data centre, "dc1:3,dc2:2". Empty from a node of an older version.</summary>
    public string Copies { get; init => field = value ?? ""; } = "";

    public required IReadOnlyList<ShareStatus> Nodes { get; init; }

    public required IReadOnlyList<PartitionStatus> Partitions { get; init; }
}

/// <summary>The JSON of these types: camel case, generated serializers.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, WriteIndented = true)]
[JsonSerializable(typeof(NodeStatus))]
[JsonSerializable(typeof(ClusterStatus))]
[JsonSerializable(typeof(RingStatus))]
internal sealed partial class StatusJson : JsonSerializerContext;
