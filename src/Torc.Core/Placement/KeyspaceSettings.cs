using Torc.Core.Replication;

namespace Torc.Core.Placement;

/// <summary>The default consistency levels of a keyspace, of which a connection may ask for others, and how it treats replicas that are down.</summary>
/// <param name="Id">0 to 15.</param>
/// <param name="Read">Default level of reads.</param>
/// <param name="Write">Default level of writes.</param>
/// <param name="Sloppy">A hint that a fallback keeps for a replica that is down counts towards the level of a plain write.</param>
public sealed record KeyspaceSettings(byte Id, ConsistencyLevel Read, ConsistencyLevel Write, bool Sloppy = true)
{
    /// <summary>Users' keyspaces are 0 to 15.</summary>
    public const int UserKeyspacesMax = 16;

    /// <summary>Rows of this node only: writes that it keeps for replicas that are down.</summary>
    public const byte HintsId = 253;

    /// <summary>Replicated rows of the cluster itself: per partition the floor of a FLUSHDB for each keyspace.</summary>
    public const byte SystemId = 254;

    /// <summary>Rows of this node only, never replicated: which partitions are incomplete.</summary>
    public const byte LocalId = 255;
}
