using System.Diagnostics.CodeAnalysis;

namespace Torc.Core.Placement;

/// <summary>The parts of a cluster map that is being made: changed freely, then checked as a whole and frozen.</summary>
internal sealed class ClusterMapDraft
{
    public required byte Level { get; set; }

    public required ulong ClusterId { get; set; }

    public required ulong Epoch { get; set; }

    public required CopiesWanted Copies { get; set; }

    public required NodeInfo[] Nodes { get; set; }

    public required RemovedNode[] Removed { get; set; }

    public required ushort[] Voters { get; set; }

    public required KeyspaceSettings[] Keyspaces { get; set; }

    /// <summary>Per partition its node ids.</summary>
    public required ushort[][] Replicas { get; init; }

    /// <summary>Per partition null, or the move that it is in.</summary>
    public required ReplicaMove?[] Moves { get; init; }

    public required ulong[] PartitionEpochs { get; init; }

    /// <summary>The map that comes after another one: all its parts, the next epoch.</summary>
    public static ClusterMapDraft After(ClusterMap map)
    {
        var draft = new ClusterMapDraft
        {
            Level = map.Level,
            ClusterId = map.ClusterId,
            Epoch = map.Epoch + 1,
            Copies = map.Copies,
            Nodes = [.. map.Nodes],
            Removed = [.. map.Removed],
            Voters = [.. map.Voters],
            Keyspaces = [.. map.Keyspaces],
            Replicas = new ushort[map.PartitionCount][],
            Moves = new ReplicaMove?[map.PartitionCount],
            PartitionEpochs = new ulong[map.PartitionCount],
        };
        for (int partition = 0; partition < map.PartitionCount; partition++)
        {
            draft.Replicas[partition] = map.ReplicasOf(partition).ToArray();
            draft.Moves[partition] = map.MoveOf(partition);
            draft.PartitionEpochs[partition] = map.EpochOf(partition);
        }
        return draft;
    }

    /// <summary>A fault is a bug of the caller.</summary>
    public ClusterMap ToMap()
    {
        string? fault = ClusterMapRules.FindFault(this);
        return fault is null ? new ClusterMap(this) : throw new InvariantException($"Not a cluster map: {fault}");
    }

    /// <summary>For parts that may be hostile.</summary>
    public bool TryToMap([NotNullWhen(true)] out ClusterMap? map)
    {
        map = ClusterMapRules.FindFault(this) is null ? new ClusterMap(this) : null;
        return map is not null;
    }
}
