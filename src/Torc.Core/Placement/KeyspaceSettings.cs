using Torc.Core.Replication;

namespace Torc.Core.Placement;

/// <summary>The default consistency levels of a keyspace; a connection may ask for others.</summary>
public sealed record KeyspaceSettings(byte Id, ConsistencyLevel Read, ConsistencyLevel Write)
{
    /// <summary>Users' keyspaces are 0 to 15.</summary>
    public const int UserKeyspacesMax = 16;

    /// <summary>Replicated rows of the cluster itself: per partition the floor of a FLUSHDB for each keyspace.</summary>
    public const byte SystemId = 254;

    /// <summary>Rows of this node only, never replicated: which partitions are incomplete.</summary>
    public const byte LocalId = 255;
}
