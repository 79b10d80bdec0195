namespace Torc.Server.Bench;

/// <summary>What one step of a workload does; latencies are reported for each kind.</summary>
internal enum Operation
{
    Read,
    Update,
    Insert,

    /// <summary>Reads consecutive keys: one MGET. A key-value store whose keys are spread by hash has no ordered scan.</summary>
    Scan,

    /// <summary>A GET and, once it was answered, a SET of the same key: one operation, as long as both.</summary>
    ReadModifyWrite,
}
