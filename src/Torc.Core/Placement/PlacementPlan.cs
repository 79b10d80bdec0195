namespace Torc.Core.Placement;

/// <summary>What changes for one partition.</summary>
/// <param name="Partition">Which.</param>
/// <param name="Added">Nodes that get a replica: each of them is one copy over the network.</param>
/// <param name="Dropped">Nodes that lose theirs.</param>
public sealed record PartitionChange(int Partition, IReadOnlyList<ushort> Added, IReadOnlyList<ushort> Dropped);

/// <summary>What a change would do, to be shown before it is run; or why it is refused.</summary>
/// <param name="Refusal">Null, or what stands against it, in words for the operator; then nothing else is filled in.</param>
/// <param name="First">The map to have decided first. It holds the goal of every move: <see cref="ChangeSteps"/> goes on from there.</param>
/// <param name="Moves">The partitions whose replicas change, in ascending order.</param>
/// <param name="ReplicasAfter">Replicas that there will be in all.</param>
/// <param name="Warnings">What was asked for and cannot be had, in words for the operator.</param>
public sealed record PlacementPlan(
    string? Refusal, ClusterMap? First, IReadOnlyList<PartitionChange> Moves, int ReplicasAfter, IReadOnlyList<string> Warnings)
{
    /// <summary>Replicas that are copied to another node.</summary>
    public int ReplicasMoved => Moves.Sum(move => move.Added.Count);

    /// <summary>The part of all replicas that is copied.</summary>
    public double ShareMoved => ReplicasAfter == 0 ? 0 : (double)ReplicasMoved / ReplicasAfter;

    internal static PlacementPlan Refused(string why) => new(why, null, [], 0, []);
}
