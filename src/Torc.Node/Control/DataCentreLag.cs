namespace Torc.Node.Control;

/// <summary>How far one other data centre is behind what a node coordinated.</summary>
/// <param name="DataCentre">Its name.</param>
/// <param name="BehindMicros">Age of the oldest write that one of its replicas was to have and has not answered; 0 when there is none.</param>
/// <param name="HintBytes">Bytes of writes that the node keeps for replicas there.</param>
public sealed record DataCentreLag(string DataCentre, long BehindMicros, long HintBytes)
{
    /// <summary>One for each data centre but the node's own, in the order of their names; none when there is only one.</summary>
    /// <param name="view">The node's.</param>
    /// <param name="behindMicros">By node id: see <c>Shard.CollectRemoteLags</c>.</param>
    /// <param name="hintBytes">By node id.</param>
    public static IReadOnlyList<DataCentreLag> Of(ClusterView view, IReadOnlyDictionary<ushort, long> behindMicros, IReadOnlyDictionary<ushort, long> hintBytes)
    {
        if (view.Map is not { } map || map.NodeOf(view.Self) is not { } self)
            return [];
        return [.. map.Nodes.Where(node => node.DataCentre != self.DataCentre)
            .GroupBy(node => node.DataCentre)
            .OrderBy(centre => centre.Key, StringComparer.Ordinal)
            .Select(centre => new DataCentreLag(
                centre.Key, centre.Max(node => behindMicros.GetValueOrDefault(node.Id)), centre.Sum(node => hintBytes.GetValueOrDefault(node.Id))))];
    }
}
