using Torc.Node.Control;
using Torc.Server.Hosting.Peers;
using Torc.Storage;

namespace Torc.Server.Hosting.Shards;

internal enum ShardWorkKind
{
    /// <summary>Requests of one connection, in order.</summary>
    Requests,

    /// <summary>A peer's frame, of which the shard takes the messages for its partitions.</summary>
    Frame,

    /// <summary>A cold read that has run.</summary>
    ColdRead,

    /// <summary>A new view of the cluster.</summary>
    View,

    Tick,

    /// <summary>A flush or a maintenance task ended while something waited for space in the log.</summary>
    Progress,
}

/// <summary>One input of a shard.</summary>
internal readonly record struct ShardWork(ShardWorkKind Kind, object? Subject)
{
    internal static ShardWork Tick => new(ShardWorkKind.Tick, null);

    internal static ShardWork Progress => new(ShardWorkKind.Progress, null);

    internal static ShardWork Of(RequestBatch batch) => new(ShardWorkKind.Requests, batch);

    internal static ShardWork Of(ReceivedFrame frame) => new(ShardWorkKind.Frame, frame);

    internal static ShardWork Of(ColdRead read) => new(ShardWorkKind.ColdRead, read);

    internal static ShardWork Of(ClusterView view) => new(ShardWorkKind.View, view);
}
