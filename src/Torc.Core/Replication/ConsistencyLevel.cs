namespace Torc.Core.Replication;

/// <summary>How many complete replicas must answer a read or hold a write. Persisted and sent: the numbers are frozen.</summary>
public enum ConsistencyLevel : byte
{
    One = 0,
    Two = 1,
    Quorum = 2,
    All = 3,
}
