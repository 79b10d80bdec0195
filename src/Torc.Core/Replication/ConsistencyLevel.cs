namespace Torc.Core.Replication;

/// <summary>How many complete replicas must answer a read or hold a write. Persisted and sent: the numbers are frozen.</summary>
public enum ConsistencyLevel : byte
{
    One = 0,
    Two = 1,
    Quorum = 2,
    All = 3,

    /// <summary>One in the coordinator's data centre.</summary>
    LocalOne = 4,

    /// <summary>A majority of the replicas in the coordinator's data centre.</summary>
    LocalQuorum = 5,

    /// <summary>A majority of the replicas in each data centre that has any.</summary>
    EachQuorum = 6,
}
