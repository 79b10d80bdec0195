using Torc.Core.Placement;
using Torc.Core.Replication;

namespace Torc.Node.Shards;

/// <summary>
/// Which node keeps a coordinator's hint for a replica that is down: the first in <see cref="FallbackOrder"/>, those in its data centre before
/// others, that is up and a settled member (it would take what it keeps along when it leaves), no replica of the partition, now or after a move that has
/// begun, and keeps none of this write yet. A fallback that refused hints for a target is passed over for a while.
/// </summary>
internal sealed class Fallbacks(Shard shard)
{
    public const int None = -1;

    /// <summary>Refusals remembered; beyond it all are forgotten, which costs a question each.</summary>
    private const int RefusalsMax = 1_024;

    /// <summary>In the place of a replica that has no fallback.</summary>
    public const ushort NoNode = ushort.MaxValue;

    private readonly Dictionary<(ushort Fallback, ushort Target), long> _refusedUntil = [];

    /// <summary>The fallback for a replica of a partition, or <see cref="None"/>.</summary>
    /// <param name="map">Whose replicas the write goes to.</param>
    /// <param name="partition">Of the key.</param>
    /// <param name="target">The replica that is down.</param>
    /// <param name="used">Fallbacks of this write so far.</param>
    public int Choose(ClusterMap map, int partition, ushort target, ReadOnlySpan<ushort> used)
    {
        if (map.Nodes.Count == map.ReplicasPerPartition || !shard.Hints.IsTakenFor(target))
            return None;
        int best = None;
        (bool, ulong) bestRank = default;
        for (int i = 0; i < map.Nodes.Count; i++)
        {
            ushort node = map.Nodes[i].Id;
            if (map.Nodes[i].State != NodeState.Normal || !shard.View.IsUp(node) || IsOwner(map, partition, node) || used.Contains(node) || HasRefused(node, target))
                continue;
            (bool IsRemote, ulong Rank) rank = (!Counts(map, node, target), FallbackOrder.Rank(partition, node));
            if (best != None && rank.CompareTo(bestRank) >= 0)
                continue;
            best = node;
            bestRank = rank;
        }
        return best;
    }

    /// <summary>Replicas of a partition that are down and for which a hint could count.</summary>
    public ReplicaSet Hintable(ClusterMap map, int partition)
    {
        Span<ushort> used = stackalloc ushort[ReplicaSet.ReplicasMax];
        used.Fill(NoNode);
        ReplicaSet hintable = ReplicaSet.Empty;
        ReadOnlySpan<ushort> replicas = map.MembersOf(partition);
        for (int replica = 0; replica < replicas.Length; replica++)
        {
            int fallback = shard.View.IsUp(replicas[replica]) ? None : Choose(map, partition, replicas[replica], used);
            if (fallback == None)
                continue;
            used[replica] = (ushort)fallback;
            if (Counts(map, (ushort)fallback, replicas[replica]))
                hintable = hintable.With(replica);
        }
        return hintable;
    }

    /// <summary>A hint stands in for its target in the target's data centre only: else EACH_QUORUM would be met with all copies in one.</summary>
    public static bool Counts(ClusterMap map, ushort fallback, ushort target) => map.DataCentreOf(fallback) == map.DataCentreOf(target);

    /// <summary>A fallback takes no hints for a target now: its budget is spent, its disk full, or the target away for too long.</summary>
    public void OnRefused(ushort fallback, ushort target)
    {
        if (_refusedUntil.Count >= RefusalsMax)
            _refusedUntil.Clear();
        _refusedUntil[(fallback, target)] = shard.Deadline(shard.Options.HintRefusalMs);
    }

    private static bool IsOwner(ClusterMap map, int partition, ushort node) =>
        map.MembersOf(partition).Contains(node) || map.PendingOf(partition).Contains(node);

    private bool HasRefused(ushort node, ushort target) =>
        _refusedUntil.Count > 0 && _refusedUntil.TryGetValue((node, target), out long until) && shard.Now.MonotonicMicros < until;
}
