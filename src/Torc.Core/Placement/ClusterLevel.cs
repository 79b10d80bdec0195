namespace Torc.Core.Placement;

/// <summary>
/// The level of a cluster: which formats and features all its members know. It is part of the cluster map (the map's format number is the level), so the
/// members agree on it; what came with a level is used only once the map has it.
/// </summary>
/// <remarks>
/// A node knows the levels from <see cref="Oldest"/> to its newest, so nodes of neighbouring versions work together at the lower one. When every
/// member knows a higher level the driver of changes has a map decided that has it (<see cref="ChangeSteps.RaiseLevel"/>). A level never goes down: what was written at
/// it stays. An operator who wants to be able to go back to the version before keeps its level with <c>level-max</c> meanwhile.
/// <list type="table">
/// <item><term>2</term><description>Cluster maps with states, voters and moves.</description></item>
/// <item><term>3</term><description>Nodes tell the levels that they know when a link opens and with heartbeats. A replication factor for each data centre. Writes are relayed in other data centres. Nodes that are gone for ever. Garbage floors: replicas agree on them, and tell them with their roots.</description></item>
/// </list>
/// </remarks>
public static class ClusterLevel
{
    public const byte Oldest = 2;

    public const byte Newest = 3;

    /// <summary>From this level on a map can say a number of copies for each data centre.</summary>
    public const byte CopiesByDataCentre = 3;

    /// <summary>From this level on one copy of a write crosses to another data centre, and is passed on there.</summary>
    public const byte RelayedWrites = 3;

    /// <summary>From this level on a map can say that a node is gone.</summary>
    public const byte GoneNodes = 3;

    /// <summary>From this level on tombstones are collected.</summary>
    public const byte GarbageFloors = 3;

    public static bool IsKnown(int level) => level is >= Oldest and <= Newest;
}
