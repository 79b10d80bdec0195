namespace Torc.Node.Commands;

/// <summary>Where a command runs and what it needs from the cluster before its handler is called.</summary>
public enum CommandKind
{
    /// <summary>Answered by the node the client talks to, from what it knows: PING, CLIENT, COMMAND.</summary>
    Session,

    /// <summary>A read of one key at the connection's read level.</summary>
    Read,

    /// <summary>A write of one key that does not depend on its old value: a plain SET.</summary>
    Write,

    /// <summary>A quorum read of one key, a change, a write; one at a time per key at the key's first healthy replica.</summary>
    ReadModifyWrite,

    /// <summary>Several requests, split and joined by a <see cref="CommandPlan"/>: MGET, DEL k1 k2, SCAN, FLUSHALL.</summary>
    Plan,

    /// <summary>Internal: how many live keys one replica counts in one partition of a keyspace.</summary>
    PartitionCount,

    /// <summary>Internal: a hash-ordered range of the keys of one partition, joined over a read quorum.</summary>
    PartitionScan,

    /// <summary>Internal: raises the floor of one (keyspace, partition): everything older is deleted.</summary>
    PartitionFlush,
}
