using Torc.Core.Placement;
using Torc.Node.Control;

namespace Torc.Node.Commands;

/// <summary>
/// Chooses the coordinator of a request: a replica that is up and whole. Read-modify-writes always go to the first such
/// replica in preference order, so that one queue per key orders them while nodes agree who is healthy; everything else
/// stays here when this node qualifies, and otherwise goes to the nearest: one of the same data centre before all others. What has a
/// local level stays in the data centre. A replica that says that its disk is slow, or that it stops, coordinates only when no other can: its
/// reply waits for its own log, or might not come.
/// </summary>
public static class Router
{
    public const int None = -1;

    /// <summary>The coordinator's node id, or <see cref="None"/> when no replica qualifies.</summary>
    /// <param name="selfComplete">Whether this node's own copy of the partition is complete.</param>
    /// <param name="isLocal">Only nodes of this node's data centre will do.</param>
    /// <param name="excluded">Nodes that refused this request before.</param>
    public static int Coordinator(ClusterView view, CommandKind kind, int partition, bool selfComplete, bool isLocal, ReadOnlySpan<ushort> excluded = default)
    {
        ClusterMap map = view.Map!;
        ReadOnlySpan<ushort> replicas = map.ReplicasOf(partition);
        bool first = kind is CommandKind.ReadModifyWrite;
        int own = map.DataCentreOf(view.Self);
        int best = None;
        bool bestIsNear = false;
        int bestReluctance = 0;
        long bestLatency = long.MaxValue;
        foreach (ushort node in replicas)
        {
            bool isNear = map.DataCentreOf(node) == own;
            if (excluded.Contains(node) || (isLocal && !isNear))
                continue;
            bool qualifies = node == view.Self
                ? selfComplete && (view.ClockIsTrusted || kind is CommandKind.Read or CommandKind.PartitionCount or CommandKind.PartitionScan)
                : view.IsUp(node) && view.IsPeerComplete(node, partition);
            if (!qualifies)
                continue;
            int reluctance = view.ReluctanceOf(node);
            if (reluctance == 0 && (first || node == view.Self))
                return node;
            long latency = view.PeerOf(node)!.LatencyMicros;
            bool isBetter = best == None || (first
                ? reluctance < bestReluctance
                : isNear != bestIsNear ? isNear : reluctance != bestReluctance ? reluctance < bestReluctance : latency < bestLatency);
            if (!isBetter)
                continue;
            best = node;
            bestIsNear = isNear;
            bestReluctance = reluctance;
            bestLatency = latency;
        }
        return best;
    }
}
