namespace Torc.Core.Placement;

/// <summary>How far the move of one partition is. Persisted and sent: the numbers are frozen.</summary>
public enum MoveStage : byte
{
    /// <summary>Part of a change under way, not begun: requests know nothing of it.</summary>
    Planned = 1,

    /// <summary>Begun: every request for the partition meets the quorum of the present set and of the new one.</summary>
    Pending = 2,
}

/// <summary>The new set of replicas that a partition is to have, in order of preference.</summary>
/// <remarks>
/// The map names the goal of each move and not only the change asked for: so whoever goes on after the node that began it
/// died, perhaps with another version of the planner, goes on with the same plan.
/// </remarks>
public sealed class ReplicaMove(MoveStage stage, ushort[] replicas)
{
    public MoveStage Stage { get; } = stage;

    public ReadOnlySpan<ushort> Replicas => replicas;
}
