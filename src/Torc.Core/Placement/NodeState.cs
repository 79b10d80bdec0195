namespace Torc.Core.Placement;

/// <summary>What the cluster intends with a node. Persisted and sent: the numbers are frozen. Whether a node is up is no part of it.</summary>
public enum NodeState : byte
{
    Normal = 0,

    /// <summary>A change that brings the node in is under way: it takes the replicas planned for it, and does not vote before it has them.</summary>
    Joining = 1,

    /// <summary>A change that takes the node out is under way: it keeps its replicas until each has moved, and is planned none.</summary>
    Leaving = 2,

    /// <summary>The same for a node that is gone for ever, on the operator's word: nobody waits for it. From <see cref="ClusterLevel.GoneNodes"/> on.</summary>
    Gone = 3,
}
